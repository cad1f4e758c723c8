import type { Bundle, BundleEntry, Library, OperationOutcome, Patient, ServiceRequest } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, created, NHS_NUMBER, outcomeOf, person, send } from './support.ts';

let test: TestGateway;
const numbers = testNhsNumbers(60);
const nextNumber = (): string => numbers.pop() ?? '';
const LOCAL = 'https://stockport.example/Id/local';
const SNOMED = 'http://snomed.info/sct';
const OCCUPATIONAL_THERAPY = [{ coding: [{ system: SNOMED, code: '306167008' }] }];

beforeAll(async () => {
  test = await startTestGateway(
    {},
    {
      clients: {
        ...CLIENTS,
        'patient-creator': ['system/Patient.crs'],
        'no-search': ['system/*.cu'],
      },
    },
  );
});
afterAll(() => test.stop());

const post = (resource: object, more: object = {}, request: object = {}): BundleEntry =>
  ({
    ...more,
    resource,
    request: { method: 'POST', url: (resource as { resourceType: string }).resourceType, ...request },
  }) as BundleEntry;
const get = (url: string): BundleEntry => ({ request: { method: 'GET', url } });
const uuid = (): string => `urn:uuid:${crypto.randomUUID()}`;
const referral = (subject: string, more = {}): ServiceRequest => ({
  resourceType: 'ServiceRequest',
  status: 'active',
  intent: 'order',
  category: OCCUPATIONAL_THERAPY,
  subject: { reference: subject },
  ...more,
});

function sendBundle(
  type: 'batch' | 'transaction',
  entry: readonly BundleEntry[],
  headers: Record<string, string> = {},
  client = 'everything',
): Promise<Response> {
  return send(test, 'POST', '', { resourceType: 'Bundle', type, entry }, headers, client);
}

async function done(
  type: 'batch' | 'transaction',
  entry: readonly BundleEntry[],
  headers = {},
): Promise<BundleEntry[]> {
  const response = await sendBundle(type, entry, headers);
  const bundle = (await response.json()) as Bundle;
  expect([response.status, bundle.type], JSON.stringify(bundle)).toEqual([200, `${type}-response`]);
  return bundle.entry ?? [];
}

const statusesOf = (entries: readonly BundleEntry[]): (string | undefined)[] =>
  entries.map(({ response }) => response?.status);
const idOf = (entry: BundleEntry | undefined): string =>
  /\/([^/]+)\/_history\//.exec(entry?.response?.location ?? '')?.[1] ?? '';
const resourcesNow = async (): Promise<number> => (await test.gateway.store.counts()).resources;

/** What a refused transaction says, and that it did nothing. */
async function refused(entry: readonly BundleEntry[], client = 'everything'): Promise<[number, string, string]> {
  const before = await resourcesNow();
  const response = await sendBundle('transaction', entry, {}, client);
  const outcome = (await response.json()) as OperationOutcome;
  expect(outcome.resourceType).toBe('OperationOutcome');
  expect(await resourcesNow()).toBe(before);
  const [first] = outcome.issue ?? [];
  return [response.status, first?.details?.coding?.[0]?.code ?? '', first?.expression?.[0] ?? ''];
}

describe('transaction (https://hl7.org/fhir/R4/http.html#trules)', () => {
  it('stores all entries and answers in their order, with status, location, etag and time', async () => {
    const [patient, request] = [uuid(), uuid()];
    const entries = await done('transaction', [
      post(referral(patient), { fullUrl: request }),
      post(person(nextNumber(), 'Kay'), { fullUrl: patient }),
    ]);
    expect(statusesOf(entries)).toEqual(['201 Created', '201 Created']);
    expect(entries.map(({ response }) => response?.etag)).toEqual(['W/"1"', 'W/"1"']);
    expect(entries[0]?.response?.location).toContain(`${test.gateway.baseUrl}/fhir/ServiceRequest/`);
    expect(Date.parse(entries[0]?.response?.lastModified ?? '')).toBeGreaterThan(0);
    expect(entries[0]?.resource).toBeUndefined();
  });

  it('resolves references between entries, in contained resources and extensions too', async () => {
    const patient = uuid();
    const contained = [{ resourceType: 'Condition', id: 'c', subject: { reference: patient } }];
    const [first, second] = await done('transaction', [
      post(referral(patient, { contained, reasonReference: [{ reference: '#c' }] })),
      post(person(nextNumber(), 'Kay'), { fullUrl: patient }),
    ]);
    const stored = (await (
      await test.request('everything', `/fhir/ServiceRequest/${idOf(first)}`)
    ).json()) as ServiceRequest;
    const expected = `Patient/${idOf(second)}`;
    expect(stored.subject.reference).toBe(expected);
    expect((stored.contained?.[0] as { subject: object } | undefined)?.subject).toEqual({ reference: expected });
    expect(stored.reasonReference?.[0]?.reference).toBe('#c');
    expect((await test.gateway.store.read('ServiceRequest', idOf(first)))?.patient).toBe(idOf(second));
  });

  it('resolves references by the addresses of another server, absolute and relative', async () => {
    const entries = await done('transaction', [
      post(referral('Patient/17'), { fullUrl: 'https://gp.example/fhir/ServiceRequest/1' }),
      post(referral('https://gp.example/fhir/Patient/17'), { fullUrl: uuid() }),
      post(person(nextNumber(), 'Kay'), { fullUrl: 'https://gp.example/fhir/Patient/17' }),
    ]);
    for (const entry of entries.slice(0, 2)) {
      expect((await test.gateway.store.read('ServiceRequest', idOf(entry)))?.patient).toBe(idOf(entries[2]));
    }
  });

  it('resolves conditional references to the one resource that they find', async () => {
    const number = nextNumber();
    const { id } = await created(test, person(number, 'Kay'));
    const [entry] = await done('transaction', [post(referral(`Patient?identifier=${NHS_NUMBER}|${number}`))]);
    expect((await test.gateway.store.read('ServiceRequest', idOf(entry)))?.patient).toBe(id);
    const removal: BundleEntry = { request: { method: 'DELETE', url: `Patient/${id}` } };
    const [status, code] = await refused([post(referral(`Patient?identifier=${NHS_NUMBER}|${number}`)), removal]);
    expect([status, code]).toEqual([422, 'reference-unresolved']);
    expect(await refused([post(referral(`Patient?identifier=${NHS_NUMBER}|${nextNumber()}`))])).toEqual([
      422,
      'reference-unresolved',
      'Bundle.entry[0].resource',
    ]);
    expect((await refused([post(referral('Patient?family=Kay'))])).slice(0, 2)).toEqual([412, 'multiple-matches']);
    expect((await refused([post(referral('Patient?familie=Kay'))])).slice(0, 2)).toEqual([400, 'parameter-unknown']);
  });

  it('refuses a urn reference that is to no entry', async () => {
    expect(await refused([post(person(nextNumber(), 'Kay')), post(referral(uuid()))])).toEqual([
      422,
      'reference-unresolved',
      'Bundle.entry[1].resource',
    ]);
  });

  it('takes a create with If-None-Exist, whose match is what others refer to', async () => {
    const number = nextNumber();
    const { id } = await created(test, person(number, 'Kay'));
    const patient = uuid();
    const entries = await done('transaction', [
      post(person(number, 'Kay'), { fullUrl: patient }, { ifNoneExist: `identifier=${NHS_NUMBER}|${number}` }),
      post(referral(patient)),
    ]);
    expect(statusesOf(entries)).toEqual(['200 OK', '201 Created']);
    expect((await test.gateway.store.read('ServiceRequest', idOf(entries[1])))?.patient).toBe(id);
  });

  it('does creates, updates, patches and deletes in one commit, and reads last', async () => {
    const [kept, gone] = [
      await created(test, person(nextNumber(), 'Kay')),
      await created(test, person(nextNumber(), 'Law')),
    ];
    const data = Buffer.from('[{"op":"add","path":"/active","value":true}]').toString('base64');
    const patched = await created(test, person(nextNumber(), 'Moss'));
    const entries = await done('transaction', [
      get(`Patient/${kept.id}`),
      { resource: { ...kept, active: false }, request: { method: 'PUT', url: `Patient/${kept.id}`, ifMatch: 'W/"1"' } },
      {
        resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data },
        request: { method: 'PATCH', url: `${test.gateway.baseUrl}/fhir/Patient/${patched.id}` },
      },
      // The number that the deletion frees may be given to another in the same transaction.
      post({ ...person('', 'Heir'), identifier: gone.identifier }),
      { request: { method: 'DELETE', url: `Patient/${gone.id}` } },
      get(`Patient?_id=${kept.id},${gone.id},${patched.id}`),
    ]);
    expect(statusesOf(entries)).toEqual(['200 OK', '200 OK', '200 OK', '201 Created', '204 No Content', '200 OK']);
    expect(entries[0]?.resource).toMatchObject({ id: kept.id, active: false });
    const found = entries[5]?.resource as Bundle | undefined;
    expect(found?.entry?.map(({ resource }) => [resource?.id, (resource as Patient).active])).toEqual([
      [kept.id, false],
      [patched.id, true],
    ]);
  });

  it('gives the resources to who prefers that', async () => {
    const entries = await done('transaction', [post(person(nextNumber(), 'Kay'))], { Prefer: 'return=representation' });
    expect(entries[0]?.resource).toMatchObject({ resourceType: 'Patient', meta: { versionId: '1' } });
    const told = await done('transaction', [post(person(nextNumber(), 'Kay'))], { Prefer: 'return=OperationOutcome' });
    expect(told[0]?.response?.outcome).toMatchObject({ resourceType: 'OperationOutcome' });
  });

  it('does nothing when one entry fails, and names the entry', async () => {
    const good = post(person(nextNumber(), 'Kay'));
    const taken = nextNumber();
    const { id } = await created(test, person(taken, 'Law'));
    const cases: [BundleEntry, number, string, string][] = [
      [post({ ...person(nextNumber(), 'X'), gender: 'lady' }), 422, 'code-invalid', 'Bundle.entry[1].resource.gender'],
      [post(person(taken, 'X')), 409, 'identifier-conflict', 'Bundle.entry[1]'],
      [
        { resource: person(taken, 'X'), request: { method: 'PUT', url: `Patient/${id}` } },
        400,
        'id-mismatch',
        'Bundle.entry[1].resource.id',
      ],
      [
        { resource: { ...person(taken, 'X'), id }, request: { method: 'PUT', url: `Patient/${id}`, ifMatch: 'W/"8"' } },
        412,
        'version-mismatch',
        'Bundle.entry[1]',
      ],
      [get('Patient/never'), 404, 'resource-not-found', 'Bundle.entry[1]'],
      [get('Patient?familie=x'), 400, 'parameter-unknown', 'Bundle.entry[1]'],
      [get('Nonsense/1'), 404, 'route-unknown', 'Bundle.entry[1]'],
      [{ request: { method: 'POST', url: 'Patient' } }, 400, 'body-empty', 'Bundle.entry[1]'],
      [
        post({ resourceType: 'Bundle', type: 'batch' }, {}, { url: '' }),
        422,
        'element-empty',
        'Bundle.entry[1].request.url',
      ],
      [good, 409, 'identifier-conflict', 'Bundle.entry[1]'],
    ];
    for (const [entry, status, code, expression] of cases) {
      expect(await refused([good, entry])).toEqual([status, code, expression]);
    }
  });

  it('refuses two entries about the same resource, and a read of what it deletes', async () => {
    const { id } = await created(test, person(nextNumber(), 'Kay'));
    const removal: BundleEntry = { request: { method: 'DELETE', url: `Patient/${id}` } };
    expect(await refused([removal, removal])).toEqual([400, 'entries-overlap', 'Bundle.entry[1]']);
    expect(await refused([get(`Patient/${id}`), removal])).toEqual([410, 'resource-gone', 'Bundle.entry[0]']);
    expect((await test.gateway.store.read('Patient', id))?.deleted).toBe(false);
  });

  it('refuses a member that it does not know, which could be a misspelt condition', async () => {
    const entry = post(person(nextNumber(), 'Kay'), {}, { ifnonexist: 'identifier=x' });
    const [status, , expression] = await refused([entry]);
    expect([status, expression]).toEqual([422, 'Bundle.entry[0].request.ifnonexist']);
  });

  it('decides every entry with its own interaction and type before anything is done', async () => {
    const mine = post(person(nextNumber(), 'Kay'));
    for (const other of [
      post(referral('Patient/1')),
      get('ServiceRequest?status=active'),
      get('ServiceRequest/never'),
      { request: { method: 'DELETE', url: 'Patient/never' } } as BundleEntry,
      post({ resourceType: 'Organization', name: 'A' }),
    ]) {
      expect(await refused([mine, other], 'patient-creator')).toEqual([403, 'scope-insufficient', 'Bundle.entry[1]']);
    }
    const [bySearch] = [post(referral('Patient?identifier=x'))];
    expect((await refused([bySearch], 'no-search')).slice(0, 2)).toEqual([403, 'scope-insufficient']);
    expect((await sendBundle('transaction', [mine], {}, 'patient-creator')).status).toBe(200);
  });

  it('is one commit: resources, deliveries and audit', async () => {
    const patient = uuid();
    const correlation = crypto.randomUUID();
    const response = await sendBundle(
      'transaction',
      [post(person(nextNumber(), 'Kay'), { fullUrl: patient }), post(referral(patient)), post(referral(patient))],
      { 'X-Correlation-Id': correlation },
    );
    const entries = ((await response.json()) as Bundle).entry ?? [];
    const about = (await test.gateway.store.audit({ limit: 1000 })).filter(({ content }) =>
      content.includes(correlation),
    );
    expect(about.map((one) => [one.patient, (JSON.parse(one.content) as { action: string }).action])).toEqual([
      [idOf(entries[0]), 'C'],
    ]);
    for (const entry of entries.slice(1)) expect(about[0]?.content).toContain(`ServiceRequest/${idOf(entry)}`);
    const ids = new Set(entries.map(idOf));
    const routed = (await test.gateway.store.deliveries({ limit: 1000 })).filter(({ resourceId }) =>
      ids.has(resourceId),
    );
    expect(routed.length).toBe(4);
    expect(routed.every(({ lane, correlationId }) => lane === idOf(entries[0]) && correlationId === correlation)).toBe(
      true,
    );
  });

  it('that comes twice at once with conditions makes each resource once', async () => {
    const value = crypto.randomUUID();
    const query = `identifier=${LOCAL}|${value}`;
    const bundle = (): BundleEntry[] => {
      const patient = uuid();
      const resource = { ...person('', 'Kay'), identifier: [{ system: LOCAL, value }] };
      const request = referral(patient, { identifier: [{ system: LOCAL, value }] });
      return [
        post(resource, { fullUrl: patient }, { ifNoneExist: query }),
        { resource: request, request: { method: 'PUT', url: `ServiceRequest?${query}` } },
      ];
    };
    const all = await Promise.all(Array.from({ length: 8 }, () => sendBundle('transaction', bundle())));
    expect(all.some(({ status }) => status === 200)).toBe(true);
    expect(all.every(({ status }) => status === 200 || status === 409)).toBe(true);
    for (const type of ['Patient', 'ServiceRequest']) {
      expect((await test.gateway.store.findByIdentifier(type, { system: LOCAL, value })).length).toBe(1);
    }
  });

  it(`takes ${LIMITS.bundleEntriesMax} entries and refuses more`, async () => {
    const entries = Array.from({ length: LIMITS.bundleEntriesMax }, (_, index) =>
      post({ resourceType: 'Organization', name: `Charity ${index}` }, { fullUrl: uuid() }),
    );
    const answers = await done('transaction', entries);
    expect(new Set(statusesOf(answers))).toEqual(new Set(['201 Created']));
    expect((await refused([...entries, ...entries.slice(0, 1)])).slice(0, 2)).toEqual([413, 'fields-too-many']);
  });

  it('of nothing does nothing, and is in the audit', async () => {
    for (const type of ['transaction', 'batch']) {
      const correlation = crypto.randomUUID();
      const headers = { 'X-Correlation-Id': correlation };
      const response = await send(test, 'POST', '', { resourceType: 'Bundle', type }, headers);
      expect([response.status, await response.json()]).toEqual([
        200,
        { resourceType: 'Bundle', type: `${type}-response` },
      ]);
      const trail = await test.gateway.store.audit({ limit: 1000 });
      expect(trail.filter(({ content }) => content.includes(correlation)).length).toBe(1);
    }
  });
});

describe('batch (https://hl7.org/fhir/R4/http.html#brules)', () => {
  it('does each entry for itself, and tells of each what came of it', async () => {
    const { id } = await created(test, person(nextNumber(), 'Kay'));
    const entries = await done('batch', [
      post(person(nextNumber(), 'Law')),
      get(`Patient/${id}`),
      get('Patient/never'),
      post({ ...person(nextNumber(), 'X'), gender: 'lady' }),
      get(`Patient?_id=${id}`),
      get(`Patient/${id}/_history`),
      { request: { method: 'DELETE', url: 'Patient/never' } },
      get('Nonsense'),
      post({ resourceType: 'Bundle', type: 'batch' }, {}, { url: '/' }),
    ]);
    expect(statusesOf(entries)).toEqual([
      '201 Created',
      '200 OK',
      '404 Not Found',
      '422 Unprocessable Entity',
      '200 OK',
      '200 OK',
      '204 No Content',
      '404 Not Found',
      '400 Bad Request',
    ]);
    expect(entries[1]?.resource).toMatchObject({ id });
    expect((entries[3]?.response?.outcome as OperationOutcome | undefined)?.issue?.[0]?.expression).toEqual([
      'Bundle.entry[3].resource.gender',
    ]);
    expect((entries[4]?.resource as Bundle | undefined)?.type).toBe('searchset');
    expect((entries[5]?.resource as Bundle | undefined)?.type).toBe('history');
  });

  it('decides each entry with its own interaction and type', async () => {
    const response = await sendBundle(
      'batch',
      [post(person(nextNumber(), 'Kay')), post(referral('Patient/1')), get('ServiceRequest?status=active')],
      {},
      'patient-creator',
    );
    const entries = ((await response.json()) as Bundle).entry ?? [];
    expect(statusesOf(entries)).toEqual(['201 Created', '403 Forbidden', '403 Forbidden']);
    expect(entries[2]?.resource).toBeUndefined();
  });

  it('puts each entry, granted or refused, into the audit as the interaction that it is', async () => {
    const correlation = crypto.randomUUID();
    const { id } = await created(test, person(nextNumber(), 'Kay'));
    await sendBundle('batch', [get(`Patient/${id}`), get('Patient/never')], { 'X-Correlation-Id': correlation });
    const about = (await test.gateway.store.audit({ limit: 1000 }))
      .filter(({ content }) => content.includes(correlation))
      .map(({ content }) => JSON.parse(content) as { outcome: string; subtype: { code: string }[] });
    expect(about.map(({ outcome, subtype }) => [outcome, subtype[0]?.code]).sort()).toEqual([
      ['0', 'read'],
      ['4', 'read'],
    ]);
  });
});

describe('a Bundle that was made to harm', () => {
  it('is refused entry by entry, and never with a fault of ours', async () => {
    const odd: unknown[] = [
      null,
      7,
      [],
      {},
      { request: null },
      { request: { method: 'POST', url: 'Patient' }, resource: null },
      { request: { method: 'POST', url: 'Patient' }, resource: 7 },
      { request: { method: 'POST', url: 'Patient' }, resource: [] },
      { request: { method: 'PUT', url: 'Patient?identifier=x' }, resource: { resourceType: 'Patient', id: { a: 1 } } },
      { request: { method: 'PUT', url: 'Patient/1' }, resource: { resourceType: 'Patient', id: '1', meta: [null] } },
      { request: { method: 'PATCH', url: 'Patient/1' }, resource: { resourceType: 'Binary', data: 7 } },
      { request: { method: 'PATCH', url: 'Patient/1' }, resource: { resourceType: 'Patient' } },
      { request: { method: 'GET', url: '__proto__/constructor' } },
      { request: { method: 'GET', url: 'Patient/1/2/3/4' } },
      { request: { method: 'GET', url: `Patient?${'x'.repeat(LIMITS.urlCharsMax)}` } },
      { request: { method: 'TRACE', url: 'Patient' } },
    ];
    for (const type of ['batch', 'transaction']) {
      for (const entry of odd) {
        const response = await send(test, 'POST', '', { resourceType: 'Bundle', type, entry: [entry] });
        const body = (await response.json()) as Bundle;
        const status =
          response.status === 200 ? Number(body.entry?.[0]?.response?.status?.slice(0, 3)) : response.status;
        expect([type, entry, status >= 400 && status < 500]).toEqual([type, entry, true]);
      }
    }
  });

  it('is answered only so far as there is room for what it reads', async () => {
    const text = 'x'.repeat(900_000);
    const about = { description: text, purpose: text, usage: text };
    await created<Library>(test, { resourceType: 'Library', status: 'draft', type: { text: 'x' }, ...about });
    const reads = Array.from({ length: 20 }, () => get('Library'));
    const statuses = statusesOf(await done('batch', [...reads, post(person(nextNumber(), 'Kay'))]));
    expect(new Set(statuses.slice(0, -1))).toEqual(new Set(['200 OK', '413 Payload Too Large']));
    expect(statuses.at(-1)).toBe('201 Created');
    expect((await refused([post(person(nextNumber(), 'Kay')), ...reads])).slice(0, 2)).toEqual([
      413,
      'fields-too-many',
    ]);
  });

  it('cannot make us look up without bound', async () => {
    const entries = Array.from({ length: LIMITS.bundleConditionsMax + 1 }, (_, index) =>
      post(referral(`Patient?identifier=x|${index}`)),
    );
    expect((await refused(entries)).slice(0, 2)).toEqual([413, 'fields-too-many']);
  });
});

describe('a Bundle that is neither', () => {
  it('is refused at the base, as is every other resource, and every client without a scope', async () => {
    for (const body of [{ resourceType: 'Bundle', type: 'collection' }, { resourceType: 'Bundle' }, person('x', 'y')]) {
      expect((await outcomeOf(await send(test, 'POST', '', body))).status).toBe(422);
    }
    const none = await fetch(`${test.gateway.baseUrl}/fhir`, { method: 'POST', body: '{}' });
    expect(none.status).toBe(401);
  });
});
