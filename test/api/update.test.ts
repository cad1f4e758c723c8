import type { Bundle, Patient } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, create, created, NHS_NUMBER, outcomeOf, person, send } from './support.ts';

let test: TestGateway;
const numbers = testNhsNumbers(40);
const nextNumber = (): string => numbers.pop() ?? '';
beforeAll(async () => {
  test = await startTestGateway(
    {},
    {
      clients: {
        ...CLIENTS,
        updater: ['system/Patient.u'],
        creator: ['system/Patient.c'],
        reader: ['system/Patient.rs'],
        deleter: ['system/Patient.d'],
      },
    },
  );
});
afterAll(() => test.stop());

const iris = (more: Partial<Patient> = {}): Promise<Patient & { id: string }> =>
  created(test, person(nextNumber(), 'Ashworth', more));

describe('update (https://hl7.org/fhir/R4/http.html#update)', () => {
  it('makes a new version and answers 200 with ETag, Last-Modified, Location and the resource', async () => {
    const before = await iris();
    const response = await send(test, 'PUT', `Patient/${before.id}`, { ...before, active: true });
    expect(response.status).toBe(200);
    const after = (await response.json()) as Patient;
    expect(after).toMatchObject({ id: before.id, active: true, meta: { versionId: '2' } });
    expect(response.headers.get('etag')).toBe('W/"2"');
    expect(response.headers.get('location')).toBe(`${test.gateway.baseUrl}/fhir/Patient/${before.id}/_history/2`);
    expect(Date.parse(response.headers.get('last-modified') ?? '')).toBeGreaterThan(0);
    expect(await (await test.request('everything', `/fhir/Patient/${before.id}`)).json()).toEqual(after);
    expect(await (await test.request('everything', `/fhir/Patient/${before.id}/_history/1`)).json()).toEqual(before);
  });

  it('creates under an id of the client’s where there is none, and answers 201', async () => {
    const response = await send(test, 'PUT', 'Patient/theirs-1', { ...person(nextNumber(), 'Berry'), id: 'theirs-1' });
    expect([response.status, response.headers.get('etag')]).toEqual([201, 'W/"1"']);
    expect((await test.request('everything', '/fhir/Patient/theirs-1')).status).toBe(200);
  });

  it('refuses to create under an id that is an NHS number, and says why without it', async () => {
    const number = nextNumber();
    const answer = await outcomeOf(
      await send(test, 'PUT', `Patient/${number}`, { ...person(number, 'B'), id: number }),
    );
    expect([answer.status, answer.code]).toEqual([422, 'id-invalid']);
    expect(answer.text).not.toContain(number);
    const trail = (await test.gateway.store.audit({ limit: 1000 })).map(({ content }) => content).join('\n');
    expect(trail).not.toContain(number);
  });

  it('answers 400 where the body has another id than the address, or none', async () => {
    const before = await iris();
    for (const id of ['another', undefined]) {
      const answer = await outcomeOf(await send(test, 'PUT', `Patient/${before.id}`, { ...before, id }));
      expect([id, answer.status, answer.code]).toEqual([id, 400, 'id-mismatch']);
    }
  });

  it('answers 422 for an invalid resource and changes nothing', async () => {
    const before = await iris();
    const answer = await outcomeOf(await send(test, 'PUT', `Patient/${before.id}`, { ...before, gender: 'lady' }));
    expect([answer.status, answer.code]).toEqual([422, 'code-invalid']);
    expect((await test.gateway.store.read('Patient', before.id))?.version).toBe(1);
  });

  it('answers 412 where If-Match names another version, and to 400 what is no ETag', async () => {
    const before = await iris();
    const put = (tag: string): Promise<Response> =>
      send(test, 'PUT', `Patient/${before.id}`, { ...before, active: true }, { 'If-Match': tag });
    const old = await outcomeOf(await put('W/"7"'));
    expect([old.status, old.code]).toEqual([412, 'version-mismatch']);
    for (const tag of ['1', 'W/1', '"1', 'latest']) {
      const answer = await outcomeOf(await put(tag));
      expect([tag, answer.status, answer.code]).toEqual([tag, 400, 'parameter-invalid']);
    }
    expect((await put('W/"1"')).status).toBe(200);
    expect((await put('"2"')).status).toBe(200);
    expect((await put('*')).status).toBe(200);
    const nothing = await send(
      test,
      'PUT',
      'Patient/never-1',
      { ...person(nextNumber(), 'X'), id: 'never-1' },
      {
        'If-Match': 'W/"1"',
      },
    );
    expect(nothing.status).toBe(412);
  });

  it('lets one of fifty with the same If-Match through, and answers 412 to the others', async () => {
    const before = await iris();
    const all = await Promise.all(
      Array.from({ length: 50 }, () =>
        send(test, 'PUT', `Patient/${before.id}`, { ...before, active: true }, { 'If-Match': 'W/"1"' }),
      ),
    );
    expect(all.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 49 }, () => 412)]);
    expect((await test.gateway.store.read('Patient', before.id))?.version).toBe(2);
  });

  it('takes fifty without If-Match at once, each as a version of its own', async () => {
    const before = await iris();
    const all = await Promise.all(
      Array.from({ length: 50 }, () => send(test, 'PUT', `Patient/${before.id}`, { ...before, active: true })),
    );
    expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
    const etags = all.map(({ headers }) => Number(/\d+/.exec(headers.get('etag') ?? '')?.[0]));
    expect(etags.sort((one, other) => one - other)).toEqual(Array.from({ length: 50 }, (_, n) => n + 2));
    expect((await test.gateway.store.read('Patient', before.id))?.version).toBe(51);
  });

  it('with If-None-Match: * creates or answers 412, for one of fifty at once too', async () => {
    const before = await iris();
    const anything = { 'If-None-Match': '*' };
    const refused = await outcomeOf(await send(test, 'PUT', `Patient/${before.id}`, before, anything));
    expect([refused.status, refused.code]).toEqual([412, 'version-mismatch']);
    const { identifier: _identifier, meta: _meta, ...fresh } = { ...before, id: `fresh-${before.id}` };
    const all = await Promise.all(
      Array.from({ length: 50 }, () => send(test, 'PUT', `Patient/${fresh.id}`, fresh, anything)),
    );
    const statuses = all.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 49 }, () => 412)]);
    const known = await outcomeOf(await send(test, 'PUT', `Patient/${fresh.id}`, fresh, { 'If-None-Match': 'W/"1"' }));
    expect(known.status).toBe(412);
    expect((await send(test, 'PUT', `Patient/${fresh.id}`, fresh, { 'If-None-Match': 'W/"7"' })).status).toBe(200);
  });

  it('answers 409 for an NHS number that somebody else holds, and keeps the claim of who it was', async () => {
    const [one, other] = [await iris(), await iris()];
    const taken = { ...other, identifier: one.identifier };
    const answer = await outcomeOf(await send(test, 'PUT', `Patient/${other.id}`, taken));
    expect([answer.status, answer.code]).toEqual([409, 'identifier-conflict']);
    await send(test, 'PUT', `Patient/${one.id}`, { ...one, active: true });
    const again = await create(test, person(one.identifier?.[0]?.value ?? '', 'Clone'));
    expect(again.status).toBe(409);
  });

  it('lets go of an identifier that the resource no longer carries', async () => {
    const [one, other] = [await iris(), nextNumber()];
    const freed = one.identifier?.[0]?.value ?? '';
    await send(test, 'PUT', `Patient/${one.id}`, { ...one, identifier: [{ system: NHS_NUMBER, value: other }] });
    expect((await create(test, person(freed, 'Heir'))).status).toBe(201);
  });

  it('keeps the labels of a record that the sender does not know of', async () => {
    const restricted = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' };
    const before = await iris({ meta: { security: [restricted] } });
    const { meta: _meta, ...sent } = before;
    const after = (await (await send(test, 'PUT', `Patient/${before.id}`, sent)).json()) as Patient;
    expect(after.meta?.security).toEqual([restricted]);
  });

  it('answers as Prefer asks', async () => {
    const before = await iris();
    const put = (prefer: string): Promise<Response> =>
      send(test, 'PUT', `Patient/${before.id}`, before, { Prefer: prefer });
    const minimal = await put('return=minimal');
    expect([minimal.status, await minimal.text(), minimal.headers.get('etag')]).toEqual([200, '', 'W/"2"']);
    expect(await (await put('return=representation')).json()).toMatchObject({ resourceType: 'Patient' });
    expect(await (await put('respond-async, return=OperationOutcome')).json()).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'information' }],
    });
  });

  it('needs the scope u, and shows what stood there only to who may read', async () => {
    const before = await iris();
    for (const client of ['creator', 'reader', 'deleter']) {
      const answer = await outcomeOf(await send(test, 'PUT', `Patient/${before.id}`, before, {}, client));
      expect([client, answer.status]).toEqual([client, 403]);
    }
    const response = await send(test, 'PUT', `Patient/${before.id}`, before, {}, 'updater');
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('leaves an AuditEvent of its own kind', async () => {
    const before = await iris();
    await send(test, 'PUT', `Patient/${before.id}`, before);
    const about = (await test.gateway.store.audit({ limit: 1000 })).filter(({ patient }) => patient === before.id);
    expect(about.map(({ content }) => (JSON.parse(content) as { action: string }).action)).toEqual(['C', 'U']);
  });

  it('that gives a record to another patient is in the audit of both', async () => {
    const [one, other] = [await iris(), await iris()];
    const about = (subject: string): object => ({
      resourceType: 'Condition',
      id: `of-${one.id}`,
      subject: { reference: `Patient/${subject}` },
    });
    await send(test, 'PUT', `Condition/of-${one.id}`, about(one.id));
    await send(test, 'PUT', `Condition/of-${one.id}`, about(other.id));
    // An event is about one patient at most.
    const last = (await test.gateway.store.audit({ limit: 1000 })).slice(-2);
    expect(last.map(({ patient }) => patient).sort()).toEqual([one.id, other.id].sort());
    for (const { content, patient } of last) expect(content).toContain(`Patient/${patient}`);
  });

  it('is routed, as a create is', async () => {
    const before = await iris();
    const request = {
      resourceType: 'ServiceRequest',
      id: `referral-${before.id}`,
      status: 'active',
      intent: 'order',
      category: [{ coding: [{ system: 'http://snomed.info/sct', code: '306167008' }] }],
      code: { text: 'Occupational therapy' },
      subject: { reference: `Patient/${before.id}` },
    };
    for (const status of [201, 200]) {
      expect((await send(test, 'PUT', `ServiceRequest/${request.id}`, request)).status).toBe(status);
    }
    const routed = (await test.gateway.store.deliveries({ limit: 100 })).filter((one) => one.resourceId === request.id);
    expect(routed.map(({ resourceVersion }) => resourceVersion).sort()).toEqual([1, 1, 2, 2]);
  });
});

describe('delete (https://hl7.org/fhir/R4/http.html#delete)', () => {
  const remove = (path: string, headers = {}, client = 'everything'): Promise<Response> =>
    send(test, 'DELETE', path, undefined, headers, client);

  it('answers 204, and reading it 410; what was there stays in the history', async () => {
    const before = await iris();
    const response = await remove(`Patient/${before.id}`);
    expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([204, '', 'W/"2"']);
    const gone = await outcomeOf(await test.request('everything', `/fhir/Patient/${before.id}`));
    expect([gone.status, gone.code]).toEqual([410, 'resource-gone']);
    expect(await (await test.request('everything', `/fhir/Patient/${before.id}/_history/1`)).json()).toEqual(before);
    const search = await test.request('everything', `/fhir/Patient?_id=${before.id}`);
    expect(((await search.json()) as Bundle).entry).toBeUndefined();
  });

  it('twice, and of what never was, is 204 and changes nothing', async () => {
    const before = await iris();
    for (let time = 0; time < 2; time += 1) expect((await remove(`Patient/${before.id}`)).status).toBe(204);
    expect((await test.gateway.store.read('Patient', before.id))?.version).toBe(2);
    expect((await remove('Patient/never-was')).status).toBe(204);
    expect(await test.gateway.store.read('Patient', 'never-was')).toBeUndefined();
  });

  it('frees the identifiers, and an update brings it back with 201 as the next version', async () => {
    const before = await iris();
    await remove(`Patient/${before.id}`);
    const back = await send(test, 'PUT', `Patient/${before.id}`, before);
    expect([back.status, back.headers.get('etag')]).toEqual([201, 'W/"3"']);
    await remove(`Patient/${before.id}`);
    expect((await create(test, person(before.identifier?.[0]?.value ?? '', 'Heir'))).status).toBe(201);
    const late = await outcomeOf(await send(test, 'PUT', `Patient/${before.id}`, before));
    expect([late.status, late.code]).toEqual([409, 'identifier-conflict']);
  });

  it('heeds If-Match', async () => {
    const before = await iris();
    expect((await remove(`Patient/${before.id}`, { 'If-Match': 'W/"2"' })).status).toBe(412);
    expect((await remove(`Patient/${before.id}`, { 'If-Match': 'W/"1"' })).status).toBe(204);
  });

  it('needs the scope d, and a number in the address does not reach the audit', async () => {
    const before = await iris();
    for (const client of ['creator', 'reader', 'updater']) {
      expect([client, (await remove(`Patient/${before.id}`, {}, client)).status]).toEqual([client, 403]);
    }
    const number = nextNumber();
    expect((await remove(`Patient/${number}`, {}, 'deleter')).status).toBe(204);
    const trail = (await test.gateway.store.audit({ limit: 1000 })).map(({ content }) => content).join('\n');
    expect(trail).not.toContain(number);
    expect((await remove(`Patient/${before.id}`, {}, 'deleter')).status).toBe(204);
  });
});

describe('history of one resource (https://hl7.org/fhir/R4/http.html#history)', () => {
  const history = async (path: string): Promise<Bundle> => {
    const response = await test.request('everything', `/fhir/${path}`);
    expect([path, response.status]).toEqual([path, 200]);
    return (await response.json()) as Bundle;
  };

  it('gives every version, the newest first, with what was done and when', async () => {
    const before = await iris();
    const second = (await (await send(test, 'PUT', `Patient/${before.id}`, before)).json()) as Patient;
    await send(test, 'DELETE', `Patient/${before.id}`);
    const bundle = await history(`Patient/${before.id}/_history`);
    expect(bundle).toMatchObject({ type: 'history', total: 3 });
    expect(bundle.entry?.map(({ request, response }) => [request?.method, request?.url, response?.status])).toEqual([
      ['DELETE', `Patient/${before.id}`, '204'],
      ['PUT', `Patient/${before.id}`, '200'],
      ['POST', 'Patient', '201'],
    ]);
    expect(bundle.entry?.map(({ resource }) => resource)).toEqual([undefined, second, before]);
    expect(bundle.entry?.map(({ response }) => response?.etag)).toEqual(['W/"3"', 'W/"2"', 'W/"1"']);
  });

  it('is paged by _count, and the pages are all of it', async () => {
    const before = await iris();
    for (let time = 0; time < 4; time += 1) await send(test, 'PUT', `Patient/${before.id}`, before);
    const versions: (string | undefined)[] = [];
    let path: string | undefined = `Patient/${before.id}/_history?_count=2`;
    while (path !== undefined) {
      const bundle: Bundle = await history(path);
      expect(bundle.total).toBe(5);
      versions.push(...(bundle.entry ?? []).map(({ resource }) => resource?.meta?.versionId));
      path = bundle.link?.find(({ relation }) => relation === 'next')?.url?.split('/fhir/')[1];
    }
    expect(versions).toEqual(['5', '4', '3', '2', '1']);
  });

  it('since a moment gives what was made then or later', async () => {
    const before = await iris();
    await new Promise((settle) => setTimeout(settle, 5));
    const second = (await (await send(test, 'PUT', `Patient/${before.id}`, before)).json()) as Patient;
    const bundle = await history(
      `Patient/${before.id}/_history?_since=${encodeURIComponent(second.meta?.lastUpdated ?? '')}`,
    );
    expect(bundle.entry?.map(({ resource }) => resource?.meta?.versionId)).toEqual(['2']);
    const later = await history(`Patient/${before.id}/_history?_since=2199-01-01T00:00:00Z`);
    expect(later.entry).toBeUndefined();
  });

  it('answers 404 where there never was one, and 400 to what it does not know', async () => {
    expect((await outcomeOf(await test.request('everything', '/fhir/Patient/never/_history'))).status).toBe(404);
    const before = await iris();
    for (const query of [
      '_since=yesterday',
      '_since=2026',
      '_count=-1',
      '_at=now',
      '_sort=name',
      'name=x',
      '_cursor=0',
      '_since=2026-01-01T00:00:00Z&_since=2026-01-01T00:00:00Z',
    ]) {
      const answer = await outcomeOf(await test.request('everything', `/fhir/Patient/${before.id}/_history?${query}`));
      expect([query, answer.status]).toEqual([query, 400]);
    }
  });

  it('needs the scope r', async () => {
    const before = await iris();
    expect((await test.request('updater', `/fhir/Patient/${before.id}/_history`)).status).toBe(403);
    expect((await test.request('reader', `/fhir/Patient/${before.id}/_history`)).status).toBe(200);
  });
});

describe('conditional read (https://hl7.org/fhir/R4/http.html#cread)', () => {
  const get = (id: string, headers: Record<string, string>): Promise<Response> =>
    test.request('everything', `/fhir/Patient/${id}`, { headers });

  it('answers 304 and no body to who has this version, or nothing older than it', async () => {
    const { id, meta } = await iris();
    const later = new Date(Date.parse(meta?.lastUpdated ?? '') + 1000).toUTCString();
    const conditions: Record<string, string>[] = [
      { 'If-None-Match': 'W/"1"' },
      { 'If-None-Match': '"4", W/"1"' },
      { 'If-Modified-Since': later },
    ];
    for (const headers of conditions) {
      const response = await get(id, headers);
      expect([headers, response.status, await response.text()]).toEqual([headers, 304, '']);
      expect(response.headers.get('etag')).toBe('W/"1"');
    }
  });

  it('gives it to who has another version, or one from before', async () => {
    const { id } = await iris();
    const past = 'Mon, 02 Mar 2020 09:00:00 GMT';
    const conditions: Record<string, string>[] = [
      { 'If-None-Match': 'W/"2"' },
      { 'If-Modified-Since': past },
      { 'If-Modified-Since': 'no date' },
    ];
    for (const headers of conditions) {
      const response = await get(id, headers);
      expect([headers, response.status]).toEqual([headers, 200]);
    }
  });
});
