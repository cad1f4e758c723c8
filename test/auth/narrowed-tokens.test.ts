import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClientKey, type OwnGateway, startOwnGateway } from '../support/own-gateway.ts';
import { makeKey, type TestKey } from './smart-setup.ts';

/** What a token says that narrows it, a query or a patient, holds at the doors of a whole gateway. */
let own: OwnGateway;
let idp: Server;
let issuer: string;
let idpKey: TestKey;
let key: Awaited<ReturnType<typeof makeClientKey>>;
const ids: Record<string, string> = {};

beforeAll(async () => {
  [idpKey, key] = await Promise.all([makeKey('ES256', 'idp-1'), makeClientKey()]);
  idp = createServer((request, response) => {
    const isKeys = request.url === '/keys';
    const description = {
      issuer,
      jwks_uri: `${issuer}/keys`,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
    };
    response.end(JSON.stringify(isKeys ? { keys: [idpKey.publicJwk] } : description));
  });
  await new Promise<void>((done) => idp.listen(0, '127.0.0.1', done));
  issuer = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`;
  own = await startOwnGateway(
    `partners:
  team:
    title: A team
    kind: health
    access: [{ types: ["*"], for: all, interactions: [read, search, create, update, delete] }]
clients:
  writer: { partner: team, scopes: ["system/*.cruds"], keys: { file: app.json } }
  desk: { partner: team, scopes: ["system/Task.cruds?status=ready", system/Patient.rs], keys: { file: app.json } }
issuers:
  trust-login:
    issuer: ${issuer}
    algorithms: [ES256]
    partner: team
    scopes: [patient/*.rs, user/Task.rs]
    login: true
`,
    { files: { 'app.json': key.jwks } },
  );
  const token = await own.token('writer', key.key);
  const create = async (name: string, resource: Resource): Promise<void> => {
    const response = await call(token, resource.resourceType, 'POST', resource);
    expect([name, response.status]).toEqual([name, 201]);
    ids[name] = ((await response.json()) as { id: string }).id;
  };
  for (const name of ['iris', 'omar']) await create(name, { resourceType: 'Patient', name: [{ family: name }] });
  for (const [name, patient, status] of [
    ['iris-ready', 'iris', 'ready'],
    ['iris-draft', 'iris', 'draft'],
    ['omar-ready', 'omar', 'ready'],
  ] as const) {
    await create(name, {
      resourceType: 'Task',
      status,
      intent: 'order',
      for: { reference: `Patient/${ids[patient]}` },
    });
  }
});
afterAll(async () => {
  await own.stop();
  await new Promise((done) => idp.close(done));
});

function call(token: string, path: string, method = 'GET', body?: unknown): Promise<Response> {
  return fetch(`${own.gateway.baseUrl}/fhir/${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/fhir+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function found(token: string, path: string): Promise<{ names: string[]; total: number | undefined }> {
  const response = await call(token, path);
  const bundle = (await response.json()) as Bundle;
  expect([path, response.status]).toEqual([path, 200]);
  const names = (bundle.entry ?? []).map(
    ({ resource }) => Object.keys(ids).find((name) => ids[name] === resource?.id) ?? 'other',
  );
  return { names: names.sort(), total: bundle.total };
}

const task = (status: string) => ({
  resourceType: 'Task',
  status,
  intent: 'order',
  for: { reference: `Patient/${ids.iris}` },
});

describe('A scope restricted by a query (SMART App Launch 2.2, Finer-grained resource constraints)', () => {
  const deskToken = () => own.token('desk', key.key);

  it('finds, counts and reads what matches, and nothing else', async () => {
    const token = await deskToken();
    expect(await found(token, 'Task?_total=accurate')).toEqual({ names: ['iris-ready', 'omar-ready'], total: 2 });
    expect(await found(token, 'Task?status=draft&_total=accurate')).toEqual({ names: [], total: 0 });
    expect((await call(token, `Task/${ids['iris-ready']}`)).status).toBe(200);
    const hidden = await call(token, `Task/${ids['iris-draft']}`);
    const absent = await call(token, 'Task/0197f000-0000-7000-8000-000000000000');
    expect([hidden.status, absent.status]).toEqual([404, 404]);
    expect((await hidden.text()).replace(String(ids['iris-draft']), '')).toBe(await absent.text());
  });

  it('writes what matches, before and after, and nothing else', async () => {
    const token = await deskToken();
    expect((await call(token, 'Task', 'POST', task('ready'))).status).toBe(201);
    expect((await call(token, 'Task', 'POST', task('draft'))).status).toBe(403);
    const there = `Task/${ids['omar-ready']}`;
    expect((await call(token, there, 'PUT', { ...task('draft'), id: ids['omar-ready'] })).status).toBe(403);
    const hidden = `Task/${ids['iris-draft']}`;
    expect(
      (await call(token, hidden, 'PUT', { ...task('ready'), id: ids['iris-draft'] })).status,
    ).toBeGreaterThanOrEqual(400);
    // To delete what is not there changes nothing, and what may not be seen is not there.
    const absent = await call(token, 'Task/0197f000-0000-7000-8000-000000000000', 'DELETE');
    expect((await call(token, hidden, 'DELETE')).status).toBe(absent.status);
    const writer = await own.token('writer', key.key);
    expect(await found(writer, 'Task?status=draft')).toMatchObject({ names: ['iris-draft'] });
  });

  it('can be narrowed further by what is asked for', async () => {
    const token = await own.token('desk', key.key, `system/Task.rs?patient=Patient/${ids.omar}`);
    expect(await found(token, 'Task')).toMatchObject({ names: ['omar-ready'] });
  });
});

describe('A user’s application that was launched for one patient', () => {
  const userToken = (claims: object): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const whole = {
      iss: issuer,
      aud: `${own.gateway.baseUrl}/fhir`,
      sub: 'u',
      iat: now,
      exp: now + 60,
      jti: crypto.randomUUID(),
      ...claims,
    };
    return new SignJWT(whole).setProtectedHeader({ alg: 'ES256', kid: 'idp-1', typ: 'at+jwt' }).sign(idpKey.privateKey);
  };

  it('sees this patient’s record and no other, by read and by search', async () => {
    const token = await userToken({ scope: 'patient/*.rs', patient: ids.iris });
    expect(await found(token, 'Patient?_total=accurate')).toEqual({ names: ['iris'], total: 1 });
    expect((await found(token, 'Task')).names).toEqual(expect.arrayContaining(['iris-draft', 'iris-ready']));
    expect((await found(token, 'Task')).names).not.toContain('omar-ready');
    expect((await call(token, `Patient/${ids.omar}`)).status).toBe(404);
    expect((await call(token, `Task/${ids['omar-ready']}`)).status).toBe(404);
    expect(await found(token, `Task?patient=Patient/${ids.omar}`)).toMatchObject({ names: [] });
  });

  it('has user/ scopes narrowed to that patient too', async () => {
    const token = await userToken({ scope: 'user/Task.rs', patient: ids.omar });
    expect((await found(token, 'Task')).names).toEqual(['omar-ready']);
  });

  it('gets nothing by patient/ scopes when there is no patient', async () => {
    expect((await call(await userToken({ scope: 'patient/*.rs' }), 'Task')).status).toBe(403);
  });

  it('finds its way by the well-known document', async () => {
    const response = await fetch(`${own.gateway.baseUrl}/fhir/.well-known/smart-configuration`);
    expect(await response.json()).toMatchObject({
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${own.gateway.baseUrl}/auth/token`,
      grant_types_supported: ['client_credentials', 'authorization_code'],
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      scopes_supported: expect.arrayContaining(['launch/patient', 'patient/*.rs', 'user/Task.rs']),
      capabilities: expect.arrayContaining([
        'launch-standalone',
        'client-public',
        'context-standalone-patient',
        'permission-patient',
        'permission-user',
      ]),
    });
  });
});
