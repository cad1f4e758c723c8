import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runTest } from '../../src/cli/test.ts';
import { listCases } from '../../src/mapping/cases.ts';
import { measureCoverage } from '../../src/mapping/coverage.ts';
import { loadWithParts } from '../../src/mapping/load-mapping.ts';
import { run } from './run-command.ts';
import { mappingsFolder } from './support.ts';

const YAML = `mapping: 1
direction: in
input: { format: json, schema: source.schema.json }
refuse:
  - when: "{{ kind = 'other' }}"
    text: Not for us.
assign:
  - spare: "{{ spare }}"
entries:
  - name: p
    write: replace
    identifier: { system: urn:x, value: "{{ id }}" }
    resource:
      resourceType: Patient
      birthDate: "{{ born }}"
      gender:
        "{% if sex = 'F' %}": female
        "{% else %}": unknown
      name:
        - "{% for n in names %}":
            text: "{{ %n }} {{ %spare }}"
`;
const SCHEMA = '{ "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"] }';

function coverageOf(inputs: readonly object[]) {
  const cases = Object.fromEntries(inputs.map((one, index) => [`a/b/cases/0${index}/input.json`, JSON.stringify(one)]));
  const root = mappingsFolder({ 'a/b/mapping.yaml': YAML, 'a/b/source.schema.json': SCHEMA, ...cases });
  const loaded = loadWithParts(root, 'a/b');
  if (!loaded.ok) throw new Error('The mapping loads.');
  const { total, reached, missed } = measureCoverage(loaded.value, listCases(root, 'a/b'));
  return {
    total,
    reached,
    missed: missed.map(({ mapping, text }) => `${mapping.split(':').at(-2)} ${text.split(' ').slice(0, 3).join(' ')}`),
  };
}

// refuse true and false, spare, system, value, resourceType, birthDate, if true and false, female, unknown, loop, text
const TOTAL = 14;

describe('coverage', () => {
  it('counts a leaf that found a value, and each outcome of a condition', () => {
    expect(coverageOf([{ id: '1', sex: 'F' }])).toEqual({
      total: TOTAL,
      reached: 7,
      missed: [
        '5 In no case',
        '8 No case gives',
        '15 No case gives',
        '17 In no case',
        '18 No case gives',
        '20 No case goes',
        '21 No case gives',
      ],
    });
  });

  it('is complete where the cases are', () => {
    const full = { id: '1', sex: 'F', spare: 's', born: '1941', names: ['a'] };
    expect(coverageOf([full, { id: '2' }, { id: '3', kind: 'other' }])).toEqual({
      total: TOTAL,
      reached: TOTAL,
      missed: [],
    });
  });

  it('counts nothing of a message that the schema refuses before the map', () => {
    expect(coverageOf([{ sex: 'F' }]).reached).toBe(0);
  });

  it('is printed with a percentage for each mapping and for all', async () => {
    const root = mappingsFolder({
      'a/b/mapping.yaml': YAML,
      'a/b/source.schema.json': SCHEMA,
      'a/b/cases/01/input.json': '{"id":"1","sex":"F"}',
    });
    await run(runTest, ['--update', '--mappings', root]);
    const { code, out } = await run(runTest, ['--coverage', '--mappings', root]);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'a/b: 50% covered, 7 of 14',
      '  mappings/a/b/mapping.yaml:5:15 In no case is this true.',
      expect.stringContaining('mapping.yaml:8:'),
      '  mappings/a/b/mapping.yaml:15:22 No case gives this a value.',
      expect.stringContaining('In no case is this false.'),
      '  mappings/a/b/mapping.yaml:18:23 No case gives this a value.',
      expect.stringContaining('No case goes round this loop.'),
      '  mappings/a/b/mapping.yaml:21:19 No case gives this a value.',
      '1 passed, 0 failed',
      '50% covered, 7 of 14',
      '',
    ]);
    const json = await run(runTest, ['--coverage', '--format', 'json', '--mappings', join(root)]);
    expect(JSON.parse(json.out)).toMatchObject({ passed: true, mappings: [{ coverage: { total: 14, reached: 7 } }] });
  });
});
