import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createIndexer } from '../../src/fhir/index-resource.ts';
import { loadProfiles } from '../../src/fhir/profiles.ts';
import { referencesOf, rewriteReferences } from '../../src/fhir/references.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { isJsonObject, type JsonObject } from '../../src/kernel/json.ts';
import { runCommand } from '../../src/main.ts';
import { readFhirXml } from '../support/fhir-xml.ts';

/**
 * Published examples, as they were published. They are read from the folder that GINNEL_CONFORMANCE_DATA names (see
 * docs/conformance.md); none of them is part of this repository. Where the variable is unset, these tests are skipped.
 */
const PROFILES = resolve(import.meta.dirname, '../../profiles');
const data = process.env.GINNEL_CONFORMANCE_DATA ?? '';
const available = data !== '' && existsSync(data);

const definitions = openDefinitions();
const validator = createValidator({ definitions });
const indexer = createIndexer(definitions);

function listFiles(folder: string, ending: string): string[] {
  return readdirSync(join(data, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}

/** Errors as `code expression`, without list positions, each once. */
function errorsOf(resource: unknown): string[] {
  const errors = validator.validate(resource).filter((one) => one.severity === 'error');
  return [...new Set(errors.map((one) => `${one.code} ${(one.expression ?? '').replace(/\[\d+\]/g, '')}`))].sort();
}

/** Whatever is valid can be indexed, and survives having its references rewritten to themselves. */
function walkThrough(resource: JsonObject): void {
  const typed = resource as unknown as Resource;
  expect(indexer.index(typed).index.every((row) => row.param !== '')).toBe(true);
  expect(JSON.stringify(rewriteReferences(typed, (reference) => reference))).toBe(JSON.stringify(resource));
  expect(referencesOf(typed).every((reference) => reference !== '')).toBe(true);
}

describe.skipIf(!available)('examples of HL7 FHIR R4 (skipped unless GINNEL_CONFORMANCE_DATA is set)', () => {
  const files = available ? listFiles('hl7-r4/examples', '.json') : [];

  it('are there', () => {
    expect(files.length).toBeGreaterThan(50);
  });

  it.each(files)('%s is valid', (file) => {
    const resource: unknown = JSON.parse(readFileSync(join(data, 'hl7-r4/examples', file), 'utf8'));
    expect(errorsOf(resource)).toEqual([]);
    if (isJsonObject(resource)) walkThrough(resource);
  });
});

/** What is wrong in UK Core's own examples. */
const UK_CORE_EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // 9912003890 fails modulus 11.
  'UKCore-Patient-BabyPatient-Example.xml': ['nhs-number-invalid Patient.identifier.value'],
};

describe.skipIf(!available)('examples of HL7 UK Core (skipped unless GINNEL_CONFORMANCE_DATA is set)', () => {
  const files = available ? listFiles('ukcore/examples', '.xml') : [];

  it('are there', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(Object.keys(UK_CORE_EXCEPTIONS).filter((file) => !files.includes(file))).toEqual([]);
  });

  it.each(files)('%s has the errors that are known of it', (file) => {
    const resource = readFhirXml(readFileSync(join(data, 'ukcore/examples', file), 'utf8'), definitions);
    expect(errorsOf(resource)).toEqual(UK_CORE_EXCEPTIONS[file] ?? []);
    walkThrough(resource);
  });
});

describe.skipIf(!available)('UK Core as a package (skipped unless GINNEL_CONFORMANCE_DATA is set)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-ukcore-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let told = '';

  beforeAll(async () => {
    const tell = (text: string): void => {
      told += text;
    };
    const io = { env: { GINNEL_DATA: folder }, out: tell, err: tell };
    expect(await runCommand(['profiles', 'add', join(data, 'ukcore')], io)).toBe(0);
    expect(await runCommand(['profiles', 'check'], io)).toBe(0);
  }, 60_000);

  it('is installed whole, but for a code system that is not well formed', () => {
    expect(told).toContain('153 profiles (153 snapshots made here), 99 value sets');
    expect(told.match(/^not read: .*/gm)).toEqual([
      'not read: codesystems/CodeSystem-UKCore-EthnicCategoryScotland.xml: FHIR has text in narratives alone.',
    ]);
    expect(told).not.toContain('not used: ');
  });

  it('finds its own examples to keep its profiles, but for the errors that are known of them', () => {
    const profiles = loadProfiles(PROFILES, definitions, join(folder, 'profiles'));
    const withProfiles = createValidator({ definitions, profiles });
    const found: Record<string, string[]> = {};
    let checked = 0;
    for (const file of listFiles('ukcore/examples', '.xml')) {
      const resource = readFhirXml(readFileSync(join(data, 'ukcore/examples', file), 'utf8'), definitions);
      const url = `https://fhir.hl7.org.uk/StructureDefinition/UKCore-${resource.resourceType}`;
      expect(profiles.profile(url)?.type).toBe(resource.resourceType);
      const issues = withProfiles.validate(resource, { profiles: [url] });
      checked += 1;
      if (issues.length > 0) found[file] = issues.map(({ code }) => code);
    }
    expect(checked).toBe(86);
    expect(found).toEqual({ 'UKCore-Patient-BabyPatient-Example.xml': ['nhs-number-invalid'] });
  });

  it('finds what is wrong with a resource by it', () => {
    const profiles = loadProfiles(PROFILES, definitions, join(folder, 'profiles'));
    const withProfiles = createValidator({ definitions, profiles });
    const profile = ['https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient'];
    const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland';
    const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
    const patient = (code: string, more: object = {}): object => ({
      resourceType: 'Patient',
      meta: { profile },
      identifier: [
        {
          extension: [{ url, valueCodeableConcept: { coding: [{ system, code }] } }],
          system: 'https://fhir.nhs.uk/Id/nhs-number',
          value: '9990000018',
          ...more,
        },
      ],
    });
    const isNhsNumberRule = expect.stringContaining('(identifier.nhsNumber');
    expect(withProfiles.validate(patient('number-present-and-verified'))).toEqual([]);
    expect(withProfiles.validate(patient('number-present-and-verified', { value: undefined }))).toMatchObject([
      { code: 'profile-violation', text: isNhsNumberRule },
    ]);
  });
});

/**
 * What is wrong in the examples of the Booking and Referral Standard: the same errors, in how many files, and why they are
 * errors of R4 and not of ours.
 */
const BARS_EXCEPTIONS: readonly (readonly [files: number, why: string, errors: readonly string[]])[] = [
  [6, 'issue types that R4 does not have', ['code-invalid OperationOutcome.issue.code']],
  [
    6,
    'NHS numbers 3478526985 and 7778521234 fail modulus 11',
    ['nhs-number-invalid Bundle.entry.resource.identifier.value'],
  ],
  [
    2,
    'a part of a resource, sent as a patch',
    ['element-required Appointment.participant', 'resource-invalid Appointment'],
  ],
  [1, 'an empty list', ['element-empty Bundle.entry']],
  [2, 'a Coding as a list', ['resource-invalid Bundle.entry.resource.useContext.code']],
  [
    4,
    'a resource id with underscores or templates, Schedule in capitals, participants without status',
    [
      'element-required Bundle.entry.resource.participant.status',
      'element-required Bundle.entry.resource.schedule',
      'id-invalid Bundle.entry.resource.id',
      'resource-invalid Bundle.entry.resource.Schedule',
    ],
  ],
  [2, 'an entry without resource around the resource', ['resource-invalid Bundle.entry']],
  [
    4,
    'PatientInstruction in capitals, basedOn no list',
    ['resource-invalid ServiceRequest.PatientInstruction', 'resource-invalid ServiceRequest.basedOn'],
  ],
  [
    2,
    'connectionType as a concept, header no list, display on an identifier, managingOrganization a list',
    [
      'resource-invalid Endpoint.connectionType.coding',
      'resource-invalid Endpoint.header',
      'resource-invalid Endpoint.identifier.display',
      'resource-invalid Endpoint.managingOrganization',
    ],
  ],
  [
    2,
    'the same without the identifier',
    [
      'resource-invalid Endpoint.connectionType.coding',
      'resource-invalid Endpoint.header',
      'resource-invalid Endpoint.managingOrganization',
    ],
  ],
  [
    2,
    'the same in a Bundle',
    [
      'resource-invalid Bundle.entry.resource.connectionType.coding',
      'resource-invalid Bundle.entry.resource.header',
      'resource-invalid Bundle.entry.resource.identifier.display',
      'resource-invalid Bundle.entry.resource.managingOrganization',
    ],
  ],
  [2, 'providedBy as a list', ['resource-invalid HealthcareService.providedBy']],
  [1, 'the same in a Bundle', ['resource-invalid Bundle.entry.resource.providedBy']],
  [
    2,
    'no status and no content',
    ['element-required DocumentReference.content', 'element-required DocumentReference.status'],
  ],
  [
    1,
    'an id with underscores, a format as a concept in a list, masterIdentifier as a list, an NHS number that fails modulus 11',
    [
      'id-invalid DocumentReference.id',
      'nhs-number-invalid DocumentReference.subject.identifier.value',
      'resource-invalid DocumentReference.content.format',
      'resource-invalid DocumentReference.masterIdentifier',
    ],
  ],
  [
    1,
    'the same, half mended',
    ['id-invalid DocumentReference.id', 'resource-invalid DocumentReference.content.format'],
  ],
  [1, 'security as a list', ['resource-invalid CapabilityStatement.rest.security']],
  [
    1,
    'a patch with a status that R4 does not have',
    [
      'code-invalid ServiceRequest.status',
      'element-required ServiceRequest.subject',
      'resource-invalid ServiceRequest.PatientInstruction',
    ],
  ],
];

describe.skipIf(!available)(
  'examples of the Booking and Referral Standard (skipped unless GINNEL_CONFORMANCE_DATA is set)',
  () => {
    it('have the errors that are known of them, and no others', () => {
      const found = new Map<string, number>();
      let checked = 0;
      for (const file of listFiles('bars', '.json')) {
        const resource = readJson(join(data, 'bars', file));
        if (!isJsonObject(resource) || resource.resourceType === undefined) continue;
        checked += 1;
        const errors = errorsOf(resource);
        if (errors.length === 0) walkThrough(resource);
        else found.set(errors.join('\n'), (found.get(errors.join('\n')) ?? 0) + 1);
      }
      expect(checked).toBe(180);
      const expected = new Map(BARS_EXCEPTIONS.map(([files, , errors]) => [errors.join('\n'), files]));
      expect(found).toEqual(expected);
    });
  },
);

/** One published file is no JSON; undefined for it. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
