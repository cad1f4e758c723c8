import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { MedplumClient } from '@medplum/core';
import type { Bundle, CarePlan, OperationOutcome, Patient } from '@medplum/fhirtypes';
import { Client as FhirKitClient } from 'fhir-kit-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDemoKey } from '../../src/auth/demo-clients.ts';
import { signAssertion } from '../../src/auth/sign-assertion.ts';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, NHS_NUMBER, person } from './support.ts';

/** What we use of fhirclient. Its own types are those of a browser, which would become those of all our code. */
interface SmartClient {
  getFhirVersion(): Promise<string>;
  create<T>(resource: object): Promise<T>;
  update(resource: object): Promise<unknown>;
  patch(url: string, operations: readonly object[]): Promise<unknown>;
  delete(url: string): Promise<unknown>;
  request(what: string | object, options?: object): Promise<unknown>;
}
type Smart = (request: object, response: object, storage: object) => { client(state: object): SmartClient };
const smart = createRequire(import.meta.url)('fhirclient') as Smart;

let test: TestGateway;
const numbers = testNhsNumbers(20);
const nextNumber = (): string => numbers.pop() ?? '';
beforeAll(async () => {
  test = await startTestGateway({}, { clients: CLIENTS });
});
afterAll(() => test.stop());

/** What a client signs to prove who it is (SMART Backend Services), for the token endpoint that discovery names. */
async function assertion(tokenUrl: string): Promise<string> {
  const key = await loadDemoKey(test.dataFolder, 'everything');
  if (key === undefined) throw new Error('there is no key');
  return signAssertion({ clientId: 'everything', key, tokenUrl, now: new Date(), jti: randomUUID() });
}

/** A token as any OAuth client asks for one. */
async function takeToken(tokenUrl: string): Promise<string> {
  const response = await fetch(tokenUrl, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'system/*.cruds',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(tokenUrl),
    }),
  });
  const body = (await response.json()) as { access_token: string; token_type: string };
  expect([response.status, body.token_type.toLowerCase()]).toEqual([200, 'bearer']);
  return body.access_token;
}

/** A person and three plans of his that refer to him before he has an id. */
function planBundle(nhsNumber: string, title: string): Bundle {
  const subject = `urn:uuid:${randomUUID()}`;
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { fullUrl: subject, resource: person(nhsNumber, 'Pilling'), request: { method: 'POST', url: 'Patient' } },
      ...[1, 2, 3].map((n) => ({
        resource: {
          resourceType: 'CarePlan' as const,
          status: 'active' as const,
          intent: 'plan' as const,
          title: `${title} ${n}`,
          subject: { reference: subject },
        },
        request: { method: 'POST' as const, url: 'CarePlan' },
      })),
    ],
  };
}

const statuses = (bundle: Bundle): (string | undefined)[] =>
  (bundle.entry ?? []).map(({ response }) => response?.status?.slice(0, 3));
const titles = (bundle: Bundle): string[] =>
  (bundle.entry ?? []).flatMap(({ resource }) => (resource?.resourceType === 'CarePlan' ? [resource.title ?? ''] : []));

describe('fhir-kit-client, as it comes from its makers', () => {
  let client: FhirKitClient;

  it('finds the token endpoint by discovery, and takes a token', async () => {
    client = new FhirKitClient({ baseUrl: `${test.gateway.baseUrl}/fhir` });
    const { tokenUrl } = await client.smartAuthMetadata();
    expect(String(tokenUrl)).toBe(`${test.gateway.baseUrl}/auth/token`);
    client.bearerToken = await takeToken(String(tokenUrl));
    expect(await client.capabilityStatement()).toMatchObject({
      resourceType: 'CapabilityStatement',
      fhirVersion: '4.0.1',
    });
  });

  it('creates, reads, updates, patches, deletes, and reads versions and history', async () => {
    const resourceType = 'Patient';
    const made = (await client.create({
      resourceType,
      body: person(nextNumber(), 'Nuttall') as never,
    })) as unknown as Patient;
    const id = made.id ?? '';
    expect(await client.read({ resourceType, id })).toEqual(made);
    const updated = await client.update({ resourceType, id, body: { ...made, active: true } as never });
    expect(updated).toMatchObject({ active: true, meta: { versionId: '2' } });
    const jsonPatch = [{ op: 'replace' as const, path: '/active', value: false }];
    expect(await client.patch({ resourceType, id, jsonPatch })).toMatchObject({ active: false });
    expect(await client.vread({ resourceType, id, version: '2' })).toEqual(updated);
    await client.delete({ resourceType, id });
    await expect(client.read({ resourceType, id })).rejects.toMatchObject({ response: { status: 410 } });
    const history = (await client.history({ resourceType, id })) as unknown as Bundle;
    expect(statuses(history)).toEqual(['204', '200', '200', '201']);
    const ofType = (await client.typeHistory({ resourceType })) as unknown as Bundle;
    expect(ofType.entry?.[0]).toMatchObject({ request: { method: 'DELETE', url: `Patient/${id}` } });
    const ofSystem = (await client.systemHistory()) as unknown as Bundle;
    expect(ofSystem).toMatchObject({ type: 'history' });
  });

  it('sends a transaction, searches by GET and POST, and follows the pages', async () => {
    const number = nextNumber();
    const answer = (await client.transaction({ body: planBundle(number, 'kit') as never })) as unknown as Bundle;
    expect(statuses(answer)).toEqual(['201', '201', '201', '201']);
    const searchParams = { 'patient.identifier': `${NHS_NUMBER}|${number}`, _count: 2 };
    const first = (await client.search({ resourceType: 'CarePlan', searchParams })) as unknown as Bundle;
    const second = (await client.nextPage({ bundle: first as never })) as unknown as Bundle;
    expect([...titles(first), ...titles(second)].sort()).toEqual(['kit 1', 'kit 2', 'kit 3']);
    expect(await client.nextPage({ bundle: second as never })).toBeUndefined();
    const posted = (await client.search({
      resourceType: 'CarePlan',
      searchParams: { 'patient.identifier': `${NHS_NUMBER}|${number}` },
      options: { postSearch: true },
    })) as unknown as Bundle;
    expect(titles(posted).length).toBe(3);
    const [plan] = first.entry ?? [];
    const resolved = await client.resolve({
      reference: (plan?.resource as CarePlan | undefined)?.subject.reference ?? '',
    });
    expect(resolved).toMatchObject({ name: [{ family: 'Pilling' }] });
    const batch = (await client.batch({
      body: {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [
          { request: { method: 'GET', url: `Patient?identifier=${NHS_NUMBER}|${number}` } },
          { request: { method: 'GET', url: 'Patient/none' } },
        ],
      } as never,
    })) as unknown as Bundle;
    expect(statuses(batch)).toEqual(['200', '404']);
  });
});

describe('fhirclient (SMART), as it comes from its makers', () => {
  let client: SmartClient;

  it('takes a token of the endpoint that discovery names', async () => {
    const serverUrl = `${test.gateway.baseUrl}/fhir`;
    const found = await fetch(`${serverUrl}/.well-known/smart-configuration`);
    const { token_endpoint: tokenUri } = (await found.json()) as { token_endpoint: string };
    // In Node the library wants a request to its own application and the answer to it; for its API it needs neither.
    const request = { headers: { host: 'app.example' }, socket: {}, url: '/' };
    const storage = {
      get: async () => undefined,
      set: async (_key: string, value: unknown) => value,
      unset: async () => true,
    };
    client = smart(request, {}, storage).client({
      serverUrl,
      tokenUri,
      tokenResponse: { access_token: await takeToken(tokenUri), token_type: 'bearer' },
    });
    expect(await client.getFhirVersion()).toBe('4.0.1');
  });

  it('creates, reads, updates, patches, deletes, and reads the history', async () => {
    const made = await client.create<Patient & { id: string }>(person(nextNumber(), 'Ogden') as never);
    const url = `Patient/${made.id}`;
    expect(await client.request(url)).toEqual(made);
    expect(await client.update({ ...made, active: true } as never)).toMatchObject({ active: true });
    const operations = [{ op: 'replace' as const, path: '/active', value: false }];
    expect(await client.patch(url, operations)).toMatchObject({ active: false, meta: { versionId: '3' } });
    await client.delete(url);
    await expect(client.request(url)).rejects.toMatchObject({ statusCode: 410 });
    expect(statuses((await client.request(`${url}/_history`)) as Bundle)).toEqual(['204', '200', '200', '201']);
  });

  it('sends a transaction, searches, follows the pages, and resolves references', async () => {
    const number = nextNumber();
    const answer = await client.request({
      url: '',
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify(planBundle(number, 'smart')),
    });
    expect(statuses(answer as Bundle)).toEqual(['201', '201', '201', '201']);
    const query = `CarePlan?patient.identifier=${NHS_NUMBER}|${number}&_count=2`;
    const all = (await client.request(query, { pageLimit: 0, flat: true })) as CarePlan[];
    expect(all.map(({ title }) => title).sort()).toEqual(['smart 1', 'smart 2', 'smart 3']);
    const resolved = (await client.request(query, { resolveReferences: 'subject', graph: true, flat: true })) as {
      subject: Patient;
    }[];
    expect(resolved[0]?.subject.name?.[0]?.family).toBe('Pilling');
  });
});

describe('MedplumClient, as it comes from its makers', () => {
  it('takes a token, sends a transaction, searches and follows the pages', async () => {
    const tokenUrl = `${test.gateway.baseUrl}/auth/token`;
    const client = new MedplumClient({
      baseUrl: test.gateway.baseUrl,
      fhirUrlPath: 'fhir',
      tokenUrl,
      cacheTime: 0,
      maxRetries: 0,
    });
    client.setAccessToken(await takeToken(tokenUrl));
    const number = nextNumber();
    expect(statuses(await client.executeBatch(planBundle(number, 'medplum')))).toEqual(['201', '201', '201', '201']);
    const found: string[] = [];
    const query = `patient.identifier=${NHS_NUMBER}|${number}&_count=2`;
    for await (const page of client.searchResourcePages('CarePlan', query)) {
      found.push(...page.map(({ title }) => title ?? ''));
    }
    expect(found.sort()).toEqual(['medplum 1', 'medplum 2', 'medplum 3']);
  });

  it('tells failures as they are', async () => {
    const client = new MedplumClient({
      baseUrl: test.gateway.baseUrl,
      fhirUrlPath: 'fhir',
      cacheTime: 0,
      maxRetries: 0,
    });
    client.setAccessToken(await test.token('everything'));
    const fault = await client.readResource('Patient', 'none').catch((thrown: { outcome: OperationOutcome }) => thrown);
    expect(fault).toMatchObject({ outcome: { issue: [{ code: 'not-found' }] } });
  });
});
