import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runLint } from '../../src/cli/lint.ts';
import { runMap } from '../../src/cli/map.ts';
import { runNew } from '../../src/cli/new.ts';
import { runTest } from '../../src/cli/test.ts';
import { run } from './run-command.ts';
import { mappingsFolder } from './support.ts';

const SAMPLES: Readonly<
  Record<string, { readonly file: string; readonly text: string | Uint8Array; readonly unread: string[] }>
> = {
  json: {
    file: 'sample.json',
    text: '{"ref no":"R1","patient":{"nhsNumber":"999 000 0018","surname":"Booth","dob":"03/05/1941","in":"x"},"needs":[{"what":"a"},{"what":"b"}]}',
    unread: ['`ref no`', 'patient.`in`', 'needs.what'],
  },
  xml: {
    file: 'sample.xml',
    text: '<r id="7"><person><NHS>9990000026</NHS><Surname>Crane</Surname></person><need>a</need><need>b</need></r>',
    unread: ['r.`@id`', 'r.need'],
  },
  csv: {
    file: 'sample.csv',
    text: Buffer.from(
      'RowId,NHSNumber,Surname,Reason\n1,9990000018,Bront\u00eb,Falls\n2,9990000026,Crane,Stairs\n',
      'latin1',
    ),
    unread: ['%row.RowId', '%row.Reason'],
  },
  hl7v2: {
    file: 'sample.hl7',
    text: 'MSH|^~\\&|A|B|C|D|20260302||ADT^A01|77|P|2.4\rPID|1||9990000034^^^NHS||Dane^Eve||19410503\r',
    unread: [
      'MSH.3.1 MSH.4.1 MSH.5.1 MSH.6.1 MSH.7.1 MSH.9.1 MSH.9.2 MSH.10.1 MSH.11.1 MSH.12.1'.split(' '),
      'PID.1.1 PID.3.4'.split(' '),
    ].flat(),
  },
  fhir: {
    file: 'sample.fhir',
    text: '{"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:x","value":"7"}],"gender":"female"}}]}',
    unread: ['resourceType', 'type', 'entry.resource.id'],
  },
};

async function begin(format: string) {
  const sample = SAMPLES[format];
  if (sample === undefined) throw new Error('There is a sample of each format.');
  const root = mappingsFolder({ 'readme.txt': '' });
  const file = join(root, sample.file);
  writeFileSync(file, sample.text);
  const made = await run(runNew, [
    'mapping',
    `partner/from-${format}`,
    '--from',
    file,
    '--format',
    format,
    '--mappings',
    root,
  ]);
  return { root, file, sample, name: `partner/from-${format}`, made };
}

describe('ginnel new mapping', () => {
  it.each(Object.keys(SAMPLES))(
    'makes of a sample in %s a mapping that loads, lints clean and runs',
    async (format) => {
      const { root, file, name, sample, made } = await begin(format);
      expect([made.code, made.err]).toEqual([0, '']);
      expect(made.out).toContain(`${sample.unread.length} fields of the sample are not read yet`);
      const lint = await run(runLint, [name, '--mappings', root]);
      expect(lint.out).toBe('1 mappings: 0 errors, 0 warnings.\n');
      expect((await run(runTest, [name, '--mappings', root])).out).toBe('1 passed, 0 failed\n');
      const mapped = await run(runMap, [name, file, '--mappings', root]);
      expect(mapped.code).toBe(0);
      expect(JSON.parse(mapped.out)).toMatchObject({
        type: 'transaction',
        entry: [{ resource: { resourceType: 'Patient' } }, ...(format === 'csv' ? [{}] : [])],
      });
    },
  );

  it.each(Object.keys(SAMPLES))(
    'lists every field of a sample in %s that nothing reads, by its expression',
    async (format) => {
      const { root, name, sample } = await begin(format);
      const yaml = readFileSync(join(root, name, 'mapping.yaml'), 'utf8');
      const listed = yaml.split('\n').filter((line) => line.startsWith('#   '));
      expect(listed.map((line) => line.slice(4))).toEqual(sample.unread);
    },
  );

  it('puts no value of the sample into the mapping or the schema', async () => {
    const { root, name } = await begin('json');
    for (const file of ['mapping.yaml', 'source.schema.json', 'README.md']) {
      expect(readFileSync(join(root, name, file), 'utf8')).not.toMatch(/Booth|999|R1/);
    }
  });

  it('guesses the person by NHS number, names and the form of the date', async () => {
    const { root, file, name } = await begin('json');
    const { out } = await run(runMap, [name, file, '--mappings', root]);
    expect(JSON.parse(out).entry[0].resource).toMatchObject({
      identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }],
      name: [{ family: 'Booth' }],
      birthDate: '1941-05-03',
    });
  });

  it('overwrites nothing and is called with a sample', async () => {
    const { root, file, name } = await begin('json');
    const again = await run(runNew, ['mapping', name, '--from', file, '--mappings', root]);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('There is a folder')]);
    expect((await run(runNew, ['mapping', 'a/b'])).code).toBe(2);
    expect((await run(runNew, ['mapping', 'a/b', '--from', file, '--out', 'hl7v2'])).code).toBe(2);
    const unnamed = await run(runNew, ['mapping', 'a/c', '--from', join(root, 'readme.txt'), '--mappings', root]);
    expect([unnamed.code, unnamed.err]).toEqual([2, expect.stringContaining('--format is one of')]);
    await expect(run(runNew, ['mapping', 'Bad Name', '--from', file, '--mappings', root])).rejects.toThrow(
      /named by its folder/,
    );
  });
});

describe('the schema of a mapping that was begun from a sample', () => {
  it.each(['json', 'xml', 'csv'])('is closed, so that a mistyped name in %s is found at load', async (format) => {
    const { root, name } = await begin(format);
    const yaml = join(root, name, 'mapping.yaml');
    const mistyped = readFileSync(yaml, 'utf8').replace(/Surname|surname/, 'Sirname');
    writeFileSync(yaml, mistyped);
    const lint = await run(runLint, [name, '--mappings', root]);
    expect([lint.code, lint.out]).toEqual([1, expect.stringMatching(/Sirname.*Did you mean [Ss]urname\?/)]);
  });

  it('refuses a message with a field that nobody has looked at', async () => {
    const { root, name } = await begin('json');
    const other = join(root, 'other.json');
    writeFileSync(other, '{"patient":{"nhsNumber":"999 000 0018","alive":true}}');
    const { code, out } = await run(runMap, [name, other, '--mappings', root, '--format', 'json']);
    expect([code, JSON.parse(out).issues]).toMatchObject([1, [{ at: '$.patient.alive' }]]);
  });

  it('leaves out fields whose names no expression can spell', async () => {
    const root = mappingsFolder({ 'sample.json': '{"reference":"R1","pat{ient":{"surname":"Booth","a\\"b":"x"}}' });
    const file = join(root, 'sample.json');
    expect(await run(runNew, ['mapping', 'a/b', '--from', file, '--mappings', root])).toMatchObject({ code: 0 });
    expect((await run(runTest, ['a/b', '--mappings', root])).code).toBe(0);
  });
});

describe('ginnel new mapping --out', () => {
  const REFERRAL = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      {
        resource: {
          resourceType: 'ServiceRequest',
          id: 'r1',
          identifier: [{ system: 'urn:x', value: 'R-17' }],
          status: 'active',
          intent: 'order',
          code: { text: 'Stairlift' },
          reasonCode: [{ coding: [{ system: 'http://snomed.info/sct', code: '1912002', display: 'Fall' }] }],
          subject: { reference: 'Patient/p1' },
          occurrencePeriod: { end: '2026-05-01' },
        },
      },
      {
        resource: {
          resourceType: 'Patient',
          id: 'p1',
          identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }],
          name: [{ family: 'Booth', given: ['Ada'] }],
          birthDate: '1941-05-03',
          gender: 'female',
        },
      },
    ],
  };

  async function beginOut(out: string, sample: object, name = 'clinic/referral-out', others = {}) {
    const root = mappingsFolder({ 'sample.json': JSON.stringify(sample), ...others });
    const file = join(root, 'sample.json');
    const made = await run(runNew, ['mapping', name, '--from', file, '--out', out, '--mappings', root]);
    return { root, made, yaml: () => readFileSync(join(root, name, 'mapping.yaml'), 'utf8') };
  }

  it.each([
    ['json', '"reference":"R-17"'],
    ['xml', '<reference>R-17</reference>'],
    ['csv', 'R-17,active,order,Stairlift,Fall,9990000018,Booth,Ada,1941-05-03,'],
  ])(
    'begins a mapping that prints a referral as %s, loads, lints clean and has its first case',
    async (out, wanted) => {
      const { root, made, yaml } = await beginOut(out, REFERRAL);
      expect([made.code, made.err]).toEqual([0, '']);
      expect(readFileSync(join(root, `clinic/referral-out/cases/01-sample/expected.${out}`), 'utf8')).toContain(wanted);
      expect((await run(runLint, ['--mappings', root])).out).toBe('1 mappings: 0 errors, 0 warnings.\n');
      expect((await run(runTest, ['--mappings', root])).out).toBe('1 passed, 0 failed\n');
      const listed = yaml()
        .split('\n')
        .filter((line) => line.startsWith('#   '));
      expect(listed.map((line) => line.slice(4))).toEqual(expect.arrayContaining([expect.stringMatching(/gender$/)]));
      for (const value of ['R-17', 'Booth', '1941', 'Fall']) expect(yaml()).not.toContain(value);
    },
  );

  it.each([
    ['a Patient alone', { resourceType: 'Patient', id: 'p', name: [{ family: 'Booth' }] }],
    ['a resource about nobody', { resourceType: 'Location', id: 'l', name: 'Ward 7', status: 'active' }],
  ])('begins with %s too', async (_what, sample) => {
    const { root, made } = await beginOut('json', sample);
    expect([made.code, made.err]).toEqual([0, '']);
    expect((await run(runLint, ['--mappings', root])).code).toBe(0);
    expect((await run(runTest, ['--mappings', root])).code).toBe(0);
  });

  it('does not call a fresh mapping the way back of one that is there', async () => {
    const other =
      'mapping: 1\ndirection: in\ninput: { format: json }\nentries:\n  - name: p\n    write: merge\n' +
      '    identifier: { system: urn:x, value: "{{ id }}" }\n    resource: { resourceType: Patient }\n';
    const { root, yaml } = await beginOut('json', REFERRAL, 'clinic/referral-out', {
      'clinic/referral/mapping.yaml': other,
    });
    expect(yaml()).toContain('inverse: none\n');
    expect((await run(runTest, ['clinic/referral-out', '--mappings', root])).out).toBe('1 passed, 0 failed\n');
  });

  it('says when the sample is not FHIR that can be sent', async () => {
    const { made } = await beginOut('json', { resourceType: 'Bundle', type: 'collection' });
    expect([made.code, made.err]).toEqual([1, expect.stringContaining('a Bundle whose first entry')]);
  });
});
