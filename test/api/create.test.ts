import { gzipSync } from 'node:zlib';
import type { OperationOutcome, Patient, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, create, created, outcomeOf, person } from './support.ts';

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway({}, { clients: CLIENTS });
});
afterAll(() => test.stop());

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  return test.request('everything', '/fhir/Patient', {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json', ...headers },
    body,
  });
}

describe('create (https://hl7.org/fhir/R4/http.html#create)', () => {
  it('answers 201 with Location, ETag, Last-Modified and the resource under an id of ours', async () => {
    const sent = { ...person('9990000034', 'Crossley'), id: 'theirs', meta: { versionId: '7' } };
    const response = await create(test, sent);
    expect(response.status).toBe(201);
    const body = (await response.json()) as Patient;
    expect(body.id).not.toBe('theirs');
    expect(body.meta).toMatchObject({ versionId: '1' });
    expect({ ...body, id: undefined, meta: undefined }).toEqual({ ...sent, id: undefined, meta: undefined });
    expect(response.headers.get('location')).toBe(`${test.gateway.baseUrl}/fhir/Patient/${body.id}/_history/1`);
    expect(response.headers.get('etag')).toBe('W/"1"');
    expect(Date.parse(response.headers.get('last-modified') ?? '')).toBeGreaterThan(0);
    const read = await test.request('everything', `/fhir/Patient/${body.id}`);
    expect(await read.json()).toEqual(body);
  });

  it('names our own address in Location whatever the Host header says', async () => {
    const token = await test.token('everything');
    const { request } = await import('node:http');
    const location = await new Promise<string | undefined>((settle) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: test.gateway.httpPort,
          path: '/fhir/Organization',
          method: 'POST',
          headers: { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', Authorization: `Bearer ${token}` },
        },
        (response) => settle(response.resume().headers.location),
      );
      outgoing.end(JSON.stringify({ resourceType: 'Organization', name: 'A charity' }));
    });
    expect(location).toMatch(new RegExp(`^${test.gateway.baseUrl}/fhir/Organization/`));
  });

  it('answers 422 for an invalid resource and says where', async () => {
    const wrong = { resourceType: 'Patient', gender: 'lady', birthDate: '03/05/1941' } as unknown as Resource;
    const response = await create(test, wrong);
    expect(response.status).toBe(422);
    const outcome = (await response.json()) as OperationOutcome;
    expect((outcome.issue ?? []).flatMap(({ expression }) => expression ?? []).sort()).toEqual([
      'Patient.birthDate',
      'Patient.gender',
    ]);
    expect(JSON.stringify(outcome)).not.toContain('lady');
    expect(JSON.stringify(outcome)).not.toContain('1941');
  });

  it('refuses a resource at the address of another type, and one of no type', async () => {
    const other = await outcomeOf(await post(JSON.stringify({ resourceType: 'Observation' })));
    expect([other.status, other.code]).toEqual([422, 'resource-invalid']);
    for (const body of ['{}', '[]', 'null', '"Patient"', '7']) {
      const answer = await outcomeOf(await post(body));
      expect([body, answer.status, answer.code]).toEqual([body, 422, 'resource-type-unknown']);
    }
  });

  it('answers 409 for a Patient with an NHS number that somebody holds already', async () => {
    await created(test, person('9990000042', 'Dewhurst'));
    const answer = await outcomeOf(await create(test, person('9990000042', 'Eckersley')));
    expect([answer.status, answer.code]).toEqual([409, 'identifier-conflict']);
    expect(answer.text).not.toContain('9990000042');
  });

  it('lets one alone through where fifty create the same person at once', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => create(test, person('9990000050', 'Fielden'))));
    expect(all.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 49 }, () => 409)]);
  });

  it('routes what it creates, and the partner gets it under the caller’s correlation id', async () => {
    const correlationId = crypto.randomUUID();
    const { id } = await created(test, person('9990000077', 'Hargreaves'));
    const request: ServiceRequest = {
      resourceType: 'ServiceRequest',
      identifier: [{ system: 'https://stockport.example/Id/emis-referral', value: 'R-1' }],
      status: 'active',
      intent: 'order',
      category: [{ coding: [{ system: 'http://snomed.info/sct', code: '306167008' }] }],
      code: { coding: [{ system: 'http://snomed.info/sct', code: '306167008' }], text: 'Occupational therapy' },
      authoredOn: '2026-04-14T09:00:00+01:00',
      subject: { reference: `Patient/${id}` },
    };
    const response = await test.request('everything', '/fhir/ServiceRequest', {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', 'X-Correlation-Id': correlationId },
      body: JSON.stringify(request),
    });
    expect(response.status).toBe(201);
    const made = (await response.json()) as ServiceRequest;
    const deliveries = (await test.gateway.store.deliveries({ limit: 100 })).filter(
      ({ resourceId }) => resourceId === made.id,
    );
    expect(deliveries.map(({ partner }) => partner).sort()).toEqual(['stockport-council', 'stockport-equipment']);
    expect(deliveries.every((one) => one.lane === id && one.correlationId === correlationId)).toBe(true);
    const settled = await eventually(async () => {
      const now = await Promise.all(deliveries.map((one) => test.gateway.store.delivery(one.id)));
      return now.every((one) => one?.state !== 'pending') ? now : undefined;
    });
    expect(settled.map((one) => [one?.state, one?.lastIssues])).toEqual([
      ['delivered', []],
      ['delivered', []],
    ]);
    const [received] = test.council.received;
    expect(received?.correlationId).toBe(correlationId);
  });

  it('leaves an AuditEvent about the new resource and its patient', async () => {
    const { id } = await created(test, person('9990000085', 'Isherwood'));
    const trail = await test.gateway.store.audit({ limit: 1000 });
    const about = trail.filter(({ content }) => content.includes(`Patient/${id}`));
    expect(about.map(({ patient }) => patient)).toEqual([id]);
    expect(JSON.parse(about[0]?.content ?? '')).toMatchObject({ action: 'C', outcome: '0' });
  });

  it('takes a body without Content-Type and with charset, and answers 415 to another type whatever _format says', async () => {
    const organisation = JSON.stringify({ resourceType: 'Organization', name: 'A charity' });
    const send = (path: string, type: string): Promise<Response> =>
      test.request('everything', path, { method: 'POST', headers: { 'Content-Type': type }, body: organisation });
    expect((await send('/fhir/Organization', 'application/fhir+json; charset=UTF-8')).status).toBe(201);
    expect((await send('/fhir/Organization', 'APPLICATION/JSON')).status).toBe(201);
    for (const path of ['/fhir/Organization', '/fhir/Organization?_format=json']) {
      for (const type of ['application/fhir+turtle', 'text/plain', 'x']) {
        const answer = await outcomeOf(await send(path, type));
        expect([path, type, answer.status]).toEqual([path, type, 415]);
      }
    }
  });
});

describe('a body that was made to harm', () => {
  it('of more than the bound is answered 413', async () => {
    const answer = await outcomeOf(await post(`{"resourceType":"Patient","x":"${'x'.repeat(6 * 1024 * 1024)}"}`));
    expect([answer.status, answer.code]).toEqual([413, 'body-too-large']);
    expect(answer.text).toContain(String(LIMITS.bodyBytesMax));
  });

  it('that is small and unfolds to more than the bound is answered 413', async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20)));
    expect(bomb.length).toBeLessThan(128 * 1024);
    const answer = await outcomeOf(await post(bomb, { 'Content-Encoding': 'gzip' }));
    expect([answer.status, answer.code]).toEqual([413, 'body-too-large']);
  });

  it('that is not what its Content-Encoding says, or in one we do not know, is refused', async () => {
    const answer = await outcomeOf(await post('{}', { 'Content-Encoding': 'gzip' }));
    expect([answer.status, answer.code]).toEqual([400, 'encoding-invalid']);
    const unknown = await outcomeOf(await post('{}', { 'Content-Encoding': 'snappy' }));
    expect([unknown.status, unknown.code]).toEqual([415, 'media-type-unsupported']);
  });

  it('of 5,000 levels is refused for its depth', async () => {
    const deep = `{"resourceType":"Patient","extension":${'['.repeat(5000)}${']'.repeat(5000)}}`;
    const answer = await outcomeOf(await post(deep));
    expect([answer.status, answer.code]).toEqual([413, 'depth-too-large']);
  });

  it('that says a member twice is refused', async () => {
    const answer = await outcomeOf(await post('{"resourceType":"Patient","active":true,"active":false}'));
    expect([answer.status, answer.code]).toEqual([400, 'duplicate-key']);
  });

  it('with __proto__ or constructor as a member is refused and changes nothing', async () => {
    const refused = [
      ['__proto__', 400],
      ['constructor', 422],
      ['toString', 422],
      ['prototype', 422],
    ];
    for (const [member, status] of refused) {
      const answer = await outcomeOf(await post(`{"resourceType":"Patient","${member}":{"active":true}}`));
      expect([member, answer.status]).toEqual([member, status]);
    }
    expect(({} as { active?: boolean }).active).toBeUndefined();
  });

  it('that is empty, not UTF-8, or not JSON is answered 400', async () => {
    expect((await outcomeOf(await post(''))).code).toBe('body-empty');
    expect((await outcomeOf(await post(new Uint8Array([0x7b, 0xff, 0xfe])))).status).toBe(400);
    expect((await outcomeOf(await post('{"resourceType":"Patient",}'))).code).toBe('json-syntax');
  });

  it('with a script in its narrative is refused', async () => {
    const div = '<div xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></div>';
    const answer = await outcomeOf(
      await post(JSON.stringify({ ...person('9990000093', 'Jagger'), text: { status: 'generated', div } })),
    );
    expect([answer.status, answer.code]).toEqual([422, 'narrative-unsafe']);
  });
});
