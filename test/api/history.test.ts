import type { Bundle, Patient, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { created, outcomeOf, send } from './support.ts';

let test: TestGateway;
beforeAll(async () => {
  const clients = { everything: ['system/*.cruds'], 'plan-only': ['system/CarePlan.rs'], reader: ['system/Patient.r'] };
  test = await startTestGateway({}, { clients });
});
afterAll(() => test.stop());

async function history(path: string, client = 'everything', headers: Record<string, string> = {}): Promise<Bundle> {
  const response = await test.request(
    client,
    path.startsWith('http') ? new URL(path).pathname + new URL(path).search : `/fhir/${path}`,
    { headers },
  );
  const bundle = (await response.json()) as Bundle;
  expect([response.status, bundle.resourceType, bundle.type]).toEqual([200, 'Bundle', 'history']);
  return bundle;
}

/** Every page from the first on; `between` runs after each. */
async function pages(path: string, between: () => Promise<void> = async () => {}): Promise<Bundle[]> {
  const found: Bundle[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: Bundle = await history(next);
    found.push(page);
    next = page.link?.find(({ relation }) => relation === 'next')?.url;
    await between();
  }
  return found;
}

const named = (bundle: Bundle): string[] =>
  (bundle.entry ?? []).map(({ request, resource, response }) => {
    const id = resource?.id ?? request?.url?.split('/')[1];
    return `${request?.method} ${resource?.resourceType ?? request?.url?.split('/')[0]}/${id} ${response?.etag}`;
  });

const basic = (text: string): Resource => ({ resourceType: 'Basic', code: { text } });

/** The instant after all that has been done. */
async function now(): Promise<string> {
  await new Promise((settle) => setTimeout(settle, 5));
  return new Date().toISOString();
}

describe('history of a type and of the system (https://hl7.org/fhir/R4/http.html#history)', () => {
  it('of a type gives what was done to any resource of it, the newest first', async () => {
    const since = await now();
    const one = await created(test, basic('one'));
    const two = await created(test, basic('two'));
    await created(test, { resourceType: 'Patient' });
    await send(test, 'PUT', `Basic/${one.id}`, { ...one, code: { text: 'changed' } });
    await send(test, 'DELETE', `Basic/${two.id}`);
    const bundle = await history(`Basic/_history?_since=${since}`);
    expect(named(bundle)).toEqual([
      `DELETE Basic/${two.id} W/"2"`,
      `PUT Basic/${one.id} W/"2"`,
      `POST Basic/${two.id} W/"1"`,
      `POST Basic/${one.id} W/"1"`,
    ]);
    expect(bundle.entry?.[1]).toMatchObject({
      fullUrl: `${test.gateway.baseUrl}/fhir/Basic/${one.id}`,
      resource: { code: { text: 'changed' }, meta: { versionId: '2' } },
      response: { status: '200' },
    });
    expect(bundle.entry?.[0]?.resource).toBeUndefined();
    const oldest = await history(`Basic/_history?_since=${since}&_sort=_lastUpdated`);
    expect(named(oldest)).toEqual(named(bundle).reverse());
  });

  it('of the system gives all types, and pages stay what they are while others write', async () => {
    const since = await now();
    const wanted: string[] = [];
    for (let n = 0; n < 9; n += 1) {
      const resource =
        n % 3 === 0
          ? basic(`${n}`)
          : n % 3 === 1
            ? { resourceType: 'Patient' as const }
            : { resourceType: 'Device' as const };
      const { id, resourceType } = await created(test, resource as Resource);
      wanted.unshift(`POST ${resourceType}/${id} W/"1"`);
    }
    const busy = async (): Promise<void> => void (await created(test, basic('in between')));
    const found = await pages(`_history?_since=${since}&_count=2`, busy);
    expect(found.length).toBeGreaterThan(4);
    expect(found.flatMap(named)).toEqual(wanted);
  });

  it('_at gives what was current then', async () => {
    const before = await created(test, basic('first'));
    const between = await now();
    await new Promise((settle) => setTimeout(settle, 5));
    await send(test, 'PUT', `Basic/${before.id}`, { ...before, code: { text: 'second' } });
    const of = (at: string): Promise<Bundle> => history(`Basic/${before.id}/_history?_at=${at}`);
    expect(named(await of(between))).toEqual([`POST Basic/${before.id} W/"1"`]);
    expect(named(await of(await now()))).toEqual([`PUT Basic/${before.id} W/"2"`]);
    expect(named(await of(String(new Date().getFullYear()))).length).toBe(2);
    expect(named(await of('2001'))).toEqual([]);
  });

  it('gives a part of each version where that is asked for, and counts those of one resource', async () => {
    const made = await created<Patient>(test, {
      resourceType: 'Patient',
      name: [{ family: 'Ashworth' }],
      language: 'en',
    });
    const elements = await history(`Patient/${made.id}/_history?_elements=name`);
    expect(elements.entry?.[0]?.resource).toMatchObject({ name: [{ family: 'Ashworth' }] });
    expect(elements.entry?.[0]?.resource).not.toHaveProperty('language');
    const counted = await history(`Patient/${made.id}/_history?_summary=count`);
    expect([counted.total, counted.entry]).toEqual([1, undefined]);
    const summary = await history('Patient/_history?_summary=true&_count=1');
    expect(summary.entry?.[0]?.resource?.meta?.tag?.[0]?.code).toBe('SUBSETTED');
  });

  it('shows a caller the types that it may search, and no other', async () => {
    await created(test, {
      resourceType: 'CarePlan',
      status: 'active',
      intent: 'plan',
      subject: { display: 'x' },
    } as Resource);
    await created(test, { resourceType: 'Patient' });
    const bundle = await history('_history?_count=200', 'plan-only');
    expect(bundle.entry?.length).toBeGreaterThan(0);
    expect(bundle.entry?.every(({ request }) => request?.url?.startsWith('CarePlan'))).toBe(true);
    expect((await test.request('plan-only', '/fhir/Patient/_history')).status).toBe(403);
    // The scope r gives one resource to who knows its id; it does not list them.
    for (const path of ['_history', 'Patient/_history']) {
      expect([path, (await test.request('reader', `/fhir/${path}`)).status]).toEqual([path, 403]);
    }
    expect((await fetch(`${test.gateway.baseUrl}/fhir/_history`)).status).toBe(401);
  });

  it.each([
    '_history?_since=yesterday',
    '_history?_at=now',
    '_history?_count=x',
    '_history?_sort=name',
    '_history?_elements=id',
    '_history?_summary=count',
    'Patient/_history?_summary=count',
    'Patient/_history?_elements=nonsense',
    'Patient/_history?name=x',
    'Patient/_history?_cursor=x',
    'Patient/_history?_cursor=WzEsMiwzLDRd',
    'Patient/_history?_count=1&_count=2',
  ])('answers 400 to %s', async (path) => {
    expect((await outcomeOf(await test.request('everything', `/fhir/${path}`))).status).toBe(400);
  });

  it('passes over what it does not know where the client asks for that', async () => {
    await history('Patient/_history?name=x', 'everything', { Prefer: 'handling=lenient' });
  });

  it('can be an entry of a batch, as the capabilities can', async () => {
    const entry = ['Patient/_history?_count=1', '_history?_count=1', 'metadata'].map((url) => ({
      request: { method: 'GET', url },
    }));
    const answer = (await (
      await send(test, 'POST', '', { resourceType: 'Bundle', type: 'batch', entry })
    ).json()) as Bundle;
    expect(answer.entry?.map(({ response, resource }) => [response?.status, resource?.resourceType])).toEqual([
      ['200 OK', 'Bundle'],
      ['200 OK', 'Bundle'],
      ['200 OK', 'CapabilityStatement'],
    ]);
  });

  it('is in the audit as what it was', async () => {
    await history('Patient/_history?_count=1');
    const audits = await test.gateway.store.audit({ limit: 1000 });
    expect(audits.at(-1)?.content).toContain('"history-type"');
    await history('_history?_count=1');
    expect((await test.gateway.store.audit({ limit: 1000 })).at(-1)?.content).toContain('"history-system"');
  });
});
