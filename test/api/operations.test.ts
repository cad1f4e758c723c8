import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type {
  Bundle,
  CapabilityStatement,
  CarePlan,
  MessageHeader,
  OperationOutcome,
  Parameters,
  Patient,
  Practitioner,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, created, NHS_NUMBER, outcomeOf, person, send } from './support.ts';

const mappings = resolve(import.meta.dirname, '../../mappings');
let test: TestGateway;
beforeAll(async () => {
  const clients = {
    ...CLIENTS,
    'writes-plans': ['system/CarePlan.c'],
    'two-types': ['system/Patient.rs', 'system/Task.rs'],
  };
  test = await startTestGateway({}, { clients });
});
afterAll(() => test.stop());

async function codesOf(response: Response): Promise<(string | undefined)[]> {
  const outcome = (await response.json()) as OperationOutcome;
  expect(outcome.resourceType).toBe('OperationOutcome');
  return outcome.issue.map(({ details }) => details?.coding?.[0]?.code);
}

const CARE_PLAN: CarePlan = {
  resourceType: 'CarePlan',
  status: 'active',
  intent: 'plan',
  subject: { identifier: { system: NHS_NUMBER, value: '9990000018' } },
};

describe('$validate (https://hl7.org/fhir/R4/resource-operation-validate.html)', () => {
  it('answers 200 with an OperationOutcome that finds nothing wrong', async () => {
    const response = await send(test, 'POST', 'CarePlan/$validate', CARE_PLAN);
    expect(response.status).toBe(200);
    expect(await codesOf(response)).toEqual([undefined]);
  });

  it('answers 200 with what is wrong, where, and stores nothing', async () => {
    const before = (await test.gateway.store.counts()).resources;
    const response = await send(test, 'POST', 'CarePlan/$validate', { ...CARE_PLAN, status: 'nearly' });
    expect(response.status).toBe(200);
    const outcome = (await response.json()) as OperationOutcome;
    expect(outcome.issue[0]).toMatchObject({ severity: 'error', expression: ['CarePlan.status'] });
    expect(JSON.stringify(outcome)).not.toContain('nearly');
    expect((await test.gateway.store.counts()).resources).toBe(before);
  });

  it('takes a Parameters resource, and checks against the profile that it names', async () => {
    const profile = 'https://ginnel.example/fhir/StructureDefinition/GinnelPatient';
    const nameless: Patient = { resourceType: 'Patient' };
    const asked = (name: string): Parameters => ({
      resourceType: 'Parameters',
      parameter: [
        { name: 'resource', resource: nameless },
        { name: 'profile', valueUri: name },
      ],
    });
    const checked = await send(test, 'POST', 'Patient/$validate', asked(profile));
    expect((await codesOf(checked)).length).toBeGreaterThan(0);
    const plain = await send(test, 'POST', 'Patient/$validate', nameless);
    expect(await codesOf(plain)).toEqual([undefined]);
    const byQuery = await send(test, 'POST', `Patient/$validate?profile=${encodeURIComponent(profile)}`, nameless);
    expect(await codesOf(byQuery)).toEqual(
      await codesOf(await send(test, 'POST', 'Patient/$validate', asked(profile))),
    );
    const unknown = await send(test, 'POST', 'Patient/$validate', asked('https://nowhere.example/P'));
    expect(await codesOf(unknown)).toContain('profile-unknown');
  });

  it('needs no right to read the type, because nothing leaves', async () => {
    const response = await send(test, 'POST', 'CarePlan/$validate', CARE_PLAN, {}, 'writes-plans');
    expect(response.status).toBe(200);
  });

  it('with mode says what a write would be refused for', async () => {
    const { id } = await created(test, CARE_PLAN);
    const mode = (name: string, path: string, body: Resource) =>
      send(test, 'POST', `CarePlan/${path}$validate?mode=${name}`, body).then(codesOf);
    expect(await mode('update', `${id}/`, { ...CARE_PLAN, id })).toEqual([undefined]);
    expect(await mode('update', `${id}/`, { ...CARE_PLAN, id: 'another' })).toEqual(['id-mismatch']);
    expect(await mode('create', `${id}/`, CARE_PLAN)).toEqual(['parameter-invalid']);
    expect(await mode('delete', 'nobody/', CARE_PLAN)).toEqual(['resource-not-found']);
    expect((await send(test, 'POST', 'CarePlan/$validate?mode=perhaps', CARE_PLAN)).status).toBe(400);
  });

  it('by GET checks what is stored, and is 404 where there is nothing', async () => {
    const { id } = await created(test, CARE_PLAN);
    expect(await codesOf(await send(test, 'GET', `CarePlan/${id}/$validate`))).toEqual([undefined]);
    expect(await codesOf(await send(test, 'GET', `CarePlan/${id}/$validate?mode=delete`))).toEqual([undefined]);
    expect(await outcomeOf(await send(test, 'GET', 'CarePlan/nobody/$validate'))).toMatchObject({ status: 404 });
  });

  it('refuses a body of another type, and a parameter that it does not have', async () => {
    expect(await codesOf(await send(test, 'POST', 'Task/$validate', CARE_PLAN))).toEqual(['resource-type-unknown']);
    const told = await outcomeOf(await send(test, 'POST', 'CarePlan/$validate?profil=x', CARE_PLAN));
    expect(told).toMatchObject({ status: 400, code: 'parameter-unknown' });
    expect(told.text).toContain('Is profile meant?');
  });
});

describe('Patient/$everything (https://hl7.org/fhir/R4/patient-operation-everything.html)', () => {
  let patient: Patient & { id: string };
  const requests: string[] = [];
  beforeAll(async () => {
    const practitioner = await created<Practitioner>(test, {
      resourceType: 'Practitioner',
      name: [{ family: 'Holt' }],
    });
    patient = await created(test, person('9990000026', 'Everly'));
    for (let number = 0; number < 7; number += 1) {
      const { id } = await created<ServiceRequest>(test, {
        resourceType: 'ServiceRequest',
        status: 'active',
        intent: 'order',
        subject: { reference: `Patient/${patient.id}` },
        requester: { reference: `Practitioner/${practitioner.id}` },
      });
      requests.push(`ServiceRequest/${id}`);
    }
    const other = await created(test, person('9990000034', 'Otherly'));
    await created<CarePlan>(test, { ...CARE_PLAN, subject: { reference: `Patient/${other.id}` } });
    await created<CarePlan>(test, { ...CARE_PLAN, subject: { reference: `Patient/${patient.id}` } });
  });

  async function pages(path: string, client = 'everything'): Promise<Bundle[]> {
    const found: Bundle[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const response: Response = await test.request(client, next);
      expect(response.status).toBe(200);
      const bundle = (await response.json()) as Bundle;
      found.push(bundle);
      next = bundle.link?.find(({ relation }) => relation === 'next')?.url?.replace(test.gateway.baseUrl, '');
      if (found.length > 20) throw new Error('there is no end of pages');
    }
    return found;
  }
  const matches = (bundles: readonly Bundle[]): string[] =>
    bundles.flatMap(({ entry = [] }) =>
      entry.flatMap(({ search, resource }) =>
        search?.mode === 'match' ? [`${resource?.resourceType}/${resource?.id}`] : [],
      ),
    );

  it('gives the person and all that is about the person, and nobody else', async () => {
    const [bundle] = await pages(`/fhir/Patient/${patient.id}/$everything`);
    const found = matches([bundle as Bundle]);
    expect(found).toEqual(expect.arrayContaining([`Patient/${patient.id}`, ...requests]));
    expect(found.filter((name) => name.startsWith('CarePlan/'))).toHaveLength(1);
    expect(found).toHaveLength(9);
  });

  it('brings the directory entries that a page refers to, marked as included', async () => {
    const [bundle] = await pages(`/fhir/Patient/${patient.id}/$everything`);
    const included = (bundle?.entry ?? []).filter(({ search }) => search?.mode === 'include');
    expect(included.map(({ resource }) => resource?.resourceType)).toEqual(['Practitioner']);
  });

  it('gives every resource once over pages, while others write', async () => {
    const first = (await (
      await test.request('everything', `/fhir/Patient/${patient.id}/$everything?_count=4`)
    ).json()) as Bundle;
    const late = await created<ServiceRequest>(test, {
      resourceType: 'ServiceRequest',
      status: 'draft',
      intent: 'order',
      subject: { reference: `Patient/${patient.id}` },
    });
    const all = matches(await pages(`/fhir/Patient/${patient.id}/$everything?_count=4`));
    expect(new Set(all).size).toBe(all.length);
    expect(all).toEqual(expect.arrayContaining([`Patient/${patient.id}`, ...requests, `ServiceRequest/${late.id}`]));
    const next = first.link?.find(({ relation }) => relation === 'next')?.url?.replace(test.gateway.baseUrl, '') ?? '';
    const rest = matches(await pages(next));
    expect(matches([first]).some((name) => rest.includes(name))).toBe(false);
  });

  it('narrows by _type and _since', async () => {
    const path = `/fhir/Patient/${patient.id}/$everything`;
    expect(new Set(matches(await pages(`${path}?_type=ServiceRequest`)).map((name) => name.split('/')[0]))).toEqual(
      new Set(['ServiceRequest']),
    );
    const future = new Date(Date.now() + 3_600_000).toISOString();
    expect(matches(await pages(`${path}?_since=${future}`))).toEqual([]);
    for (const query of [
      '_since=yesterday',
      '_type=Nothing',
      '_count=many',
      'start=2026-01-01',
      '_cursor=zzz',
      '_cursor=Task/1',
    ]) {
      expect((await test.request('everything', `${path}?${query}`)).status).toBe(400);
    }
  });

  it('gives only types that the caller may read', async () => {
    const found = matches(await pages(`/fhir/Patient/${patient.id}/$everything`, 'two-types'));
    expect(found).toEqual([`Patient/${patient.id}`]);
    expect((await test.request('plan-only', `/fhir/Patient/${patient.id}/$everything`)).status).toBe(403);
  });

  it('is 404 for who was never here and 410 for who was deleted', async () => {
    const gone = await created(test, person('9990000042', 'Goner'));
    await send(test, 'DELETE', `Patient/${gone.id}`);
    expect((await test.request('everything', `/fhir/Patient/${gone.id}/$everything`)).status).toBe(410);
    expect((await test.request('everything', '/fhir/Patient/nobody/$everything')).status).toBe(404);
  });
});

describe('Patient/$match (https://hl7.org/fhir/R4/patient-operation-match.html)', () => {
  beforeAll(async () => {
    const address = [{ line: ['1 Ginnel Row'], postalCode: 'ZZ99 3VZ' }];
    await created(test, person('9990000069', 'Ashworth-Bell', { birthDate: '1948-04-11', gender: 'female', address }));
    await created(test, {
      ...person('9990000077', 'Ashworth', { birthDate: '1971-09-30', gender: 'male' }),
      name: [{ family: 'Ashworth', given: ['Peter'] }],
    });
  });
  const ask = async (asked: Partial<Patient>, more: Parameters['parameter'] = []): Promise<Bundle> => {
    const body: Parameters = {
      resourceType: 'Parameters',
      parameter: [{ name: 'resource', resource: { resourceType: 'Patient', ...asked } as Patient }, ...more],
    };
    const response = await send(test, 'POST', 'Patient/$match', body);
    expect(response.status).toBe(200);
    return (await response.json()) as Bundle;
  };
  const told = (bundle: Bundle) =>
    (bundle.entry ?? []).map(({ search, resource }) => [
      (resource as Patient).name?.[0]?.family,
      search?.extension?.[0]?.valueCode,
      search?.score,
    ]);

  it('is certain of an NHS number with the same date of birth', async () => {
    const bundle = await ask({ identifier: [{ system: NHS_NUMBER, value: '999 000 0069' }], birthDate: '1948-04-11' });
    expect(told(bundle)).toEqual([['Ashworth-Bell', 'certain', 1]]);
  });

  it('is not certain where the number is right and the date of birth is another', async () => {
    const bundle = await ask({ identifier: [{ system: NHS_NUMBER, value: '9990000069' }], birthDate: '1999-12-01' });
    expect(told(bundle).map(([, grade]) => grade)).toEqual(['possible']);
  });

  it('never joins two different NHS numbers, however alike the rest', async () => {
    const bundle = await ask({
      identifier: [{ system: NHS_NUMBER, value: '9990000085' }],
      name: [{ family: 'Ashworth-Bell', given: ['Iris'] }],
      birthDate: '1948-04-11',
      gender: 'female',
    });
    expect(told(bundle)).toEqual([]);
  });

  it('without a number finds by name, date of birth and postcode, written as people write them', async () => {
    const asked: Partial<Patient> = {
      name: [{ family: 'ashworth-bell', given: ['Iris'] }],
      birthDate: '1948-04-11',
      gender: 'female',
      address: [{ postalCode: 'zz993vz' }],
    };
    expect(told(await ask(asked))).toEqual([['Ashworth-Bell', 'certain', 0.94]]);
    const certain = await ask(asked, [{ name: 'onlyCertainMatches', valueBoolean: true }]);
    expect(certain.entry).toHaveLength(1);
  });

  it('finds a married name and a transposed date, as less than certain', async () => {
    const bundle = await ask({ name: [{ family: 'Bell', given: ['Iris'] }], birthDate: '1948-11-04' });
    expect(told(bundle).filter(([, grade]) => grade === 'certain')).toEqual([]);
    const married = await ask({
      name: [{ family: 'Bell', given: ['Iris'] }],
      birthDate: '1948-04-11',
      gender: 'female',
      address: [{ postalCode: 'ZZ99 3VZ' }],
    });
    expect(told(married)).toEqual([['Ashworth-Bell', 'probable', 0.83]]);
  });

  it('is certain of nobody where two fit equally', async () => {
    for (const number of ['9990000093', '9990000107']) {
      await created(
        test,
        person(number, 'Twinn', { birthDate: '2001-01-02', gender: 'male', address: [{ postalCode: 'ZZ99 3WZ' }] }),
      );
    }
    const asked: Partial<Patient> = {
      name: [{ family: 'Twinn', given: ['Iris'] }],
      birthDate: '2001-01-02',
      gender: 'male',
      address: [{ postalCode: 'ZZ99 3WZ' }],
    };
    expect(told(await ask(asked)).map(([, grade]) => grade)).toEqual(['probable', 'probable']);
    expect((await ask(asked, [{ name: 'onlyCertainMatches', valueBoolean: true }])).entry).toBeUndefined();
    expect((await ask(asked, [{ name: 'count', valueInteger: 1 }])).entry).toHaveLength(1);
  });

  it('gives the surviving record for one that was merged away', async () => {
    const survivor = await created(test, person('9990000115', 'Merger', { birthDate: '1933-03-03' }));
    await created(test, {
      resourceType: 'Patient',
      active: false,
      identifier: [{ system: 'https://stockport.example/Id/local', value: 'L-77' }],
      name: [{ family: 'Merger', given: ['Iris'] }],
      birthDate: '1933-03-03',
      link: [{ other: { reference: `Patient/${survivor.id}` }, type: 'replaced-by' }],
    });
    const bundle = await ask({ identifier: [{ system: 'https://stockport.example/Id/local', value: 'L-77' }] });
    expect(bundle.entry?.map(({ resource, search }) => [resource?.id, search?.extension?.[0]?.valueCode])).toEqual([
      [survivor.id, 'probable'],
    ]);
    const named = await ask({ name: [{ family: 'Merger', given: ['Iris'] }], birthDate: '1933-03-03' });
    expect(named.entry?.map(({ resource }) => resource?.id)).toEqual([survivor.id]);
  });

  it('refuses what is too little to find anybody by, and what is no Patient', async () => {
    for (const asked of [{}, { birthDate: '1948-04-11' }, { gender: 'female' as const }]) {
      const body = {
        resourceType: 'Parameters',
        parameter: [{ name: 'resource', resource: { resourceType: 'Patient', ...asked } }],
      };
      expect((await send(test, 'POST', 'Patient/$match', body)).status).toBe(400);
    }
    expect((await send(test, 'POST', 'Patient/$match', { resourceType: 'Task' })).status).toBe(400);
  });
});

describe('ConceptMap/$translate (https://hl7.org/fhir/R4/conceptmap-operation-translate.html)', () => {
  const url = 'https://ginnel.example/fhir/ConceptMap/bars-service-request-nhs-number-status';
  const matchesOf = (answer: Parameters) =>
    (answer.parameter ?? []).filter(({ name }) => name === 'match').map(({ part }) => part ?? []);
  const result = (answer: Parameters) => answer.parameter?.find(({ name }) => name === 'result')?.valueBoolean;

  it('translates by the code maps of the mappings in use', async () => {
    const rows = readFileSync(resolve(mappings, 'bars/service-request/codes/nhs-number-status.csv'), 'utf8').split(
      '\n',
    );
    const [source = '', system, code] = (rows[1] ?? '').split(',');
    const response = await send(test, 'GET', `ConceptMap/$translate?url=${url}&code=${encodeURIComponent(source)}`);
    const answer = (await response.json()) as Parameters;
    expect([response.status, result(answer)]).toEqual([200, true]);
    expect(matchesOf(answer)[0]?.find(({ name }) => name === 'concept')?.valueCoding).toMatchObject({ system, code });
    expect(matchesOf(answer)[0]?.find(({ name }) => name === 'source')?.valueUri).toBe(url);
  });

  it('says false for a code that has no row, and 404 for a map that is not in use', async () => {
    const none = (await (
      await send(test, 'GET', `ConceptMap/$translate?url=${url}&code=nothing-like-it`)
    ).json()) as Parameters;
    expect(result(none)).toBe(false);
    expect((await send(test, 'GET', 'ConceptMap/$translate?url=https://x.example/none&code=a')).status).toBe(404);
    expect((await send(test, 'GET', 'ConceptMap/$translate')).status).toBe(400);
  });

  it('translates by a stored ConceptMap, there and back', async () => {
    const { id } = await created(test, {
      resourceType: 'ConceptMap',
      status: 'active',
      url: 'https://x.example/map',
      group: [
        {
          source: 'https://x.example/from',
          target: 'https://x.example/to',
          element: [
            { code: 'a', target: [{ code: 'A', equivalence: 'equivalent' }] },
            { code: 'b', target: [{ code: 'B', equivalence: 'wider' }] },
            { code: 'c', target: [{ equivalence: 'unmatched' }] },
          ],
        },
      ],
    });
    const ask = async (query: string) =>
      (await (await send(test, 'GET', `ConceptMap/${id}/$translate?${query}`)).json()) as Parameters;
    expect(result(await ask('code=a&system=https://x.example/from'))).toBe(true);
    expect(result(await ask('code=a&system=https://x.example/elsewhere'))).toBe(false);
    expect(result(await ask('code=c&system=https://x.example/from'))).toBe(false);
    expect(result(await ask('code=a&system=https://x.example/from&targetsystem=https://x.example/other'))).toBe(false);
    const back = await ask('code=B&system=https://x.example/to&reverse=true');
    expect(matchesOf(back)[0]).toEqual(
      expect.arrayContaining([
        { name: 'equivalence', valueCode: 'narrower' },
        { name: 'concept', valueCoding: { system: 'https://x.example/from', code: 'b' } },
      ]),
    );
    const body: Parameters = {
      resourceType: 'Parameters',
      parameter: [{ name: 'coding', valueCoding: { system: 'https://x.example/from', code: 'a' } }],
    };
    expect(result((await (await send(test, 'POST', `ConceptMap/${id}/$translate`, body)).json()) as Parameters)).toBe(
      true,
    );
  });
});

describe('$process-message (https://hl7.org/fhir/R4/messageheader-operation-process-message.html)', () => {
  const input = readFileSync(resolve(mappings, 'bars/service-request/cases/01-minimal/input.json'), 'utf8');
  const post = (body: string, client = 'stockport-urgent-care', headers: Record<string, string> = {}) =>
    test.request(client, '/fhir/$process-message', {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', ...headers },
      body,
    });
  const headerOf = (bundle: Bundle) => bundle.entry?.[0]?.resource as MessageHeader;

  it('takes the path of every message and answers with a message', async () => {
    const response = await post(input);
    const answer = (await response.json()) as Bundle;
    expect([response.status, answer.resourceType, answer.type]).toEqual([200, 'Bundle', 'message']);
    const sent = headerOf(JSON.parse(input) as Bundle);
    expect(headerOf(answer)).toMatchObject({
      resourceType: 'MessageHeader',
      eventCoding: sent.eventCoding,
      response: { code: 'ok', identifier: sent.id ?? (JSON.parse(input) as Bundle).id },
    });
    const [message] = await test.gateway.store.messages({ partner: 'stockport-urgent-care' });
    expect(message).toMatchObject({ state: 'accepted', channel: 'referrals' });
    const focus = headerOf(answer).focus?.map(({ reference }) => reference) ?? [];
    expect(focus.some((reference) => reference?.includes('/ServiceRequest/'))).toBe(true);
  });

  it('gives the same message the same answer, and changes nothing', async () => {
    const first = headerOf((await (await post(input)).json()) as Bundle);
    const before = await test.gateway.store.counts();
    expect(headerOf((await (await post(input)).json()) as Bundle)).toEqual(first);
    expect(await test.gateway.store.counts()).toEqual(before);
  });

  it('answers fatal-error with an OperationOutcome for what is refused, and keeps it', async () => {
    const refused = readFileSync(
      resolve(mappings, 'bars/service-request/cases/07-refused-validation/input.json'),
      'utf8',
    );
    const answer = (await (await post(refused)).json()) as Bundle;
    expect(headerOf(answer).response?.code).toBe('fatal-error');
    const details = headerOf(answer).response?.details?.reference;
    const outcome = answer.entry?.find(({ fullUrl }) => fullUrl === details)?.resource as OperationOutcome;
    expect(outcome.issue[0]?.severity).toBe('error');
    const [message] = await test.gateway.store.messages({ partner: 'stockport-urgent-care', state: 'refused' });
    expect(message?.id).toBe(headerOf(answer).id);
  });

  it('refuses what is no message, has no header or event, or tells of an event that no channel takes', async () => {
    const bundle = JSON.parse(input) as Bundle;
    const withHeader = (more: object): string => {
      const [first, ...others] = bundle.entry ?? [];
      return JSON.stringify({ ...bundle, entry: [{ ...first, resource: { ...first?.resource, ...more } }, ...others] });
    };
    const cases: [string, string, number][] = [
      [JSON.stringify({ ...bundle, type: 'collection' }), 'resource-invalid', 422],
      [JSON.stringify({ ...bundle, entry: bundle.entry?.slice(1) }), 'element-required', 422],
      [withHeader({ eventCoding: undefined }), 'element-required', 422],
      [withHeader({ eventCoding: { system: 'https://x.example', code: 'other' } }), 'message-type-unsupported', 400],
      [withHeader({ response: { identifier: 'x', code: 'ok' } }), 'message-type-unsupported', 400],
    ];
    for (const [body, code, status] of cases) {
      expect(await outcomeOf(await post(body))).toMatchObject({ status, code });
    }
    const response = await test.request('stockport-urgent-care', '/fhir/$process-message?async=true', {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: input,
    });
    expect(await outcomeOf(response)).toMatchObject({ status: 400, code: 'parameter-unsupported' });
  });

  it('is for those that may send messages, each as its own partner', async () => {
    expect(await outcomeOf(await post(input, 'plan-only'))).toMatchObject({ status: 403, code: 'scope-insufficient' });
    expect(await outcomeOf(await post(input, 'heaton-practice'))).toMatchObject({ code: 'message-type-unsupported' });
  });

  it('cannot be an entry of a batch', async () => {
    const batch: Bundle = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method: 'POST', url: '$process-message' }, resource: JSON.parse(input) as Bundle }],
    };
    const answer = (await (await send(test, 'POST', '', batch)).json()) as Bundle;
    expect(answer.entry?.[0]?.response?.status).toMatch(/^4/);
  });
});

describe('$convert (https://hl7.org/fhir/R4/resource-operation-convert.html)', () => {
  it('gives back what came, digits and all, and stores nothing', async () => {
    const body = '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.00}}';
    const response = await test.request('plan-only', '/fhir/$convert', {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body,
    });
    expect([response.status, await response.text()]).toEqual([200, body]);
  });
});

describe('the CapabilityStatement', () => {
  it('names every operation where it can be called, by its definition', async () => {
    const statement = (await (await fetch(`${test.gateway.baseUrl}/fhir/metadata`)).json()) as CapabilityStatement;
    const rest = statement.rest?.[0];
    const onType = (type: string) =>
      (rest?.resource?.find((one) => one.type === type)?.operation ?? []).map(({ name }) => name).sort();
    expect(onType('Patient')).toEqual(['everything', 'match', 'shared-care-plan', 'validate']);
    expect(onType('ConceptMap')).toEqual(['translate', 'validate']);
    expect(onType('Task')).toEqual(['validate']);
    expect(rest?.operation).toEqual([
      { name: 'convert', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-convert' },
      { name: 'process-message', definition: 'http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message' },
    ]);
  });
});
