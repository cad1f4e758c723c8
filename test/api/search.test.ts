import type { Bundle, Patient, ServiceRequest } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, created, FHIR_JSON, NHS_NUMBER, outcomeOf, person } from './support.ts';

let test: TestGateway;
let kershaw: Patient & { id: string };
let lomax: Patient & { id: string };
const requests: string[] = [];
beforeAll(async () => {
  test = await startTestGateway({}, { clients: CLIENTS });
  kershaw = await created(test, person('9990000018', 'Kershaw', { birthDate: '1941-04-17', gender: 'female' }));
  lomax = await created(test, person('9990000026', 'Lomax', { birthDate: '1960-12-31', gender: 'male' }));
  for (const [patient, status] of [
    [kershaw, 'active'],
    [kershaw, 'completed'],
    [lomax, 'active'],
  ] as const) {
    const made = await created<ServiceRequest>(test, {
      resourceType: 'ServiceRequest',
      status,
      intent: 'order',
      subject: { reference: `Patient/${patient.id}` },
      authoredOn: '2026-04-14',
    });
    requests.push(made.id);
  }
});
afterAll(() => test.stop());

async function search(path: string, init?: RequestInit): Promise<Bundle> {
  const response = await test.request('everything', `/fhir/${path}`, init);
  const body = await response.json();
  expect([path, response.status, response.headers.get('content-type')]).toEqual([path, 200, FHIR_JSON]);
  return body as Bundle;
}

const idsOf = (bundle: Bundle): (string | undefined)[] => (bundle.entry ?? []).map(({ resource }) => resource?.id);
const linkOf = (bundle: Bundle, relation: string): string | undefined =>
  bundle.link?.find((link) => link.relation === relation)?.url;

describe('search (https://hl7.org/fhir/R4/search.html)', () => {
  it('by identifier gives a searchset with fullUrl, search mode and a self link of our own address', async () => {
    const bundle = await search(`Patient?identifier=${encodeURIComponent(`${NHS_NUMBER}|9990000018`)}`);
    expect(bundle).toMatchObject({
      resourceType: 'Bundle',
      type: 'searchset',
      entry: [
        {
          fullUrl: `${test.gateway.baseUrl}/fhir/Patient/${kershaw.id}`,
          resource: kershaw,
          search: { mode: 'match' },
        },
      ],
    });
    expect(linkOf(bundle, 'self')).toBe(
      `${test.gateway.baseUrl}/fhir/Patient?identifier=${encodeURIComponent(`${NHS_NUMBER}|9990000018`)}`,
    );
    expect(linkOf(bundle, 'next')).toBeUndefined();
  });

  it.each([
    ['Patient?identifier=9990000026', () => [lomax.id]],
    ['Patient?name=kersh', () => [kershaw.id]],
    ['Patient?family:exact=kershaw', () => []],
    ['Patient?family:exact=Kershaw', () => [kershaw.id]],
    ['Patient?gender=female', () => [kershaw.id]],
    ['Patient?gender=female,male', () => [kershaw.id, lomax.id]],
    ['Patient?gender:not=female', () => [lomax.id]],
    ['Patient?birthdate=1941', () => [kershaw.id]],
    ['Patient?birthdate=ge1950-01-01', () => [lomax.id]],
    ['Patient?birthdate=lt1941-04-17', () => []],
    ['Patient?_id=none', () => []],
    ['ServiceRequest?status=completed', () => [requests[1]]],
    ['ServiceRequest?authored=2026-04&status=active', () => [requests[0], requests[2]]],
    ['ServiceRequest?patient.identifier=9990000026', () => [requests[2]]],
    [`ServiceRequest?patient.identifier=${NHS_NUMBER}%7C9990000018&status=active`, () => [requests[0]]],
    ['ServiceRequest?patient.identifier=9990000115', () => []],
  ])('%s finds what it says', async (query, expected) => {
    expect(idsOf(await search(query))).toEqual(expected());
  });

  it('by patient finds what is about them, by id and by reference', async () => {
    for (const value of [kershaw.id, `Patient/${kershaw.id}`, `${test.gateway.baseUrl}/fhir/Patient/${kershaw.id}`]) {
      expect([value, idsOf(await search(`ServiceRequest?patient=${value}`))]).toEqual([
        value,
        [requests[0], requests[1]],
      ]);
    }
  });

  it('by POST takes the parameters of the form and of the address together', async () => {
    const bundle = await search('ServiceRequest/_search?status=active', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `patient=${lomax.id}`,
    });
    expect(idsOf(bundle)).toEqual([requests[2]]);
    expect(linkOf(bundle, 'self')).toBe(
      `${test.gateway.baseUrl}/fhir/ServiceRequest?status=active&patient=${lomax.id}`,
    );
  });

  it('by POST heeds the form also where the address ends in a slash', async () => {
    const bundle = await search('Patient/_search/', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'identifier=9990000026',
    });
    expect(idsOf(bundle)).toEqual([lomax.id]);
  });

  it('by POST refuses a form that is no form, is too large, or has too many parameters', async () => {
    const send = (body: string, type = 'application/x-www-form-urlencoded'): Promise<Response> =>
      test.request('everything', '/fhir/Patient/_search', { method: 'POST', headers: { 'Content-Type': type }, body });
    expect((await outcomeOf(await send('{"identifier":"x"}', 'application/json'))).status).toBe(415);
    const large = await outcomeOf(await send('a&'.repeat(LIMITS.searchFormBytesMax)));
    expect([large.status, large.code]).toEqual([413, 'body-too-large']);
    expect(large.text).toContain(String(LIMITS.searchFormBytesMax));
    const many = await outcomeOf(await send('name=a&'.repeat(LIMITS.searchParametersMax + 1)));
    expect([many.status, many.code]).toEqual([400, 'parameter-invalid']);
  });

  it('answers 400 to an unknown parameter and names the nearest', async () => {
    const answer = await outcomeOf(await test.request('everything', '/fhir/Patient?birthdat=1941'));
    expect([answer.status, answer.code]).toEqual([400, 'parameter-unknown']);
    expect(answer.text).toContain('birthdate');
  });

  it.each([
    'Patient?birthdate=soon',
    'Patient?_count=some',
    'Patient?_count=-1',
    'Patient?_total=roughly',
    'Patient?_cursor=eyJ9',
    'Patient?_cursor=',
    'Patient?gender:nearly=male',
    'Patient?_sort=nmae',
    'Patient?_sort=',
    'ServiceRequest?patient.nonsense=1',
    'ServiceRequest?patient.identifier.value=1',
    'Patient?__proto__=1',
    'Patient?constructor=1',
    'Patient?_count=1&_count=2',
  ])('answers 400 to %s', async (query) => {
    const answer = await outcomeOf(await test.request('everything', `/fhir/${query}`));
    expect(answer.status).toBe(400);
    expect(answer.text).not.toBe('');
  });

  it('does not repeat what was searched for in an error', async () => {
    const answer = await outcomeOf(await test.request('everything', '/fhir/Patient?birthdate=9990000018'));
    expect(answer.text).not.toContain('9990000018');
  });

  it('counts on demand: _total=accurate, and _count=0 for the total alone', async () => {
    expect((await search('ServiceRequest?status=active')).total).toBeUndefined();
    expect((await search('ServiceRequest?status=active&_total=accurate&_count=1')).total).toBe(2);
    const counted = await search('ServiceRequest?_count=0');
    expect([counted.total, counted.entry]).toEqual([3, undefined]);
  });

  it('puts the names of what was asked by into the audit, and whose records left, but no value', async () => {
    const correlationId = crypto.randomUUID();
    await search('Patient?identifier=9990000018', { headers: { 'X-Correlation-Id': correlationId } });
    const trail = await test.gateway.store.audit({ limit: 1000 });
    const [event] = trail.filter(({ content }) => content.includes(correlationId));
    expect(event?.patient).toBe(kershaw.id);
    const { entity } = JSON.parse(event?.content ?? '') as { entity: { query?: string }[] };
    const query = entity.flatMap((one) => (one.query === undefined ? [] : Buffer.from(one.query, 'base64').toString()));
    expect(query).toEqual(['Patient?identifier']);
  });
});

describe('paging (https://hl7.org/fhir/R4/http.html#paging)', () => {
  it('gives every match once and in order, while others write', async () => {
    const numbers = testNhsNumbers(50);
    const made: string[] = [];
    for (const number of numbers.slice(10, 22)) made.push((await created(test, person(number, 'Mather'))).id);
    const seen: (string | undefined)[] = [];
    let url: string | undefined = `${test.gateway.baseUrl}/fhir/Patient?family=Mather&_count=5`;
    let pages = 0;
    while (url !== undefined) {
      expect(url.startsWith(`${test.gateway.baseUrl}/fhir/Patient?`)).toBe(true);
      const bundle: Bundle = await search(url.slice(`${test.gateway.baseUrl}/fhir/`.length));
      expect(linkOf(bundle, 'self')).toBe(url);
      expect(linkOf(bundle, 'previous') === undefined).toBe(pages === 0);
      seen.push(...idsOf(bundle));
      if (pages === 0) await created(test, person(numbers[30] ?? '', 'Mather'));
      url = linkOf(bundle, 'next');
      pages += 1;
    }
    expect(seen.slice(0, 12)).toEqual(made);
    expect(new Set(seen).size).toBe(seen.length);
    expect(pages).toBe(3);
  });

  it('gives no next link after the last page, also when it is full', async () => {
    const all = await search('ServiceRequest?_count=3');
    expect([all.entry?.length, linkOf(all, 'next')]).toEqual([3, undefined]);
  });

  it('never gives more than the bound', async () => {
    const bundle = await search('Patient?_count=100000');
    expect(bundle.entry?.length).toBeLessThanOrEqual(LIMITS.searchCountMax);
  });
});
