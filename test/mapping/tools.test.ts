import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runLint } from '../../src/cli/lint.ts';
import { runMap } from '../../src/cli/map.ts';
import { runTest } from '../../src/cli/test.ts';
import { run } from './run-command.ts';
import { mappingsFolder } from './support.ts';

const GOOD = `mapping: 1
direction: in
input: { format: json }
entries:
  - name: p
    write: replace
    identifier: { system: urn:x, value: "{{ id }}" }
    resource: { resourceType: Patient, birthDate: "{{ born.date('dd/MM/yyyy') }}" }
`;
const FILES = {
  'a/good/mapping.yaml': GOOD,
  'a/good/README.md': 'Quirks.',
  'a/good/cases/01-minimal/input.json': '{"id":"1","born":"03/05/1941","shoe":7}',
};

describe('ginnel map', () => {
  it('prints the result, the issues and the fields nobody read', async () => {
    const root = mappingsFolder(FILES);
    const file = join(root, 'a/good/cases/01-minimal/input.json');
    const { code, out, err } = await run(runMap, ['a/good', file, '--mappings', root]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      resourceType: 'Bundle',
      entry: [{ resource: { birthDate: '1941-05-03' } }],
    });
    expect(err).toBe('unread $.shoe (1:38)\n');
  });

  it('prints the same as one JSON value', async () => {
    const root = mappingsFolder(FILES);
    const file = join(root, 'a/good/cases/01-minimal/input.json');
    const { code, out, err } = await run(runMap, ['a/good', file, '--mappings', root, '--format', 'json']);
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({ result: { type: 'transaction' }, issues: [], unread: [{ at: '$.shoe' }] });
  });

  it('ends with 1 for a refused message and says where', async () => {
    const root = mappingsFolder({ ...FILES, 'input.json': '{\n"id":"1",\n"born":"31/02/1941"}' });
    const { code, out, err } = await run(runMap, ['a/good', join(root, 'input.json'), '--mappings', root]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^error date-invalid at \$\.born \(3:\d+\): .* \[mappings\/a\/good\/mapping\.yaml:8:55\]\n$/);
  });

  it('ends with 2 when it is called wrongly', async () => {
    expect((await run(runMap, ['a/good'])).code).toBe(2);
    expect((await run(runMap, ['a/good', 'x', '--format', 'xml'])).code).toBe(2);
    await expect(run(runMap, ['a/good', 'no-such-file'])).rejects.toThrow(/no file/);
  });

  it('explains every element of the result in place of it, by entry', async () => {
    const root = mappingsFolder(FILES);
    const file = join(root, 'a/good/cases/01-minimal/input.json');
    const { code, out, err } = await run(runMap, ['a/good', file, '--mappings', root, '--explain']);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'p',
      '  Patient.resourceType ← constant ← mappings/a/good/mapping.yaml:8:31',
      '  Patient.identifier[0].system ← constant ← mappings/a/good/mapping.yaml:7:27',
      '  Patient.identifier[0].value ← $.id (1:7) ← mappings/a/good/mapping.yaml:7:45',
      '  Patient.birthDate ← $.born (1:18) ← mappings/a/good/mapping.yaml:8:55',
      '',
    ]);
    expect(err).toBe('unread $.shoe (1:38)\n');
  });

  it('says how an element is written where it is taken for a file', async () => {
    const root = mappingsFolder(FILES);
    const { code, err } = await run(runMap, ['a/good', 'm.json', '--mappings', root, '--explain', 'code.text']);
    expect(code).toBe(2);
    expect(err).toContain('Patient.name, $.rows[0]');
  });

  it('explains one element, wherever the option stands', async () => {
    const root = mappingsFolder(FILES);
    const file = join(root, 'a/good/cases/01-minimal/input.json');
    const line = 'p\n  Patient.birthDate ← $.born (1:18) ← mappings/a/good/mapping.yaml:8:55\n';
    const asked = [
      ['--explain', 'Patient.birthDate', 'a/good', file],
      ['a/good', file, '--explain=Patient.birthDate'],
      ['a/good', '--explain', 'Patient.birthDate', file],
    ];
    for (const argv of asked) expect((await run(runMap, [...argv, '--mappings', root])).out).toBe(line);
    const absent = await run(runMap, ['a/good', file, '--explain', 'Patient.photo', '--mappings', root]);
    expect([absent.code, absent.out]).toEqual([1, '']);
    expect(absent.err).toContain('The result has no element Patient.photo.');
  });

  it('gives the lineage with the rest as one JSON value', async () => {
    const root = mappingsFolder(FILES);
    const file = join(root, 'a/good/cases/01-minimal/input.json');
    const { out } = await run(runMap, ['a/good', file, '--mappings', root, '--explain', '--format', 'json']);
    const { result, lineage } = JSON.parse(out) as { result: object; lineage: object[] };
    expect(result).toMatchObject({ type: 'transaction' });
    expect(lineage.at(-1)).toEqual({
      element: 'Patient.birthDate',
      entry: 'p',
      sources: [{ at: '$.born', line: 1, column: 18 }],
      given: [],
      mapping: 'mappings/a/good/mapping.yaml:8:55',
      via: [],
      constant: false,
    });
  });

  it('prints what a map out of FHIR sends', async () => {
    const root = mappingsFolder({
      'a/out/mapping.yaml':
        'mapping: 1\ndirection: out\noutput: { format: csv, columns: [id] }\nbody: { rows: [{ id: "{{ id }}" }] }\n',
      'input.json': '{"resourceType":"Patient","id":"p1"}',
    });
    const { code, out } = await run(runMap, ['a/out', join(root, 'input.json'), '--mappings', root]);
    expect([code, out.split(/\r?\n/).slice(0, 2)]).toEqual([0, ['id', 'p1']]);
  });
});

describe('ginnel test', () => {
  it('writes expected results with --update, and passes then', async () => {
    const root = mappingsFolder(FILES);
    const before = await run(runTest, ['--mappings', root]);
    expect([before.code, before.out]).toEqual([
      1,
      'a/good 01-minimal\n  There is no expected file. Write it with --update.\n0 passed, 1 failed\n',
    ]);
    expect((await run(runTest, ['a/good', '--update', '--mappings', root])).code).toBe(0);
    expect(await run(runTest, ['a', '--mappings', root])).toEqual({ code: 0, out: '1 passed, 0 failed\n', err: '' });
  });

  it('fails where there is no case, and where a mapping does not load', async () => {
    const none = mappingsFolder({ 'a/good/mapping.yaml': GOOD });
    expect(await run(runTest, ['--mappings', none])).toEqual({
      code: 1,
      out: 'a/good: no cases, so nothing shows that it is right\n',
      err: 'There are no cases to run.\n',
    });
    const broken = mappingsFolder({ ...FILES, 'a/good/mapping.yaml': GOOD.replace('born.date', 'born.dat') });
    const { code, out } = await run(runTest, ['--mappings', broken]);
    expect(code).toBe(1);
    expect(out).toContain('fhirpath-unknown-function');
  });

  it('fails for the one mapping that has no case, though others have some', async () => {
    const root = mappingsFolder({ ...FILES, 'a/untested/mapping.yaml': GOOD });
    expect((await run(runTest, ['a/good', '--update', '--mappings', root])).code).toBe(0);
    expect(await run(runTest, ['a/untested', '--mappings', root])).toMatchObject({ code: 1 });
    expect(await run(runTest, ['a', '--mappings', root])).toEqual({
      code: 1,
      out: 'a/untested: no cases, so nothing shows that it is right\n1 passed, 0 failed\n',
      err: '',
    });
    const json = await run(runTest, ['a', '--mappings', root, '--format', 'json']);
    expect([json.code, JSON.parse(json.out)]).toMatchObject([1, { passed: false }]);
  });

  it('checks FHIR that is sent to a partner as it checks what is stored, so that no golden is wrong', async () => {
    const yaml = (gender: string) =>
      `mapping: 1\ndirection: out\noutput: { format: fhir }\nbody: { resourceType: Patient, gender: "${gender}" }\n`;
    const files = { 'a/out/cases/01/input.json': '{"resourceType":"Patient","gender":"woman"}' };
    const test = async (gender: string) => {
      const root = mappingsFolder({ ...files, 'a/out/mapping.yaml': yaml(gender) });
      await run(runTest, ['--update', '--mappings', root]);
      return run(runTest, ['--mappings', root]);
    };
    expect((await test('female')).code).toBe(0);
    const { code, out } = await test('{{ gender }}');
    expect([code, out]).toEqual([1, expect.stringContaining('error code-invalid at Patient.gender')]);
  });

  it('names a folder that holds no mapping', async () => {
    await expect(run(runTest, ['nowhere', '--mappings', mappingsFolder(FILES)])).rejects.toThrow(/no mapping nowhere/);
  });
});

describe('ginnel lint', () => {
  it('finds what is declared in vain, by file, line and column', async () => {
    const yaml = GOOD.replace(
      'entries:',
      "codes: { used: c.csv, unused: c.csv }\nassign:\n  - spare: 1\n  - needed: \"{{ sex.translate('used', 'keep').code }}\"\nentries:",
    ).replace('resourceType: Patient,', 'resourceType: Patient, gender: "{{ %needed }}",');
    const csv = 'source,target_system,target_code,target_display,equivalence,note\nF,urn:s,female,,equal,\n';
    const root = mappingsFolder({ 'a/b/mapping.yaml': yaml, 'a/b/c.csv': csv });
    const { code, out } = await run(runLint, ['--mappings', root]);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(': ')[0])).toEqual([
      'mappings/a/b/mapping.yaml:4:23 warning mapping-unused',
      'mappings/a/b/mapping.yaml:6:5 warning mapping-unused',
      'mappings/a/b/mapping.yaml:1:1 warning mapping-incomplete',
      'mappings/a/b/mapping.yaml:1:1 warning mapping-incomplete',
      '1 mappings',
      '',
    ]);
  });

  it('ends with 1 where a mapping cannot be used', async () => {
    const root = mappingsFolder({ ...FILES, 'a/bad/mapping.yaml': GOOD.replace('born.date', 'born.dat') });
    const { code, out } = await run(runLint, ['--mappings', root]);
    expect(code).toBe(1);
    expect(out).toContain('mappings/a/bad/mapping.yaml:8:60 error fhirpath-unknown-function: ');
    expect(out).toMatch(/2 mappings: 1 errors, \d+ warnings\.\n$/);
  });
});
