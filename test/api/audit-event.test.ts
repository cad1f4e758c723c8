import type { AuditEvent, Bundle, CapabilityStatement } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyTrail } from '../../src/audit/verify-trail.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/** https://hl7.org/fhir/R4/auditevent.html#search: who has seen my record? */
let test: TestGateway;
const ids: string[] = [];
beforeAll(async () => {
  test = await startTestGateway(
    {},
    { clients: { officer: ['system/*.cruds', 'system/AuditEvent.rs'], ward: ['system/*.cruds'] } },
  );
  for (const [family, number] of [
    ['Kershaw', '9990000018'],
    ['Lomax', '9990000026'],
  ]) {
    const answer = await send('ward', 'POST', 'Patient', {
      resourceType: 'Patient',
      identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: number }],
      name: [{ family }],
    });
    expect(answer.status).toBe(201);
    ids.push(((await answer.json()) as { id: string }).id);
  }
  for (const id of ids) await test.request('ward', `/fhir/Patient/${id}`);
  await test.request('ward', '/fhir/Patient?_count=10');
});
afterAll(() => test.stop());

const send = (client: string, method: string, path: string, body?: object): Promise<Response> =>
  test.request(client, `/fhir/${path}`, {
    method,
    headers: { 'Content-Type': 'application/fhir+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

async function eventsOf(query: string): Promise<AuditEvent[]> {
  const answer = await test.request('officer', `/fhir/AuditEvent?${query}`);
  const bundle = (await answer.json()) as Bundle<AuditEvent>;
  expect(answer.status, JSON.stringify(bundle)).toBe(200);
  return bundle.entry?.flatMap(({ resource }) => resource ?? []) ?? [];
}

const what = (event: AuditEvent): string => `${event.subtype?.[0]?.code} ${event.outcome}`;

describe('"Who has seen my record?"', () => {
  it('finds what was done to one person’s record, the newest first, and nobody else’s', async () => {
    const [kershaw = '', lomax = ''] = ids;
    const events = await eventsOf(`patient=Patient/${kershaw}&_sort=-_lastUpdated`);
    expect(events.map(what)).toEqual(['search-type 0', 'read 0', 'create 0']);
    expect(JSON.stringify(events)).toContain('"value":"ward"');
    expect(JSON.stringify(events)).not.toContain(lomax);
  });

  it('takes the NHS number in place of the id, and keeps it out of the audit', async () => {
    const identifier = 'https://fhir.nhs.uk/Id/nhs-number|9990000026';
    const events = await eventsOf(`patient:identifier=${encodeURIComponent(identifier)}&action=R`);
    expect(events.map(what)).toEqual(['read 0']);
    for (const { content } of await test.gateway.store.audit({ limit: 1000 }))
      expect(content).not.toContain('9990000026');
  });

  it.each([
    ['altid=officer&action=C', []],
    ['agent:identifier=https://ginnel.example/id/client|ward&action=C', ['create 0', 'create 0']],
    ['agent=https://ginnel.example/id/client|ward&subtype=read', ['read 0', 'read 0']],
    ['type=110114&altid=ward', ['110122 0']],
    ['date=lt2020', []],
    ['outcome=8', []],
  ])('by %s', async (query, expected) => {
    expect((await eventsOf(query)).map(what)).toEqual(expected);
  });

  it('by what was read or written', async () => {
    expect((await eventsOf(`entity=Patient/${ids[0]}&action=C`)).map(what)).toEqual(['create 0']);
  });

  it('reads one by its id, and pages through many', async () => {
    const found = new Set<string>();
    let path: string | undefined = '/fhir/AuditEvent?_count=2&date=ge2020';
    while (path !== undefined && found.size < 5) {
      const answer = await test.request('officer', path);
      const bundle = (await answer.json()) as Bundle<AuditEvent>;
      for (const { resource } of bundle.entry ?? []) found.add(resource?.id ?? '');
      path = bundle.link?.find(({ relation }) => relation === 'next')?.url?.replace(test.gateway.baseUrl, '');
    }
    expect(found.size).toBeGreaterThanOrEqual(5);
    const [id = ''] = found;
    const answer = await test.request('officer', `/fhir/AuditEvent/${id}`);
    expect(await answer.json()).toMatchObject({ resourceType: 'AuditEvent', id });
  });

  it('refuses what it cannot search by, by name', async () => {
    const answer = await test.request('officer', '/fhir/AuditEvent?site=x');
    expect(answer.status).toBe(400);
  });

  it('is an access like any other, and in the audit', async () => {
    await eventsOf(`patient=Patient/${ids[0]}`);
    expect((await eventsOf('altid=officer&subtype=search-type')).length).toBeGreaterThan(0);
  });
});

describe('AuditEvents', () => {
  const forged = { resourceType: 'AuditEvent', type: { code: 'rest' }, recorded: '2026-03-02T09:00:00Z' };

  it.each<[string, string, object | undefined]>([
    ['POST', 'AuditEvent', { ...forged, agent: [{ requestor: true }], source: { observer: { display: 'me' } } }],
    [
      'PUT',
      'AuditEvent/forged',
      { ...forged, id: 'forged', agent: [{ requestor: true }], source: { observer: { display: 'me' } } },
    ],
  ])('are never written by %s', async (method, path, body) => {
    const answer = await send('officer', method, path, body);
    expect([403, 405]).toContain(answer.status);
    expect((await test.request('officer', '/fhir/AuditEvent/forged')).status).toBe(404);
  });

  it('are neither changed nor deleted, and the chain is whole', async () => {
    const [event] = await eventsOf(`patient=Patient/${ids[0]}`);
    const path = `AuditEvent/${event?.id}`;
    const changed = await send('officer', 'PUT', path, { ...event, outcome: '8' });
    expect([403, 405]).toContain(changed.status);
    const deleted = await send('officer', 'DELETE', path);
    expect([403, 405]).toContain(deleted.status);
    expect(await (await test.request('officer', `/fhir/${path}`)).json()).toEqual(event);
    const { problems } = await verifyTrail(test.gateway.store, ({ text }) => expect.unreachable(text));
    expect(problems).toBe(0);
  });
});

describe('the CapabilityStatement', () => {
  it('tells of AuditEvent what there is: to read and to search it, by what it is searched by', async () => {
    const statement = (await (await fetch(`${test.gateway.baseUrl}/fhir/metadata`)).json()) as CapabilityStatement;
    const told = statement.rest?.[0]?.resource?.find(({ type }) => type === 'AuditEvent');
    expect(told?.interaction?.map(({ code }) => code)).toEqual(['read', 'vread', 'search-type']);
    expect(told?.conditionalCreate).toBeUndefined();
    const values: Record<string, string> = {
      patient: 'Patient/p',
      agent: 'https://a.example|b',
      entity: 'CarePlan/c',
      date: '2026',
    };
    for (const { name } of told?.searchParam ?? []) {
      const value = encodeURIComponent(values[name] ?? (name === '_lastUpdated' ? '2026' : 'x'));
      expect([name, (await test.request('officer', `/fhir/AuditEvent?${name}=${value}`)).status]).toEqual([name, 200]);
    }
    expect(told?.searchParam?.length).toBeGreaterThan(8);
  });
});
