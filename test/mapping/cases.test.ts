import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCheck } from '../../src/cli/mapping-tools.ts';
import { listCases, listMappings, runCase, updateCase } from '../../src/mapping/cases.ts';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import { mappingsFolder } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../../mappings');
const shipped = listMappings(ROOT);
const check = createCheck();

describe('the cases of the mappings that ship', () => {
  it('are there', () => {
    expect(shipped.length).toBeGreaterThan(0);
    expect(shipped.filter((name) => listCases(ROOT, name).length === 0)).toEqual([]);
  });

  describe.each(shipped)('%s', (name) => {
    const loaded = loadMapping(ROOT, name);

    it('loads', () => {
      expect(loaded.issues).toEqual([]);
    });

    it.each(listCases(ROOT, name).map((one) => [one.name, one] as const))('%s', (_name, one) => {
      if (!loaded.ok) throw new Error('The mapping does not load.');
      expect(runCase(loaded.value, one, check).differences).toEqual([]);
    });
  });
});

describe('a case', () => {
  const MAPPING = `mapping: 1
direction: in
input: { format: json }
entries:
  - name: p
    write: replace
    identifier: { system: urn:x, value: "{{ id }}" }
    resource: { resourceType: Patient, gender: "{{ sex }}", birthDate: "{{ born.date('dd/MM/yyyy') }}" }
`;
  const OUT = `mapping: 1
direction: out
output: { format: xml }
body: { patient: { "@sex": "{{ gender }}" } }
`;

  function fixture(input: string, mapping = MAPPING) {
    const root = mappingsFolder({ 'a/b/mapping.yaml': mapping, 'a/b/cases/01-one/input.json': input });
    const loaded = loadMapping(root, 'a/b');
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.issues));
    const again = () => {
      const [one] = listCases(root, 'a/b');
      if (one === undefined) throw new Error('There is no case.');
      return { one, result: runCase(loaded.value, one, check) };
    };
    return { folder: join(root, 'a/b/cases/01-one'), again };
  }

  it('without an expected file differs, and passes once it is written', () => {
    const { again } = fixture('{"id":"1","sex":"female"}');
    const { one, result } = again();
    expect(result.differences).toEqual(['There is no expected file. Write it with --update.']);
    updateCase(one, result);
    expect(again().result.differences).toEqual([]);
  });

  it('says by path where it differs', () => {
    const { folder, again } = fixture('{"id":"1","sex":"female"}');
    const { one, result } = again();
    updateCase(one, result);
    const text = String(result.actual.content).replace('female', 'male');
    writeFileSync(join(folder, 'expected.json'), text);
    expect(again().result.differences).toEqual(['$.entry[0].resource.gender: expected "male", got "female"']);
  });

  it('is refused by the map, by the format or by FHIR, with code and place', () => {
    const outcome = (input: string): unknown => JSON.parse(String(fixture(input).again().result.actual.content));
    expect(outcome('{"id":"1","born":"31/02/1941"}')).toEqual([{ code: 'date-invalid', at: '$.born' }]);
    expect(outcome('{"id":')).toEqual([{ code: 'json-syntax', at: expect.any(String) }]);
    expect(outcome('{"id":"1","sex":"F"}')).toEqual([{ code: 'code-invalid', expression: 'Patient.gender' }]);
  });

  it('that expects a result and is refused says why', () => {
    const { folder, again } = fixture('{"id":"1","born":"31/02/1941"}');
    writeFileSync(join(folder, 'expected.json'), '{}');
    expect(again().result.differences[0]).toMatch(/^Expected expected.json, got outcome.json.*date-invalid/);
  });

  it('out of FHIR is compared byte for byte', () => {
    const { folder, again } = fixture(
      '{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","gender":"male"}}]}',
      OUT,
    );
    const { one, result } = again();
    updateCase(one, result);
    expect(again().result.differences).toEqual([]);
    writeFileSync(join(folder, 'expected.xml'), `${Buffer.from(result.actual.content).toString('utf8')} `);
    expect(again().result.differences).toHaveLength(1);
  });

  it('without an input differs', () => {
    const root = mappingsFolder({ 'a/b/mapping.yaml': MAPPING });
    mkdirSync(join(root, 'a/b/cases/01-empty'), { recursive: true });
    const loaded = loadMapping(root, 'a/b');
    const [one] = listCases(root, 'a/b');
    if (!loaded.ok || one === undefined) throw new Error('It loads and has a case.');
    expect(runCase(loaded.value, one, check).differences).toEqual(['There is no input file.']);
  });
});
