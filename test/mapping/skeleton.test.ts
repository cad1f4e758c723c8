import { describe, expect, it } from 'vitest';
import { renderBody } from './support.ts';

const PATIENT = {
  resourceType: 'Patient',
  active: true,
  multipleBirthInteger: 2,
  name: [
    { use: 'official', family: 'Booth', given: ['Ada', 'May'] },
    { use: 'old', family: 'Crane' },
  ],
  address: [{ line: ['1 Mill Lane'], city: 'Wigan' }],
};

function body(text: string): unknown {
  return renderBody(text, PATIENT);
}

describe('the skeleton', () => {
  it('keeps constants as YAML types them', () => {
    expect(body('{ a: text, b: 1, c: 1.5, d: true, e: "1", f: "" }')).toEqual({
      a: 'text',
      b: 1,
      c: 1.5,
      d: true,
      e: '1',
      f: '',
    });
  });

  it('{{ }} is the one value, typed as it is', () => {
    expect(
      body('{ a: "{{ active }}", b: "{{ multipleBirth }}", c: "{{ name.first().family }}", d: "{{ address }}" }'),
    ).toEqual({
      a: true,
      b: 2,
      c: 'Booth',
      d: { line: ['1 Mill Lane'], city: 'Wigan' },
    });
  });

  it('a key whose value is empty is dropped, and so are objects and lists that become empty', () => {
    expect(
      body('{ a: 1, b: "{{ photo }}", c: { d: "{{ photo }}" }, e: ["{{ photo }}", { f: "{[ photo ]}" }], g: null }'),
    ).toEqual({
      a: 1,
    });
  });

  it('{{! }} drops its whole map where it finds nothing, constants and all; the mark may stand in lists and texts', () => {
    const home = '{ use: home, system: phone, value: "{{! photo.url }}", rank: 1 }';
    expect(body(`{ a: 1, b: ${home}, c: [${home}, kept] }`)).toEqual({ a: 1, c: ['kept'] });
    expect(body('{ b: { use: official, value: "{{! name.first().family }}" } }')).toEqual({
      b: { use: 'official', value: 'Booth' },
    });
    expect(body('{ a: 1, b: { use: home, line: ["x", "{{! photo.url }}"] } }')).toEqual({ a: 1 });
    expect(body('{ a: 1, b: { use: home, line: "{[! photo.url ]}" } }')).toEqual({ a: 1 });
    expect(body('{ a: 1, b: { use: home, text: "ward {{! photo.url }}" } }')).toEqual({ a: 1 });
    expect(body('{ a: 1, b: { use: home, "{{ id }}": "{{! photo.url }}", c: { d: "{{! photo.url }}" } } }')).toEqual({
      a: 1,
      b: { use: 'home' },
    });
  });

  it('a needed map in a loop and under a condition drops that map alone', () => {
    expect(
      body('a:\n  - "{% for n in name %}": { use: "{{ %n.use }}", first: "{{! %n.given.first() }}" }\nb: 1'),
    ).toEqual({ a: [{ use: 'official', first: 'Ada' }], b: 1 });
    expect(body('{ a: 1, "{% if active %}": { b: 2, c: "{{! photo.url }}" } }')).toEqual({ a: 1 });
  });

  it('an exclamation mark behind a hole is text, as in FPML', () => {
    expect(body('{ a: "{{ name.first().family }}!" }')).toEqual({ a: 'Booth!' });
  });

  it('{[ ]} is a list, spliced where it stands in one', () => {
    expect(body('{ a: "{[ name.given ]}", b: [first, "{[ name.family ]}", last], c: "{[ photo ]}" }')).toEqual({
      a: ['Ada', 'May'],
      b: ['first', 'Booth', 'Crane', 'last'],
    });
  });

  it('a list of one stays a list', () => {
    expect(body('{ a: "{[ address.city ]}", b: ["{{ address.city }}"] }')).toEqual({ a: ['Wigan'], b: ['Wigan'] });
  });

  it('text with holes is text, and is dropped when a hole is empty', () => {
    expect(
      body(
        '{ a: "{{ name[0].family }}, {{ name[0].given.first() }}", b: "no {{ photo }}", c: "{{ active }}/{{ multipleBirth }}" }',
      ),
    ).toEqual({ a: 'Booth, Ada', c: 'true/2' });
  });

  it('a hole may hold braces, quotes and a closing mark in a text', () => {
    expect(body(`{ a: "{{ '}}' & 'it\\\\'s {{' }}", b: "{{ iif(active, 'x', {}) }}", c: "{[ {} | 'y' ]}" }`)).toEqual({
      a: "}}it's {{",
      b: 'x',
      c: ['y'],
    });
  });

  it('{% if %} and {% else %} join their members with those beside them', () => {
    const text = (condition: string) => `
a: 1
"{% if ${condition} %}": { b: 2 }
"{% else %}": { c: 3 }
d: 4`;
    expect(body(text('active'))).toEqual({ a: 1, b: 2, d: 4 });
    expect(body(text('active.not()'))).toEqual({ a: 1, c: 3, d: 4 });
    expect(body(text('photo.exists()'))).toEqual({ a: 1, c: 3, d: 4 });
  });

  it('an empty condition is false', () => {
    expect(body('{ "{% if photo.title = \'x\' %}": { a: 1 }, "{% else %}": { b: 1 } }')).toEqual({ b: 1 });
  });

  it('an {% if %} alone in its map is what its branch is, also a text or a list', () => {
    expect(body('{ a: { "{% if active %}": yes, "{% else %}": no }, b: [{ "{% if active %}": [1, 2] }, 3] }')).toEqual({
      a: 'yes',
      b: [1, 2, 3],
    });
  });

  it('{% for %} repeats its body, with an index from 0 when asked for', () => {
    expect(
      body(`
a:
  - "{% for n in name %}": { family: "{{ %n.family }}" }
b:
  "{% for i, n in name %}": "{{ %i }}-{{ %n.use }}"
c:
  - "{% for n in photo %}": { never: 1 }`),
    ).toEqual({ a: [{ family: 'Booth' }, { family: 'Crane' }], b: ['0-official', '1-old'] });
  });

  it('the root stays the root inside a loop', () => {
    expect(body('[{ "{% for n in name %}": "{{ %n.family }} of {{ address.city }}" }]')).toEqual([
      'Booth of Wigan',
      'Crane of Wigan',
    ]);
  });

  it('loops nest, and the same name may serve two loops that stand side by side', () => {
    expect(
      body(`
a:
  - "{% for n in name %}":
      - "{% for g in %n.given %}": "{{ %g }} {{ %n.family }}"
b:
  - "{% for n in name.family %}": "{{ %n }}"`),
    ).toEqual({ a: ['Ada Booth', 'May Booth'], b: ['Booth', 'Crane'] });
  });

  it('{% assign %} names values for its map and what is in it, each using those before it', () => {
    expect(
      body(`
"{% assign %}":
  - family: "{{ name.first().family }}"
  - greeting: "Dear {{ %family }}"
  - givens: "{[ name.given ]}"
  - whole: { city: "{{ address.city }}" }
  - none: "{{ photo }}"
a: "{{ %greeting }}"
b: "{[ %givens ]}"
c: { d: "{{ %whole.city }}" }
e: "{{ %none }}"
f: "{{ %none.exists() }}"`),
    ).toEqual({ a: 'Dear Booth', b: ['Ada', 'May'], c: { d: 'Wigan' }, f: false });
  });

  it('{% merge %} joins objects, and later members win', () => {
    expect(
      body(`
a: { "{% merge %}": [{ x: 1, y: 1 }, "{{ address }}", { y: 2 }] }
b:
  line: replaced
  "{% merge %}": "{{ address }}"`),
    ).toEqual({
      a: { x: 1, y: 2, line: ['1 Mill Lane'], city: 'Wigan' },
      b: { line: ['1 Mill Lane'], city: 'Wigan' },
    });
  });

  it('keys are templates too, and a key that is empty is dropped', () => {
    expect(body('{ "{{ name[0].use }}": 1, "the {{ name[1].use }} one": 2, "{{ photo }}": 3 }')).toEqual({
      official: 1,
      'the old one': 2,
    });
  });

  it('lists inside lists are opened out', () => {
    expect(body('{ a: [[1, [2]], 3] }')).toEqual({ a: [1, 2, 3] });
  });

  it('what it yields are plain objects that share nothing with the message', () => {
    const source = Object.assign(Object.create(null) as object, PATIENT);
    const tree = renderBody('{ a: "{{ address }}" }', source) as { a: { line: string[] } };
    expect(Object.getPrototypeOf(tree.a)).toBe(Object.prototype);
    tree.a.line.push('changed');
    expect(PATIENT.address[0]?.line).toEqual(['1 Mill Lane']);
  });

  it('numbers and dates of FHIRPath become JSON', () => {
    expect(
      body(`{ a: "{{ 1.50 + 1 }}", b: "{{ @2026-03-02 + 1 day }}", c: "{{ today() }}", d: "{{ now() }}" }`),
    ).toEqual({
      a: 2.5,
      b: '2026-03-03',
      c: '2026-03-02',
      d: expect.stringMatching(/^2026-03-02T09:30:00/),
    });
  });
});
