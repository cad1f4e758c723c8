import type { Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createIndexer } from '../../src/fhir/index-resource.ts';
import { createMatcher } from '../../src/fhir/match-search.ts';
import { parseSearch } from '../../src/fhir/parse-search.ts';
import { searchableParameters } from '../../src/fhir/search-params.ts';
import { searchesFor } from '../support/searches-for.ts';

const BASE = 'https://ginnel.example/fhir';
const definitions = openDefinitions();
const indexer = createIndexer(definitions, { baseUrl: BASE });
const matches = createMatcher();

const asResource = (value: object): Resource => value as Resource;
const index = (value: object): ReturnType<typeof indexer.index> => indexer.index(asResource(value));

function rows(value: object, param: string): object[] {
  return index(value)
    .index.filter((row) => row.param === param)
    .map(({ param: _param, ...rest }) => rest);
}

const plan = (more: object = {}): object => ({
  resourceType: 'CarePlan',
  id: 'c1',
  status: 'active',
  intent: 'plan',
  subject: { reference: 'Patient/p1' },
  ...more,
});

describe('the index of a resource', () => {
  it('holds a code with the system of its value set, which R4 implies', () => {
    expect(rows(plan(), 'status')).toEqual([
      { kind: 'token', system: 'http://hl7.org/fhir/request-status', code: 'active' },
    ]);
  });

  it('holds every coding of a concept, and an identifier with its system', () => {
    const category = [{ coding: [{ system: 'urn:a', code: '1' }, { code: '2' }, { display: 'no code' }], text: 'x' }];
    expect(rows(plan({ category }), 'category')).toEqual([
      { kind: 'token', system: 'urn:a', code: '1' },
      { kind: 'token', system: '', code: '2' },
      { kind: 'text', folded: 'no code' },
      { kind: 'text', folded: 'x' },
    ]);
    expect(rows(plan({ identifier: [{ system: 'urn:i', value: '7' }, { value: '8' }] }), 'identifier')).toEqual([
      { kind: 'token', system: 'urn:i', code: '7' },
      { kind: 'token', system: '', code: '8' },
    ]);
  });

  it('holds a telephone number without the kind of contact as its system', () => {
    const patient = {
      resourceType: 'Patient',
      id: 'p',
      active: true,
      telecom: [
        { system: 'phone', value: '0161 496 0000' },
        { system: 'email', value: 'a@x.example' },
      ],
    };
    expect(rows(patient, 'phone')).toEqual([{ kind: 'token', system: '', code: '0161 496 0000' }]);
    expect(rows(patient, 'email')).toEqual([{ kind: 'token', system: '', code: 'a@x.example' }]);
    expect(rows(patient, 'telecom').length).toBe(2);
    expect(rows(patient, 'active')).toEqual([{ kind: 'token', system: '', code: 'true' }]);
  });

  it.each<[string, object, object[]]>([
    ['a relative one', { reference: 'Patient/p1' }, [{ kind: 'reference', targetType: 'Patient', target: 'p1' }]],
    [
      'one of a version',
      { reference: 'Patient/p1/_history/3' },
      [{ kind: 'reference', targetType: 'Patient', target: 'p1' }],
    ],
    [
      'one by our own URL',
      { reference: `${BASE}/Patient/p1` },
      [{ kind: 'reference', targetType: 'Patient', target: 'p1' }],
    ],
    [
      "one by somebody else's URL",
      { reference: 'https://x.example/Patient/p1' },
      [{ kind: 'reference', targetType: '', target: 'https://x.example/Patient/p1' }],
    ],
    ['one by identifier alone', { identifier: { system: 'urn:n', value: '1' } }, []],
    ['one to what is contained', { reference: '#p' }, []],
  ])('holds a reference: %s', (_what, subject, expected) => {
    expect(rows(plan({ subject }), 'subject')).toEqual(expected);
  });

  it('holds the identifier in a reference beside the reference', () => {
    const subject = { reference: 'Patient/p1', identifier: { system: 'urn:n', value: '1' } };
    expect(rows(plan({ subject }), 'subject:identifier')).toEqual([{ kind: 'token', system: 'urn:n', code: '1' }]);
    expect(rows(plan({ subject }), 'subject').length).toBe(1);
  });

  it('holds an identifier with its type', () => {
    const type = { coding: [{ system: 'urn:t', code: 'MR' }], text: 'Hospital number' };
    const patient = { resourceType: 'Patient', id: 'p', identifier: [{ system: 'urn:h', value: '7', type }] };
    expect(rows(patient, 'identifier:of-type')).toEqual([{ kind: 'token', system: 'urn:t', code: 'MR|7' }]);
    expect(rows(patient, 'identifier')).toContainEqual({ kind: 'text', folded: 'hospital number' });
  });

  it.each<[string, object, object[]]>([
    [
      'a value, by the code of its unit and by its name',
      { value: 5.4, unit: 'mmol per litre', system: 'http://unitsofmeasure.org', code: 'mmol/L' },
      [
        { kind: 'quantity', low: 5.4, high: 5.4, system: 'http://unitsofmeasure.org', code: 'mmol/L' },
        { kind: 'quantity', low: 5.4, high: 5.4, system: '', code: 'mmol per litre' },
      ],
    ],
    [
      'less than a value, as all that is less',
      { value: 5, comparator: '<', unit: 'mg' },
      [{ kind: 'quantity', low: Number.NEGATIVE_INFINITY, high: 5, system: '', code: 'mg' }],
    ],
    ['nothing, where there is no value', { unit: 'mg' }, []],
  ])('holds of a quantity %s', (_what, valueQuantity, expected) => {
    const observation = { resourceType: 'Observation', id: 'o', status: 'final', code: {}, valueQuantity };
    expect(rows(observation, 'value-quantity')).toEqual(expected);
  });

  it('holds sampled data from its lowest point to its highest', () => {
    const valueSampledData = {
      origin: { value: 10, unit: 'mV' },
      period: 1,
      factor: 2,
      dimensions: 1,
      data: '1 -3 E 4',
    };
    const observation = { resourceType: 'Observation', id: 'o', status: 'final', code: {}, valueSampledData };
    expect(rows(observation, 'value-quantity')).toEqual([
      { kind: 'quantity', low: 4, high: 18, system: '', code: 'mV' },
    ]);
  });

  it('holds a profile with its version and without', () => {
    expect(rows(plan({ meta: { profile: ['http://x.example/P|2.1'] } }), '_profile')).toEqual([
      { kind: 'uri', uri: 'http://x.example/P|2.1' },
      { kind: 'uri', uri: 'http://x.example/P' },
    ]);
  });

  it('holds the codes and values of one component together, and not those of two', () => {
    const component = (code: string, value: number): object => ({
      code: { coding: [{ system: 'http://loinc.org', code }] },
      valueQuantity: { value },
    });
    const pressure = {
      resourceType: 'Observation',
      id: 'o',
      status: 'final',
      code: { coding: [{ code: '85354-9' }] },
      component: [component('8480-6', 142), component('8462-4', 88)],
    };
    expect(finds(pressure, 'component-code-value-quantity', '8480-6$gt140')).toBe(true);
    expect(finds(pressure, 'component-code-value-quantity', '8462-4$gt140')).toBe(false);
    expect(finds(pressure, 'component-code-value-quantity', 'http://loinc.org|8462-4$le88')).toBe(true);
    expect(finds(pressure, 'combo-code-value-quantity', '8480-6$142')).toBe(true);
    expect(finds(pressure, 'code-value-quantity', '85354-9$142')).toBe(false);
  });

  it('holds a reference under patient when it is to a Patient, and not otherwise', () => {
    expect(rows(plan(), 'patient').length).toBe(1);
    expect(rows(plan({ subject: { reference: 'Group/g' } }), 'patient')).toEqual([]);
    const byNhsNumber = { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' } };
    expect(rows(plan({ subject: byNhsNumber }), 'patient:identifier').length).toBe(1);
    expect(rows(plan({ subject: { type: 'Group', identifier: { system: 'urn:n', value: '1' } } }), 'patient')).toEqual(
      [],
    );
  });

  it('holds dates as ranges, periods open where they are, and each event of a timing', () => {
    expect(rows(plan({ period: { start: '2026-01-05' } }), 'date')).toEqual([
      { kind: 'date', low: Date.parse('2026-01-05T00:00:00Z'), high: 8_640_000_000_000_000 },
    ]);
    const timing = {
      scheduledTiming: { event: ['2026-01-05', '2026-01-07'], repeat: { boundsPeriod: { end: '2026-02-01' } } },
    };
    expect(rows(plan({ activity: [{ detail: { status: 'scheduled', ...timing } }] }), 'activity-date').length).toBe(3);
  });

  it('holds names and addresses part by part, folded and exact', () => {
    const patient = {
      resourceType: 'Patient',
      id: 'p',
      name: [{ family: 'Núñez  Ó', given: ['Zoë'], text: 'Zoë Núñez' }],
      address: [{ line: ['1 High St'], city: 'Wigan' }],
    };
    expect(rows(patient, 'family')).toEqual([{ kind: 'string', folded: 'nunez o', exact: 'Núñez  Ó' }]);
    expect(rows(patient, 'name').length).toBe(3);
    expect(rows(patient, 'address')).toEqual([
      { kind: 'string', folded: '1 high st', exact: '1 High St' },
      { kind: 'string', folded: 'wigan', exact: 'Wigan' },
    ]);
  });

  it('holds what only FHIRPath can say', () => {
    expect(rows({ resourceType: 'Patient', id: 'p', deceasedDateTime: '2026-01-01' }, 'deceased')).toEqual([
      { kind: 'token', system: '', code: 'true' },
    ]);
    expect(rows({ resourceType: 'Patient', id: 'p' }, 'deceased')).toEqual([
      { kind: 'token', system: '', code: 'false' },
    ]);
  });

  it('holds the types of a choice apart', () => {
    const condition = {
      resourceType: 'Condition',
      id: 'x',
      subject: { reference: 'Patient/p' },
      onsetString: 'last spring',
    };
    expect(rows(condition, 'onset-info')).toEqual([{ kind: 'string', folded: 'last spring', exact: 'last spring' }]);
    expect(rows(condition, 'onset-date')).toEqual([]);
  });

  it('is made for every type of R4, with every parameter that can be searched', () => {
    for (const type of definitions.resourceTypes) expect(() => index({ resourceType: type, id: 'x' })).not.toThrow();
  });

  it('says whose it is', () => {
    expect(index({ resourceType: 'Patient', id: 'p9' }).patient).toBe('p9');
    expect(index(plan()).patient).toBe('p1');
    expect(index(plan({ subject: { reference: 'Group/g' } })).patient).toBeNull();
    expect(
      index({ resourceType: 'Task', id: 't', status: 'ready', intent: 'plan', for: { reference: 'Patient/p2' } })
        .patient,
    ).toBe('p2');
    expect(index({ resourceType: 'Organization', id: 'o' }).patient).toBeNull();
  });

  it('names the identifiers that have both parts, of a list or a single one', () => {
    expect(index(plan({ identifier: [{ system: 'urn:i', value: '7' }, { value: '8' }] })).identifiers).toEqual([
      { system: 'urn:i', value: '7' },
    ]);
    const response = {
      resourceType: 'QuestionnaireResponse',
      id: 'q',
      status: 'completed',
      identifier: { system: 'urn:i', value: '9' },
    };
    expect(index(response).identifiers).toEqual([{ system: 'urn:i', value: '9' }]);
  });

  it('names the organisations that care for the patient, however they are referred to', () => {
    const referral = {
      resourceType: 'ServiceRequest',
      id: 's',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/p1' },
      contained: [{ resourceType: 'Organization', id: 'o', identifier: [{ system: 'urn:o', value: '5' }] }],
      requester: { identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'RWJ' } },
      performer: [{ reference: 'Organization/o1' }, { reference: '#o' }, { reference: 'PractitionerRole/r' }],
    };
    expect(index(referral).organisations).toEqual([
      'https://fhir.nhs.uk/Id/ods-organization-code|RWJ',
      'Organization/o1',
      'urn:o|5',
    ]);
    const consent = {
      resourceType: 'Consent',
      id: 'c',
      status: 'active',
      patient: { reference: 'Patient/p1' },
      provision: { actor: [{ role: {}, reference: { reference: 'Organization/no' } }] },
    };
    expect(index(consent).organisations).toEqual([]);
  });

  it('cuts a text without end, and finds it by its beginning', () => {
    const patient = { resourceType: 'Patient', id: 'p', name: [{ family: 'a'.repeat(10_000) }] };
    const [row] = index(patient).index.filter((one) => one.param === 'family');
    expect(row?.kind === 'string' && row.folded.length).toBe(512);
    expect(finds(patient, 'family:exact', 'a'.repeat(10_000))).toBe(true);
  });
});

function finds(resource: object, name: string, value: string): boolean {
  const { resourceType: type, id } = resource as { resourceType: string; id: string };
  const parsed = parseSearch(type, [[name, value]], definitions, { baseUrl: BASE });
  if (!parsed.ok) throw new Error(parsed.issues.map((one) => one.text).join('\n'));
  return matches(parsed.value, { type, id, lastUpdated: '2026-01-05T10:00:00.000Z', index: index(resource).index });
}

const word = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text.trim() !== '' && /\p{L}|\d/u.test(text));
const instant = fc
  .date({ min: new Date('1900-01-01T00:00:00Z'), max: new Date('2099-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const date = fc.tuple(instant, fc.constantFrom(4, 7, 10, 24)).map(([text, size]) => text.slice(0, size));
const id = fc.stringMatching(/^[A-Za-z0-9\-.]{1,20}$/);
const reference = fc
  .tuple(fc.constantFrom('Patient', 'Group'), id)
  .map(([type, one]) => ({ reference: `${type}/${one}` }));
const coding = fc.record(
  { system: fc.constantFrom('urn:a', 'http://snomed.info/sct'), code: word },
  { requiredKeys: ['code'] },
);
const anyPlan = fc.record({
  resourceType: fc.constant('CarePlan'),
  id,
  status: fc.constantFrom('active', 'draft', 'completed'),
  intent: fc.constantFrom('plan', 'order'),
  subject: reference,
  category: fc.array(fc.record({ coding: fc.array(coding, { minLength: 1, maxLength: 2 }) }), { maxLength: 2 }),
  identifier: fc.array(fc.record({ system: fc.constant('urn:i'), value: word }), { maxLength: 2 }),
  period: fc.record({ start: date, end: date }, { requiredKeys: [] }),
  basedOn: fc.array(
    id.map((one) => ({ reference: `CarePlan/${one}` })),
    { maxLength: 2 },
  ),
});
const anyPatient = fc.record({
  resourceType: fc.constant('Patient'),
  id,
  birthDate: date.filter((text) => text.length <= 10),
  gender: fc.constantFrom('male', 'female', 'other'),
  name: fc.array(fc.record({ family: word, given: fc.array(word, { maxLength: 2 }) }), { maxLength: 2 }),
  address: fc.array(fc.record({ city: word, postalCode: word }), { maxLength: 1 }),
  generalPractitioner: fc.array(
    id.map((one) => ({ reference: `Organization/${one}` })),
    { maxLength: 1 },
  ),
});

describe('a search for what a resource holds', () => {
  it('finds it, whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(anyPlan, anyPatient), (resource) => {
        for (const row of index(resource).index) {
          for (const [name, value] of searchesFor(row, resource.resourceType, BASE, definitions)) {
            if (!finds(resource, name, value)) throw new Error(`${name}=${value} does not find ${JSON.stringify(row)}`);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('by the very date it was written with finds it', () => {
    fc.assert(
      fc.property(date, (text) => {
        const resource = { resourceType: 'Goal', id: 'g', lifecycleStatus: 'active', startDate: text.slice(0, 10) };
        expect(finds(resource, 'start-date', text.slice(0, 10))).toBe(true);
        expect(finds(resource, 'start-date', `ne${text.slice(0, 10)}`)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, string, boolean]>([
    ['status', 'draft', false],
    ['status:not', 'draft', true],
    ['status:not', 'draft,active', false],
    ['status', 'http://hl7.org/fhir/request-status|active', true],
    ['status', '|active', false],
    ['category', 'urn:a|', true],
    ['category', 'urn:b|', false],
    ['patient', 'p1', true],
    ['patient', 'p2,p1', true],
    ['patient', 'Group/p1', false],
    ['date', '2026', false],
    ['date', 'ge2026', true],
    ['date', 'gt2026-01', true],
    ['date', 'lt2026-01-05', false],
    ['date', 'sa2026-01-04', true],
    ['date', 'sa2026-01-05', false],
    ['date', 'eb2027', false],
    ['encounter:missing', 'true', true],
    ['encounter:missing', 'false', false],
    ['_id', 'c1', true],
    ['_id', 'c2', false],
    ['_lastUpdated', '2026-01-05', true],
    ['_lastUpdated', 'lt2026-01-05', false],
    ['identifier', 'urn:i|7', true],
    ['identifier', 'urn:j|7', false],
  ])('%s=%s → %s', (name, value, expected) => {
    const resource = plan({
      category: [{ coding: [{ system: 'urn:a', code: '1' }] }],
      identifier: [{ system: 'urn:i', value: '7' }],
      period: { start: '2026-01-05' },
    });
    expect(finds(resource, name, value)).toBe(expected);
  });

  it('is not answered for another type', () => {
    const target = { type: 'Task', id: 'x', lastUpdated: '2026-01-05T10:00:00.000Z', index: [] };
    const parsed = parseSearch('CarePlan', [], definitions);
    expect(parsed.ok && matches(parsed.value, target)).toBe(false);
  });
});

describe('the parameters that can be searched', () => {
  it('are those of all kinds, without sound-alikes', () => {
    const codes = searchableParameters('Patient', definitions).map((one) => one.code);
    expect(codes).toEqual(
      expect.arrayContaining([
        '_id',
        '_lastUpdated',
        '_tag',
        'identifier',
        'family',
        'birthdate',
        'general-practitioner',
      ]),
    );
    expect(codes).not.toContain('phonetic');
  });
});
