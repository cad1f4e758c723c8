import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GINNEL_PROFILES } from '../../src/fhir/canonical.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { loadProfiles } from '../../src/fhir/profiles.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { GinnelError, hasErrors, type Issue } from '../../src/kernel/errors.ts';
import type { JsonObject } from '../../src/kernel/json.ts';

const FOLDER = resolve(import.meta.dirname, '../../profiles');
const definitions = openDefinitions();
const profiles = loadProfiles(FOLDER, definitions);
const validator = createValidator({ definitions, profiles });

const read = (file: string): JsonObject => JSON.parse(readFileSync(file, 'utf8')) as JsonObject;
const examples = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.includes('/examples/'))
  .sort();
const named = (start: string): (readonly [name: string, file: string])[] =>
  examples
    .filter((file) => file.includes(`/${start}-`))
    .map((file) => [file.slice(file.indexOf(`/${start}-`) + start.length + 2, -'.json'.length), file]);

/** A rule's name is an issue code, a rule of the profile (in brackets at the end), or a rule of R4. */
function isOf(rule: string, one: Issue): boolean {
  return one.code === rule || one.text.endsWith(`(${rule})`) || one.text.startsWith(`R4 rule ${rule} `);
}

describe('the examples of our profiles', () => {
  it('are there for every profile, of both kinds', () => {
    expect(profiles.urls.length).toBe(Object.keys(GINNEL_PROFILES).length);
    expect([...profiles.urls].sort()).toEqual(Object.values(GINNEL_PROFILES).sort());
    const folders = readdirSync(FOLDER).filter((name) => name !== 'value-sets');
    for (const folder of folders) {
      expect(examples.some((file) => file.startsWith(`${folder}/examples/passes-`))).toBe(true);
      expect(examples.some((file) => file.startsWith(`${folder}/examples/fails-`))).toBe(true);
    }
    expect(named('passes').length + named('fails').length).toBe(examples.length);
  });

  it.each(named('passes'))('%s passes', (_name, file) => {
    const resource = read(join(FOLDER, file));
    expect(profiles.urls).toEqual(expect.arrayContaining([expect.stringContaining('Ginnel')]));
    expect(JSON.stringify(resource.meta)).toContain('https://ginnel.example/fhir/StructureDefinition/');
    expect(validator.validate(resource).filter((one) => one.severity === 'error')).toEqual([]);
  });

  it.each(named('fails'))('%s is the one thing that fails', (rule, file) => {
    const errors = validator.validate(read(join(FOLDER, file))).filter((one) => one.severity === 'error');
    expect(errors.length).toBe(1);
    expect(errors.filter((one) => !isOf(rule, one))).toEqual([]);
  });

  it.each([
    ['retired-verification-status', 'patient/examples/passes-retired-verification-status-with-a-warning.json'],
    ['birth-date-known', 'patient/examples/passes-no-nhs-number-no-birth-date.json'],
    ['care-team-known', 'shared-care-plan/examples/passes-second-category-and-no-team-yet.json'],
    ['priority-stated', 'referral/examples/passes-booking-and-referral-plan.json'],
    ['care-co-ordinator-named', 'care-team/examples/passes-no-co-ordinator-yet.json'],
  ])('warn of %s and pass', (rule, file) => {
    const issues = validator.validate(read(join(FOLDER, file)));
    expect(issues.map((one) => one.severity)).toEqual(['warning']);
    expect(issues.every((one) => isOf(rule, one))).toBe(true);
  });

  it.each(
    readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll('\\', '/'))
      .filter((file) => /(^value-sets\/.*|\/profile)\.json$/.test(file)),
  )('%s is itself valid R4', (file) => {
    expect(validator.validate(read(join(FOLDER, file)))).toEqual([]);
  });

  it('say which rule of a profile comes from whom', () => {
    for (const folder of readdirSync(FOLDER).filter((name) => name !== 'value-sets')) {
      const { differential } = read(join(FOLDER, folder, 'profile.json')) as unknown as {
        differential: {
          element: { id: string; comment?: string; constraint?: { key: string; requirements?: string }[] }[];
        };
      };
      const silent = differential.element.flatMap((element) => [
        ...(element.constraint ?? []).filter((one) => one.requirements === undefined).map((one) => one.key),
        ...('min' in element && element.comment === undefined && !element.id.includes(':') ? [element.id] : []),
      ]);
      expect(silent).toEqual([]);
    }
  });
});

describe('a resource that names profiles', () => {
  const patient = { resourceType: 'Patient', name: [{ family: 'Khalid' }] };
  const naming = (...profile: string[]): object => ({ ...patient, meta: { profile } });

  it('is checked against those of ours', () => {
    expect(hasErrors(validator.validate(naming(GINNEL_PROFILES.patient)))).toBe(true);
    expect(hasErrors(validator.validate(naming(`${GINNEL_PROFILES.patient}|0.1.0`)))).toBe(true);
  });

  it('is not checked against those that are not installed, and its sender is told', () => {
    const others = [
      'https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient',
      'https://x.example/StructureDefinition/P',
    ];
    expect(validator.validate(naming(...others))).toMatchObject([
      { severity: 'warning', code: 'profile-unknown', expression: 'Patient.meta.profile[0]' },
      { severity: 'warning', code: 'profile-unknown', expression: 'Patient.meta.profile[1]' },
    ]);
    const core = 'http://hl7.org/fhir/StructureDefinition/';
    expect(validator.validate(naming(`${core}Patient`))).toEqual([]);
    expect(validator.validate(naming(`${core}Goal`))).toMatchObject([{ severity: 'error', code: 'profile-violation' }]);
  });

  it('is told of one that would be ours and is not', () => {
    const issues = validator.validate(naming('https://ginnel.example/fhir/StructureDefinition/GinnelPatinet'));
    expect(issues).toMatchObject([{ code: 'profile-unknown', expression: 'Patient.meta.profile[0]' }]);
  });

  it('is told when the profile is for another type', () => {
    expect(validator.validate(naming(GINNEL_PROFILES.careTeam))).toMatchObject([
      { code: 'profile-violation', expression: 'Patient' },
    ]);
  });

  it('is checked in a Bundle as well', () => {
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ resource: naming(GINNEL_PROFILES.patient) }],
    };
    expect(validator.validate(bundle)).toMatchObject([
      { severity: 'error', expression: 'Bundle.entry[0].resource' },
      { severity: 'warning', expression: 'Bundle.entry[0].resource' },
    ]);
  });

  it('need not name those that the caller asks for', () => {
    expect(validator.validate(patient)).toEqual([]);
    expect(hasErrors(validator.validate(patient, { profiles: [GINNEL_PROFILES.patient] }))).toBe(true);
    const twice = validator.validate(naming(GINNEL_PROFILES.patient), { profiles: [GINNEL_PROFILES.patient] });
    expect(twice.length).toBe(validator.validate(naming(GINNEL_PROFILES.patient)).length);
  });
});

describe('a profile that cannot be checked', () => {
  const load = (element: object): void => {
    const folder = mkdtempSync(join(tmpdir(), 'ginnel-'));
    mkdirSync(join(folder, 'broken'));
    const profile = {
      url: 'urn:p',
      name: 'Broken',
      type: 'Patient',
      differential: { element: [{ id: 'Patient' }, element] },
    };
    writeFileSync(join(folder, 'broken/profile.json'), JSON.stringify(profile));
    loadProfiles(folder, definitions);
  };
  const constraint = (expression: string): object => ({
    id: 'Patient.name',
    constraint: [{ key: 'k', severity: 'error', human: 'h', expression }],
  });

  it.each<[string, object]>([
    ['an invariant that is no FHIRPath', constraint('family.exists(')],
    ['an invariant with a function that does not exist', constraint('family.exits()')],
    [
      'a value set that is not there',
      { id: 'Patient.gender', binding: { strength: 'required', valueSet: 'urn:none' } },
    ],
    ['memberOf with a value set that is not there', constraint("use.memberOf('urn:none')")],
    [
      'a discriminator that nobody knows',
      { id: 'Patient.name', slicing: { discriminator: [{ type: 'position', path: '$this' }] } },
    ],
    ['an element of another type', { id: 'Practitioner.name', min: 1 }],
  ])('is an error at start: %s', (_what, element) => {
    expect(() => load(element)).toThrow(GinnelError);
  });

  it('is not mistaken for a good one', () => {
    expect(() => load({ id: 'Patient.name', min: 1 })).not.toThrow();
  });
});
