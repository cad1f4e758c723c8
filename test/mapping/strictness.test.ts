import { describe, expect, it } from 'vitest';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import { loadText, places } from './support.ts';

/** Codes and `line:column` of what a load finds. */
function findings(yaml: string, files: Record<string, string> = {}): string[] {
  const loaded = loadText(yaml, files);
  return loaded.issues.map(({ code, mapping }) => `${code} ${mapping?.replace('mappings/a/b/mapping.yaml:', '')}`);
}

const HEAD = 'mapping: 1\ndirection: in\ninput: { format: json }\n';
const ENTRY = `entries:
  - name: patient
    write: replace
    identifier: { system: urn:x, value: "{{ id }}" }
    resource: { resourceType: Patient, active: true }
`;

describe('a mapping is strict when it is loaded', () => {
  it('loads a good one without a finding', () => {
    expect(findings(HEAD + ENTRY)).toEqual([]);
  });

  it.each([
    ['an unknown function', 'a: "{{ id.§trimm() }}"', 'fhirpath-unknown-function'],
    ['an unknown function in a text with holes', 'a: "x {{ id.§trimm() }}"', 'fhirpath-unknown-function'],
    ['an unknown variable', 'a: "{{ §%nobody }}"', 'fhirpath-unknown-variable'],
    ['trailing text', 'a: "{{ id §id }}"', 'fhirpath-syntax'],
    ['a hole that is not closed', 'a: "§{{ id"', 'mapping-syntax'],
    ['a hole that is not opened', 'a: "id §}}"', 'mapping-syntax'],
    ['a directive as a value', 'a: "§{% if x %}"', 'mapping-syntax'],
    ['a list inside a text', 'a: §"x {[ id ]}"', 'mapping-syntax'],
    ['a null that is kept', 'a: "§{{+ id +}}"', 'mapping-syntax'],
    ['a needed value that is assigned', 'a: §"{{! id }}"', 'mapping-syntax'],
    ['a needed value as a key', 'a: { §"{{! id }}": 1 }', 'mapping-syntax'],
    ['a needed value directly under a directive', 'a: { b: 1, "{% if id %}": §"{{! id }}" }', 'mapping-syntax'],
    ['a directive that is none', 'a: { §"{% when x %}": 1 }', 'mapping-syntax'],
    ['an else without an if', 'a: { §"{% else %}": 1 }', 'mapping-syntax'],
    ['a directive that is not closed', 'a: { §"{% if x": 1 }', 'mapping-syntax'],
    ['a loop without a list', 'a: { §"{% for x %}": 1 }', 'mapping-syntax'],
    ['a number that YAML rewrites', 'a: §007', 'mapping-syntax'],
    ['a member named __proto__', 'a: { §__proto__: 1 }', 'mapping-syntax'],
    ['a loop variable that hides another', 'x: 1, y: [{ §"{% for x in a %}": 1 }]', 'mapping-syntax'],
    ['a loop beside other members', 'y: { §"{% for x in a %}": 1, b: 2 }', 'mapping-syntax'],
    ['an assign after its use', 'y: { b: 1, §"{% assign %}": [{ z: 1 }] }', 'mapping-syntax'],
    ['a name that the standard has taken', '§context: 1', 'mapping-syntax'],
    ['a name that is given', '§partner: 1', 'mapping-syntax'],
    ['a name that is no name', '§"a b": 1', 'mapping-syntax'],
  ])('refuses %s', (_what, member, code) => {
    expectAt(`${HEAD}assign: { ${member} }\n${ENTRY}`, code);
  });

  it.each([
    ['a mark that is neither true nor false', '{ format: csv, bom: §yes please }'],
    ['a byte order mark in another encoding', '{ format: csv, encoding: windows-1252, bom: §true }'],
    ['a byte order mark before what is not CSV', '{ format: json, bom: §true }'],
    ['a byte order mark of what comes in', undefined],
  ])('refuses %s', (_what, output) => {
    if (output === undefined) {
      expectAt(`mapping: 1\ndirection: in\ninput: { format: csv, §bom: true }\n${ENTRY}`, 'mapping-syntax');
    } else expectAt(`mapping: 1\ndirection: out\noutput: ${output}\nbody: { a: 1 }\n`, 'mapping-syntax');
  });

  it('places are exact in folded texts, over several lines and after escapes', () => {
    const yaml = `${HEAD}assign:
  - a: >-
      {{
        iif(id.exists(),
          id.trimm(),
          'two
          words')
      }}
  - b: 'it''s {{ id.trimm() }}'
  - c: "tab\\t{{ id.trimm() }}"
  - d:
      plain {{ id }}
      and {{ id.trimm() }}
${ENTRY}`;
    const lines = yaml.split('\n');
    for (const finding of findings(yaml)) {
      const [, place = ''] = finding.split(' ');
      const [line = 0, column = 0] = place.split(':').map(Number);
      expect(lines[line - 1]?.slice(column - 1), finding).toMatch(/^trimm\(\)/);
    }
    expect(findings(yaml)).toHaveLength(4);
  });

  it.each([
    ['anchors and aliases', `x: &a 1\ny: *a\n`],
    ['tags', 'x: !!str 1\n'],
    ['merge keys', 'x: { <<: { a: 1 } }\n'],
    ['keys that stand twice', 'x: 1\nx: 2\n'],
    ['keys that are not text', '? [a]\n: 1\n'],
    ['what is not YAML', 'x: [1\n'],
  ])('refuses %s in YAML, with a place', (_what, extra) => {
    const found = loadText(HEAD + extra + ENTRY);
    expect(found.ok).toBe(false);
    for (const { code, mapping } of found.issues) {
      expect(code).toBe('mapping-syntax');
      expect(mapping).toMatch(/^mappings\/a\/b\/mapping\.yaml:\d+:\d+$/);
    }
  });

  it.each([
    ['a key that does not exist', `${HEAD}§colour: red\n${ENTRY}`, 'mapping-syntax'],
    ['an output in a mapping in', `${HEAD}output: §{ format: json }\n${ENTRY}`, 'mapping-syntax'],
    ['no entries', `§${HEAD}`, 'mapping-syntax'],
    ['a format that does not exist', `mapping: 1\ndirection: in\ninput: §{ format: yaml }\n${ENTRY}`, 'mapping-syntax'],
    ['another version', `mapping: §2\ndirection: in\ninput: { format: json }\n${ENTRY}`, 'mapping-syntax'],
    ['no direction', `§mapping: 1\ninput: { format: json }\n${ENTRY}`, 'mapping-syntax'],
    [
      'a refusal with a hole in its text',
      `${HEAD}refuse: [§{ when: "{{ a }}", text: "no {{ a }}" }]\n${ENTRY}`,
      'mapping-syntax',
    ],
    ['an entry key that does not exist', `${HEAD}${ENTRY}    §colour: red\n`, 'mapping-syntax'],
    ['an unknown way to write', `${HEAD}${ENTRY.replace('replace', '§upsert')}`, 'mapping-syntax'],
    ['a needed value as an identifier', `${HEAD}${ENTRY.replace('"{{ id }}"', '§"{{! id }}"')}`, 'mapping-syntax'],
    ['union without merge', `${HEAD}${ENTRY}    union: §[name]\n`, 'mapping-syntax'],
    [
      'an entry that can have no identifier',
      `${HEAD}${ENTRY.replace('name:', '§name:').replace('Patient', 'Provenance')}`,
      'mapping-syntax',
    ],
    [
      'a name that ref() does not find',
      `${HEAD}${ENTRY.replace('active: true', 'a: "{{ ref(§\'gp\') }}"')}`,
      'fhirpath-arguments',
    ],
    [
      'a schema that is not there',
      `mapping: 1\ndirection: in\ninput: { format: json, schema: §s.json }\n${ENTRY}`,
      'mapping-missing-file',
    ],
    ['a code map that is not there', `${HEAD}codes: { §urgency: codes/urgency.csv }\n${ENTRY}`, 'mapping-missing-file'],
    [
      'a file outside the mappings',
      `${HEAD}codes: { §urgency: ../../../urgency.csv }\n${ENTRY}`,
      'mapping-missing-file',
    ],
  ])('refuses %s', (_what, yaml, code) => {
    expectAt(yaml, code);
  });

  it('accepts a computed name that a name with holes can become', () => {
    const yaml = `${HEAD}entries:
  - "{% for i, n in needs %}":
      name: "need-{{ %i }}"
      write: create
      identifier: { system: urn:x, value: "{{ %n.id }}" }
      resource: { resourceType: Condition, subject: "{{ ref('need-0') }}" }
`;
    expect(findings(yaml)).toEqual([]);
    expectAt(yaml.replace("ref('need-0')", "ref(§'goal-0')"), 'fhirpath-arguments');
  });

  it('tells all mistakes of one load', () => {
    const yaml = `${HEAD}assign:\n  - a: "{{ x.foo() }}"\n  - b: "{{ %c }}"\n${ENTRY.replace('active: true', 'a: "{{ bar( }}"')}`;
    expect(findings(yaml).map((one) => one.split(' ')[0])).toEqual([
      'fhirpath-unknown-function',
      'fhirpath-unknown-variable',
      'fhirpath-syntax',
    ]);
  });

  it('finds the mistakes of a code map by file and line', () => {
    const csv = [
      'source,target_system,target_code,target_display,equivalence,note',
      'a,http://snomed.info/sct,306167008,Fine,equivalent,',
      'b,http://snomed.info/sct,306167009,Check digit,equivalent,',
      'a,urn:x,1,Twice,equivalent,',
      'c,urn:x,1,No such word,same,',
      'd,urn:x,,No code,equivalent,',
      'e,urn:x,1,Code after all,unmatched,',
      ',urn:x,1,No source,equal,',
    ].join('\n');
    const loaded = loadText(`${HEAD}codes: { m: codes/m.csv }\n${ENTRY}`, { 'codes/m.csv': csv });
    expect(places(loaded.issues)).toEqual(
      [3, 4, 5, 6, 7, 8].map((line) => ['codes-invalid', undefined, `mappings/a/b/codes/m.csv:${line}:1`]),
    );
  });

  it('finds a code map without its columns, and one that is not CSV', () => {
    const yaml = `${HEAD}codes: { m: m.csv }\n${ENTRY}`;
    expect(findings(yaml, { 'm.csv': 'source,code\na,b\n' })).toEqual(['codes-invalid mappings/a/b/m.csv:1:1']);
    expect(findings(yaml, { 'm.csv': 'source,"code\n' })[0]).toMatch(/^codes-invalid mappings\/a\/b\/m\.csv:\d+:1$/);
  });

  it('finds a schema that cannot be used', () => {
    const yaml = `mapping: 1\ndirection: in\ninput: { format: json, schema: s.json }\n${ENTRY}`;
    expect(findings(yaml, { 's.json': '{' })).toEqual(['mapping-syntax mappings/a/b/s.json:1:1']);
    expect(findings(yaml, { 's.json': '{ "typo": 1 }' })).toEqual(['mapping-syntax mappings/a/b/s.json:1:1']);
  });

  it.each(['../b', 'a/../b', 'A/b', 'a//b', ''])('a mapping is not named %s', (name) => {
    expect(loadMapping('/', name).issues.map(({ code }) => code)).toEqual(['mapping-missing-file']);
  });
});

/** Loads a text in which § marks the place of its one mistake. */
function expectAt(marked: string, code: string): void {
  const before = marked.slice(0, marked.indexOf('§')).split('\n');
  const place = `${before.length}:${(before.at(-1) ?? '').length + 1}`;
  expect(findings(marked.replace('§', ''))).toEqual([`${code} ${place}`]);
}
