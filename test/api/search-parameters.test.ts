import type { Bundle, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, NHS_NUMBER, outcomeOf, person, send } from './support.ts';

const LOINC = 'http://loinc.org';
const UCUM = 'http://unitsofmeasure.org';
const SCT = 'http://snomed.info/sct';
const [kershawNumber = '', lomaxNumber = ''] = testNhsNumbers(2);

const to = (reference: string): { reference: string } => ({ reference });
const concept = (system: string, code: string, display: string): object => ({ coding: [{ system, code, display }] });

/** A small neighbourhood, by the ids its resources have. */
const WORLD = [
  { resourceType: 'Organization', id: 'trust', name: 'Marple Foundation Trust' },
  { resourceType: 'Organization', id: 'surgery', name: 'Brinnington Surgery', partOf: to('Organization/trust') },
  { resourceType: 'Practitioner', id: 'nurse', name: [{ family: 'Adeyemi' }] },
  {
    ...person(kershawNumber, 'Kershaw', { generalPractitioner: [to('Organization/surgery')], gender: 'female' }),
    id: 'kershaw',
    meta: {
      profile: ['https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient|2.5'],
      tag: [{ system: 'urn:demo', code: 'round-2' }],
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'N' }],
      source: 'https://partner.example/feeds/adt',
    },
    identifier: [
      { system: NHS_NUMBER, value: kershawNumber },
      {
        system: 'https://trust.example/mrn',
        value: '446053',
        type: { coding: [{ system: 'urn:v2-0203', code: 'MR' }] },
      },
    ],
  },
  { ...person(lomaxNumber, 'Lomax', { birthDate: '1961-07-09', gender: 'male' }), id: 'lomax' },
  {
    resourceType: 'CareTeam',
    id: 'team',
    status: 'active',
    subject: to('Patient/kershaw'),
    participant: [{ member: to('Practitioner/nurse') }, { member: to('Organization/surgery') }],
  },
  {
    resourceType: 'CarePlan',
    id: 'plan',
    status: 'active',
    intent: 'plan',
    subject: to('Patient/kershaw'),
    careTeam: [to('CareTeam/team')],
    category: [{ ...concept(SCT, '736366004', 'Advance care plan'), text: 'Getting home safely' }],
    period: { start: '2026-03-02', end: '2026-09-01' },
    instantiatesUri: ['https://protocols.example/falls/2026'],
  },
  {
    resourceType: 'CarePlan',
    id: 'other-plan',
    status: 'draft',
    intent: 'plan',
    subject: { ...to('Patient/lomax'), identifier: { system: 'https://council.example/id', value: 'C-77' } },
    period: { start: '2025-11' },
  },
  {
    resourceType: 'ServiceRequest',
    id: 'request',
    status: 'active',
    intent: 'order',
    subject: to('Patient/kershaw'),
    authoredOn: '2026-04-14',
    basedOn: [to('CarePlan/plan')],
  },
  { resourceType: 'Task', id: 'task', status: 'requested', intent: 'order', focus: to('ServiceRequest/request') },
  {
    resourceType: 'Provenance',
    id: 'provenance',
    target: [to('CarePlan/plan'), to('ServiceRequest/request')],
    recorded: '2026-04-14T09:00:00Z',
    agent: [{ who: to('Practitioner/nurse') }],
  },
  ...[
    ['low', 118.5, 'kershaw'],
    ['high', 142, 'kershaw'],
    ['none', undefined, 'lomax'],
  ].map(([id, value, patient]) => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: concept(LOINC, '8480-6', 'Systolic blood pressure'),
    subject: to(`Patient/${patient}`),
    ...(value === undefined ? {} : { valueQuantity: { value, unit: 'mmHg', system: UCUM, code: 'mm[Hg]' } }),
  })),
  {
    resourceType: 'RiskAssessment',
    id: 'risk',
    status: 'final',
    subject: to('Patient/kershaw'),
    prediction: [{ probabilityDecimal: 0.35 }],
  },
];

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway({}, { clients: CLIENTS });
  const entry = WORLD.map((resource) => ({
    resource: resource as unknown as Resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }));
  const answer = await send(test, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
  expect(answer.status, await answer.clone().text()).toBe(200);
});
afterAll(() => test.stop());

async function find(query: string): Promise<(string | undefined)[]> {
  const response = await test.request('everything', `/fhir/${query}`);
  const body = (await response.json()) as Bundle;
  expect(response.status, `${query}: ${JSON.stringify(body)}`).toBe(200);
  return (body.entry ?? []).map(({ resource }) => resource?.id);
}

describe('the searches of neighbourhood care', () => {
  it.each([
    [`CarePlan?patient:identifier=${NHS_NUMBER}|${kershawNumber}`, ['plan']],
    [`CarePlan?patient:identifier=${kershawNumber}`, ['plan']],
    ['CarePlan?patient:identifier=https://council.example/id|C-77', ['other-plan']],
    [
      `CarePlan?patient:identifier=${NHS_NUMBER}|${kershawNumber},https://council.example/id|C-77`,
      ['other-plan', 'plan'],
    ],
    [`ServiceRequest?patient.identifier=${NHS_NUMBER}|${kershawNumber}`, ['request']],
    [`ServiceRequest?patient.identifier=${NHS_NUMBER}|${lomaxNumber}`, []],
    ['CareTeam?participant=Practitioner/nurse', ['team']],
    ['CareTeam?participant=Organization/surgery&status=active', ['team']],
    ['CareTeam?participant=Practitioner/nobody', []],
    ['CarePlan?care-team=CareTeam/team', ['plan']],
    ['CarePlan?care-team=team', ['plan']],
    ['Task?focus=ServiceRequest/request', ['task']],
    ['CarePlan?care-team=team&_revinclude=Provenance:target', ['plan', 'provenance']],
    [
      'ServiceRequest?_id=request&_revinclude=Provenance:target&_include=ServiceRequest:based-on',
      ['request', 'plan', 'provenance'],
    ],
  ])('%s', async (query, expected) => {
    const found = await find(query);
    expect([found[0], found.toSorted()]).toEqual([expected[0], expected.toSorted()]);
  });
});

describe('search parameters of every kind (https://hl7.org/fhir/R4/search.html)', () => {
  it.each([
    // token
    ['CarePlan?category:text=advance', ['plan']],
    ['CarePlan?category:text=getting', ['plan']],
    ['CarePlan?category:text=safely', []],
    ['CarePlan?status:in=http://hl7.org/fhir/ValueSet/request-status&_sort=_id', ['other-plan', 'plan']],
    ['CarePlan?status:not-in=http://hl7.org/fhir/ValueSet/request-status', []],
    ['Patient?identifier:of-type=urn:v2-0203|MR|446053', ['kershaw']],
    ['Patient?identifier:of-type=urn:v2-0203|NH|446053', []],
    ['CarePlan?category:missing=true', ['other-plan']],
    // meta
    ['Patient?_profile=https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient', ['kershaw']],
    ['Patient?_profile=https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient|2.5', ['kershaw']],
    ['Patient?_profile=https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient|2.4', []],
    ['Patient?_profile:below=https://fhir.hl7.org.uk/StructureDefinition', ['kershaw']],
    ['Patient?_tag=urn:demo|round-2', ['kershaw']],
    ['Patient?_security=N', ['kershaw']],
    ['Patient?_source=https://partner.example/feeds/adt', ['kershaw']],
    ['Patient?_source:missing=true', ['lomax']],
    // date
    ['CarePlan?date=ap2026-03-01', ['other-plan', 'plan']],
    ['CarePlan?date=ap2022', []],
    ['CarePlan?date=ap2024', ['other-plan']],
    ['Patient?birthdate=ap1950-02', ['kershaw']],
    // number
    ['RiskAssessment?probability=0.35', ['risk']],
    ['RiskAssessment?probability=0.4', ['risk']],
    ['RiskAssessment?probability=0.40', []],
    ['RiskAssessment?probability=gt0.3', ['risk']],
    ['RiskAssessment?probability=ap0.33', ['risk']],
    // quantity
    ['Observation?value-quantity=142', ['high']],
    ['Observation?value-quantity=1.4e2', ['high']],
    [`Observation?value-quantity=gt120|${UCUM}|mm[Hg]`, ['high']],
    ['Observation?value-quantity=le118.5||mm[Hg]', ['low']],
    ['Observation?value-quantity=118.5||mmHg', ['low']],
    ['Observation?value-quantity=142||kPa', []],
    ['Observation?value-quantity=ap130', ['high', 'low']],
    ['Observation?value-quantity:missing=true', ['none']],
    // uri
    ['CarePlan?instantiates-uri=https://protocols.example/falls/2026', ['plan']],
    ['CarePlan?instantiates-uri:below=https://protocols.example/falls', ['plan']],
    ['CarePlan?instantiates-uri:below=https://protocols.example/fal', []],
    ['CarePlan?instantiates-uri:above=https://protocols.example/falls/2026/stairs', ['plan']],
    // composite
    [`Observation?code-value-quantity=${LOINC}|8480-6$gt120`, ['high']],
    ['Observation?code-value-quantity=8480-6$lt120||mm[Hg]', ['low']],
    ['Observation?code-value-quantity=8462-4$gt120', []],
    // chains
    ['CarePlan?subject:Patient.general-practitioner:Organization.name=brinnington', ['plan']],
    ['CarePlan?subject:Patient.general-practitioner:Organization.name=marple', []],
    ['Patient?general-practitioner:Organization.partof.name=marple', ['kershaw']],
    ['ServiceRequest?based-on:CarePlan.care-team.participant:Practitioner=nurse', ['request']],
    ['CarePlan?care-team.participant:Practitioner.family=ade&status=active', ['plan']],
    // _has
    ['Patient?_has:CarePlan:patient:status=active', ['kershaw']],
    ['Patient?_has:Observation:patient:value-quantity=gt140&gender=female', ['kershaw']],
    ['Patient?_has:Observation:patient:value-quantity=gt140&gender=male', []],
    ['Patient?_has:CarePlan:patient:care-team.status=active', ['kershaw']],
    ['CareTeam?_has:CarePlan:care-team:_has:ServiceRequest:based-on:status=active', ['team']],
    ['CarePlan?subject:Patient._has:Observation:patient:code=8480-6&status=draft', ['other-plan']],
    // order
    ['Patient?_sort=family', ['kershaw', 'lomax']],
    ['Patient?_sort=-birthdate', ['lomax', 'kershaw']],
    ['Observation?_sort=-value-quantity', ['high', 'low', 'none']],
    ['Observation?_sort=status,value-quantity', ['low', 'high', 'none']],
    ['CarePlan?_sort=-date,status', ['plan', 'other-plan']],
    ['Observation?_sort=-patient,value-quantity', ['none', 'low', 'high']],
    ['CarePlan?_sort=instantiates-uri', ['plan', 'other-plan']],
  ])('%s', async (query, expected) => {
    const found = await find(query.replaceAll('|', '%7C').replaceAll('[', '%5B').replaceAll(']', '%5D'));
    expect(query.includes('_sort') ? found : found.toSorted()).toEqual(expected);
  });

  it.each(['_list=x', '_filter=status%20eq%20active', '_text=x', '_content=x', '_query=x'])(
    'refuses %s plainly',
    async (query) => {
      const answer = await outcomeOf(await test.request('everything', `/fhir/CarePlan?${query}`));
      expect([answer.status, answer.code]).toEqual([400, 'parameter-unsupported']);
    },
  );

  it('gives the total for each way of asking for it', async () => {
    const total = async (query: string): Promise<number | undefined> =>
      ((await (await test.request('everything', `/fhir/Observation?${query}`)).json()) as Bundle).total;
    expect(await total('_total=none')).toBeUndefined();
    expect(await total('_total=estimate&_count=1')).toBe(3);
    expect(await total('_total=accurate&_sort=value-quantity&_count=1')).toBe(3);
  });

  it('never widens a search by a misspelt parameter, wherever in it the mistake stands', async () => {
    for (const query of [
      'CarePlan?pateint=kershaw',
      'CarePlan?subject:Patient.genral-practitioner:Organization.name=x',
      'Patient?_has:CarePlan:patient:staus=active',
      'CarePlan?_sort=-dat',
    ]) {
      const answer = await outcomeOf(await test.request('everything', `/fhir/${query}`));
      expect([query, answer.status, answer.code]).toEqual([query, 400, 'parameter-unknown']);
      expect(answer.text).toContain('meant?');
    }
  });
});

describe('a text that is longer than an index holds', () => {
  it('is stored, and found by its beginning', async () => {
    const long = '安心'.repeat(5_000);
    const made = await send(test, 'PUT', 'Organization/long', {
      resourceType: 'Organization',
      id: 'long',
      name: long,
      identifier: [{ system: `https://x.example/${long}`, value: long }],
      type: [{ text: long }],
    });
    expect(made.status).toBe(201);
    expect(await find(`Organization?name=${encodeURIComponent(long.slice(0, 300))}`)).toEqual(['long']);
  });
});
