import { describe, expect, it } from 'vitest';
import type { FormatName } from '../../src/formats/format.ts';
import { CASE_CONTEXT } from '../../src/mapping/cases.ts';
import { type ElementLineage, explain, formatLineage, selectElements } from '../../src/mapping/explain.ts';
import { mustLoad, parseText } from './support.ts';

const CODES = {
  'c.csv': 'source,target_system,target_code,target_display,equivalence,note\nF,urn:s,female,Female,equal,\n',
};

/** A mapping in with one entry, whose resource is a Basic with these members. */
function inMapping(members: string, head = '', format: FormatName = 'json'): string {
  const indented = members.trim().replaceAll(/^/gm, '      ');
  return `mapping: 1\ndirection: in\ninput: { format: ${format} }\n${head}entries:
  - name: one
    write: replace
    identifier: { system: urn:x, value: "{{ ${format === 'hl7v2' ? 'MSH.10.1' : 'id'} }}" }
    resource:
      resourceType: Basic
${indented}
`;
}

/** Of each element: the fields it came from, and the line of the mapping. */
function lineageOf(yaml: string, text: string, format: FormatName = 'json'): Record<string, string> {
  return wordsOf(explain(mustLoad(yaml, CODES), parseText(format, text), CASE_CONTEXT));
}

function wordsOf(lineage: readonly ElementLineage[]): Record<string, string> {
  return Object.fromEntries(
    lineage.map(({ element, sources, given, mapping, via }) => [
      element,
      [
        [...sources.map(({ at }) => at), ...given].join(' '),
        mapping.split(':').at(-2),
        ...via.map(({ name, mapping: place }) => `%${name}:${place.split(':').at(-2)}`),
      ].join(' '),
    ]),
  );
}

describe('lineage', () => {
  it('of a value is the field its expression read, not the way there', () => {
    const yaml = inMapping('code: { text: "{{ person.name.family }}" }');
    expect(lineageOf(yaml, '{"id":"1","person":{"name":{"family":"A","given":"B"}}}')).toEqual({
      'Basic.resourceType': ' 9',
      'Basic.identifier[0].system': ' 7',
      'Basic.identifier[0].value': '$.id 7',
      'Basic.code.text': '$.person.name.family 10',
    });
  });

  it('of a text with holes is what all its holes read', () => {
    const found = lineageOf(inMapping('code: { text: "{{ a }} and {{ b.c }}" }'), '{"id":"1","a":"x","b":{"c":"y"}}');
    expect(found['Basic.code.text']).toBe('$.a $.b.c 10');
  });

  it('of a constant is its line alone', () => {
    const found = explain(mustLoad(inMapping('code: { text: fixed }')), parseText('json', '{"id":"1"}'), CASE_CONTEXT);
    const [one] = selectElements(found, 'Basic.code');
    expect(one).toMatchObject({ element: 'Basic.code.text', sources: [], constant: true });
    expect(one === undefined ? '' : formatLineage(one)).toBe(
      'Basic.code.text ← constant ← mappings/a/b/mapping.yaml:10:21',
    );
  });

  it('of items of a list are the items they were read from', () => {
    const yaml = inMapping(
      'extension:\n  - "{% for n in notes %}":\n      url: urn:n\n      valueString: "{{ %n.text }}"',
    );
    const found = lineageOf(yaml, '{"id":"1","notes":[{"text":"a"},{"text":""},{"text":"c"}]}');
    expect(found).toMatchObject({
      'Basic.extension[0].valueString': '$.notes[0].text 13',
      'Basic.extension[2].valueString': '$.notes[2].text 13',
    });
  });

  it('of a list that is joined from several leaves tells them apart', () => {
    const yaml = inMapping('code:\n  coding: [{ code: "{{ a }}" }, { code: "{{ b }}" }]\n  text: x');
    const found = lineageOf(yaml, '{"id":"1","a":"x","b":"y"}');
    expect(found).toMatchObject({ 'Basic.code.coding[0].code': '$.a 11', 'Basic.code.coding[1].code': '$.b 11' });
  });

  it('of plain texts in a loop or a list hole is the very item, though two are alike', () => {
    const yaml = (items: string) =>
      inMapping(`meta: { tag: [{ code: x }] }\nextension:\n  - url: u\n    valueHumanName: { given: ${items} }`);
    const text = '{"id":"1","words":["same","same","other"]}';
    const loop = lineageOf(yaml('[{ "{% for w in words %}": "{{ %w }}" }]'), text);
    const hole = lineageOf(yaml('"{[ words ]}"'), text);
    for (const found of [loop, hole]) {
      expect([0, 1, 2].map((index) => found[`Basic.extension[0].valueHumanName.given[${index}]`])).toEqual([
        '$.words[0] 13',
        '$.words[1] 13',
        '$.words[2] 13',
      ]);
    }
  });

  it('goes through assignments to the field they read, and names them', () => {
    const yaml = inMapping(
      'code: { text: "{{ %number }}" }',
      'assign:\n  - raw: "{{ patient.nhs }}"\n  - number: "{{ %raw.nhsNumber() }}"\n',
    );
    const found = lineageOf(yaml, '{"id":"1","patient":{"nhs":"999 000 0018"}}');
    expect(found['Basic.code.text']).toBe('$.patient.nhs 13 %number:6 %raw:5');
  });

  it('of a part of an assigned object is that part, in the message or in the mapping', () => {
    const yaml = inMapping(
      'code: { text: "{{ %p.name }}" }\nlanguage: "{{ %made.b }}"',
      'assign:\n  - p: "{{ person }}"\n  - made: { a: "{{ x }}", b: "{{ y }}" }\n',
    );
    const found = lineageOf(yaml, '{"id":"1","x":"1","y":"2","person":{"name":"A","born":"B"}}');
    expect(found['Basic.code.text']).toBe('$.person.name 13 %p:5');
    expect(found['Basic.language']).toBe('$.y 14 %made:6');
  });

  it('of an assignment in a loop is that of its own round, also when entries are rendered after all are named', () => {
    const yaml = `mapping: 1
direction: in
input: { format: json }
entries:
  - "{% for row in rows %}":
      "{% assign %}": [{ made: "{{ %row.v.upper() }}" }]
      "{% if true %}":
        name: "b-{{ %row.id }}"
        write: replace
        identifier: { system: urn:x, value: "{{ %row.id }}" }
        resource: { resourceType: Basic, code: { text: "{{ %made }}" } }
`;
    const text = '{"rows":[{"id":"1","v":"a"},{"id":"2","v":"b"}]}';
    const found = explain(mustLoad(yaml), parseText('json', text), CASE_CONTEXT);
    const texts = selectElements(found, 'Basic.code.text');
    expect(texts.map(({ sources }) => sources.map(({ at }) => at))).toEqual([['$.rows[0].v'], ['$.rows[1].v']]);
  });

  it('of a code from a code map is the field that was looked up', () => {
    const head = 'codes: { sex: c.csv }\n';
    const yaml = inMapping(`code: { coding: ["{{ sex.translate('sex', 'error') }}"] }`, head);
    const found = lineageOf(yaml, '{"id":"1","sex":"F"}');
    for (const part of ['system', 'code', 'display']) expect(found[`Basic.code.coding[0].${part}`]).toBe('$.sex 11');
  });

  it('of an object that is copied whole is member for member, past what the copy leaves out', () => {
    const yaml = inMapping('extension:\n  - url: u\n    valueAddress: "{{ address }}"');
    const text = '{"id":"1","address":{"line":["","a","","b"],"city":"c"}}';
    expect(lineageOf(yaml, text)).toMatchObject({
      'Basic.extension[0].valueAddress.line[0]': '$.address.line[1] 12',
      'Basic.extension[0].valueAddress.line[1]': '$.address.line[3] 12',
      'Basic.extension[0].valueAddress.city': '$.address.city 12',
    });
  });

  it('goes through merge, if and else', () => {
    const yaml = inMapping(
      'code:\n  "{% merge %}":\n    - { text: "{{ a }}" }\n    - "{% if b = \'y\' %}": { text: "{{ c }}" }\n      "{% else %}": { id: "{{ d }}" }',
    );
    const found = (b: string) => lineageOf(yaml, `{"id":"1","a":"A","b":"${b}","c":"C","d":"D"}`);
    expect(found('y')['Basic.code.text']).toBe('$.c 13');
    expect(found('n')).toMatchObject({ 'Basic.code.text': '$.a 12', 'Basic.code.id': '$.d 14' });
  });

  it('of a reference is the identifier of what it refers to, though that stands below', () => {
    const yaml = `mapping: 1
direction: in
input: { format: json }
entries:
  - name: one
    write: replace
    identifier: { system: urn:x, value: "{{ id }}" }
    resource: { resourceType: Basic, code: { text: t }, subject: "{{ ref('p') }}" }
  - name: p
    write: replace
    identifier: { system: urn:p, value: "{{ person.number }}" }
    resource: { resourceType: Patient }
`;
    const found = lineageOf(yaml, '{"id":"1","person":{"number":"7"}}');
    expect(found['Basic.subject.reference']).toBe('$.person.number 8');
    expect(found['Patient.identifier[0].value']).toBe('$.person.number 11');
  });

  it('says what no message gave: the id of the message, the partner', () => {
    const found = lineageOf(inMapping('code: { text: "{{ %partner.title }} {{ %messageId }}" }'), '{"id":"1"}');
    expect(found['Basic.code.text']).toBe('%partner %messageId 10');
  });

  it('is in the words of HL7 v2', () => {
    const text = 'MSH|^~\\&|A|B|C|D|20260302||ADT^A01|77|P|2.4\rPID|1||1^^^X~2^^^NHS||Booth^Ada||19410503\r';
    const yaml = inMapping('code: { text: "{{ PID.3.where($this.4 = \'NHS\').1 }}" }', '', 'hl7v2');
    const found = lineageOf(yaml, text, 'hl7v2');
    expect(found['Basic.identifier[0].value']).toBe('MSH-10.1 7');
    expect(found['Basic.code.text']).toBe('PID-3.4 PID-3[2].4 PID-3[2].1 10');
  });

  it('out of FHIR is from an element of the payload to those of the resources', () => {
    const yaml = `mapping: 1
direction: out
output: { format: json }
assign:
  - patient: "{{ subject.resolve() }}"
body:
  who: "{{ %patient.name.family }}"
  when: { date: "{{ authoredOn.formatDate('dd/MM/yyyy') }}" }
  kinds: "{[ category.coding.code ]}"
`;
    const bundle = {
      resourceType: 'Bundle',
      entry: [
        {
          resource: {
            resourceType: 'ServiceRequest',
            subject: { reference: 'Patient/p' },
            authoredOn: '2026-01-02',
            category: [{ coding: [{ code: 'a' }] }, { coding: [{ code: 'b' }] }],
          },
        },
        { resource: { resourceType: 'Patient', id: 'p', name: [{ family: 'Booth' }] } },
      ],
    };
    const found = wordsOf(explain(mustLoad(yaml), parseText('fhir', JSON.stringify(bundle)), CASE_CONTEXT));
    expect(found).toEqual({
      '$.who': '$.entry[1].resource.name[0].family 7 %patient:5',
      '$.when.date': '$.entry[0].resource.authoredOn 8',
      '$.kinds[0]': '$.entry[0].resource.category[0].coding[0].code $.entry[0].resource.category[1].coding[0].code 9',
      '$.kinds[1]': '$.entry[0].resource.category[0].coding[0].code $.entry[0].resource.category[1].coding[0].code 9',
    });
  });

  it('is chosen by element, with or without the numbers of list items', () => {
    const lineage = explain(
      mustLoad(inMapping('code: { coding: [{ code: a }, { code: b }], text: t }')),
      parseText('json', '{"id":"1"}'),
      CASE_CONTEXT,
    );
    const chosen = (wanted: string) => selectElements(lineage, wanted).map(({ element }) => element);
    expect(chosen('Basic.code.coding.code')).toEqual(['Basic.code.coding[0].code', 'Basic.code.coding[1].code']);
    expect(chosen('Basic.code.coding[1]')).toEqual(['Basic.code.coding[1].code']);
    expect(chosen('Basic.cod')).toEqual([]);
  });

  it('of a refused message is none', () => {
    const yaml = inMapping('code: { text: "{{ a.nhsNumber() }}" }');
    expect(explain(mustLoad(yaml), parseText('json', '{"id":"1","a":"x"}'), CASE_CONTEXT)).toEqual([]);
  });
});
