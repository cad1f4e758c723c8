import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MedplumClient } from '@medplum/core';
import { Client as FhirKitClient } from 'fhir-kit-client';
import { importJWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OwnGateway, startOwnGateway } from '../support/own-gateway.ts';
import { makeKey, type TestKey } from './smart-setup.ts';

/**
 * SMART App Launch 2.2 (https://hl7.org/fhir/smart-app-launch/STU2.2/), section by section, over HTTP against a whole
 * gateway. A title begins with the section that it proves.
 */
let own: OwnGateway;
let keyServer: Server;
let fetched = 0;
let published: TestKey[];
let ec: TestKey;
let rsa: TestKey;
let filed: TestKey;
let tokenUrl: string;

beforeAll(async () => {
  [ec, rsa, filed] = await Promise.all([
    makeKey('ES384', 'ec-1'),
    makeKey('RS384', 'rsa-1', 2048),
    makeKey('ES384', 'f-1'),
  ]);
  published = [ec, rsa];
  keyServer = createServer((_request, response) => {
    fetched += 1;
    response.setHeader('Cache-Control', 'max-age=1');
    response.end(JSON.stringify({ keys: published.map(({ publicJwk }) => publicJwk) }));
  });
  await new Promise<void>((done) => keyServer.listen(0, '127.0.0.1', done));
  const jwksUrl = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/jwks`;
  own = await startOwnGateway(
    `partners:
  practice:
    title: A practice
    access: [{ types: ["*"], for: all, interactions: [read, search] }]
clients:
  by-url:
    partner: practice
    scopes: [system/Patient.rs, "system/Task.rs?status=ready", system/CarePlan.cruds, intake]
    keys: { url: "${jwksUrl}" }
  by-file: { partner: practice, scopes: [system/Patient.rs], keys: { file: file.jwks.json } }
`,
    { files: { 'file.jwks.json': JSON.stringify({ keys: [filed.publicJwk] }) } },
  );
  tokenUrl = `${own.gateway.baseUrl}/auth/token`;
});
afterAll(async () => {
  await own.stop();
  keyServer.closeAllConnections();
  await new Promise((done) => keyServer.close(done));
});

interface Changes {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly form?: Record<string, string | undefined>;
  readonly key?: TestKey;
  readonly client?: string;
}

async function assertion({ claims = {}, header = {}, key = ec, client = 'by-url' }: Changes = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const whole = { iss: client, sub: client, aud: tokenUrl, exp: now + 300, jti: randomUUID(), ...claims };
  const present = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
  const head = { alg: key.algorithm, kid: key.publicJwk.kid, typ: 'JWT', ...header };
  const known = Object.fromEntries(Object.entries(head).filter(([, value]) => value !== undefined));
  return new SignJWT(present as JWTPayload).setProtectedHeader(known as { alg: string }).sign(key.privateKey);
}

async function ask(
  changes: Changes = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const form = {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion(changes),
    scope: 'system/Patient.rs',
    ...changes.form,
  };
  const present = Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const response = await fetch(tokenUrl, { method: 'POST', body: new URLSearchParams(present) });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

const refusal = async (changes: Changes): Promise<unknown[]> => {
  const { status, body } = await ask(changes);
  return [status, body.error];
};

describe('Conformance: Using Well-Known', () => {
  it('the document is at [base]/.well-known/smart-configuration, is JSON, and needs no token', async () => {
    const response = await fetch(`${own.gateway.baseUrl}/fhir/.well-known/smart-configuration`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^application\/json/),
    ]);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('Metadata: it has what is required and recommended, and every address in it answers', async () => {
    const response = await fetch(`${own.gateway.baseUrl}/fhir/.well-known/smart-configuration`);
    const document = (await response.json()) as Record<string, string[]> & Record<string, string>;
    expect(document).toMatchObject({
      token_endpoint: tokenUrl,
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
      capabilities: ['client-confidential-asymmetric', 'permission-v1', 'permission-v2'],
    });
    expect(document.code_challenge_methods_supported).toContain('S256');
    expect(document.code_challenge_methods_supported).not.toContain('plain');
    expect(document.scopes_supported).toContain('system/Patient.cruds');
    // No login here: what belongs to it is left out.
    for (const name of ['authorization_endpoint', 'issuer', 'jwks_uri']) expect(document).not.toHaveProperty(name);
    for (const name of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint']) {
      const asked = await fetch(document[name] as string, { method: 'POST', body: new URLSearchParams() });
      expect([asked.status, ((await asked.json()) as { error: string }).error]).toEqual(
        name === 'token_endpoint' ? [400, 'invalid_request'] : [401, 'invalid_client'],
      );
    }
  });
});

describe('Backend Services: Register', () => {
  it('Client Authentication, Registering a client: keys by a JWKS address, or given directly', async () => {
    expect((await ask()).status).toBe(200);
    expect((await ask({ client: 'by-file', key: filed })).status).toBe(200);
  });

  it('Client Authentication: a key set is not cached for longer than its Cache-Control says, and keys may rotate', async () => {
    await ask();
    const next = await makeKey('ES384', 'ec-2');
    published = [ec, rsa, next];
    await new Promise((settle) => setTimeout(settle, 1_100));
    const before = fetched;
    expect((await ask({ key: next })).status).toBe(200);
    expect(fetched).toBe(before + 1);
  });
});

describe('Backend Services: Obtain access token', () => {
  it.each(['RS384', 'ES384'])('Asymmetric authentication, JWT header: %s is supported', async (algorithm) => {
    expect((await ask({ key: algorithm === 'RS384' ? rsa : ec })).status).toBe(200);
  });

  it.each([
    ['no kid', { kid: undefined }],
    ['a kid that is not in the key set', { kid: 'ec-9' }],
    ['a typ other than JWT', { typ: 'at+jwt' }],
    ['a jku that was not registered', { jku: 'https://evil.example/jwks' }],
  ])('Asymmetric authentication, JWT header: %s is refused', async (_what, header) => {
    expect(await refusal({ header })).toEqual([401, 'invalid_client']);
  });

  it('Asymmetric authentication, JWT header: alg is that of the key, not another', async () => {
    const [, claims, signature] = (await assertion()).split('.');
    const head = Buffer.from(JSON.stringify({ alg: 'RS384', kid: 'ec-1', typ: 'JWT' })).toString('base64url');
    const changed = { client_assertion: `${head}.${claims}.${signature}` };
    expect(await refusal({ form: changed })).toEqual([401, 'invalid_client']);
  });

  it.each([
    ['iss is another client', { iss: 'by-file' }],
    ['iss is missing', { iss: undefined }],
    ['sub is another client', { sub: 'by-file' }],
    ['sub is missing', { sub: undefined }],
    ['aud is the FHIR base', { aud: 'FHIR' }],
    ['aud is missing', { aud: undefined }],
    ['exp is missing', { exp: undefined }],
    ['exp is past', { exp: Math.floor(Date.now() / 1000) - 60 }],
    ['exp is more than five minutes ahead', { exp: Math.floor(Date.now() / 1000) + 600 }],
    ['jti is missing', { jti: undefined }],
  ])('Asymmetric authentication, JWT claims: an assertion whose %s is refused', async (_what, claims) => {
    const audience = 'aud' in claims && claims.aud === 'FHIR' ? { aud: `${own.gateway.baseUrl}/fhir` } : claims;
    expect(await refusal({ claims: audience })).toEqual([401, 'invalid_client']);
  });

  it('Asymmetric authentication, Signature verification: a jti is taken once from one client', async () => {
    const jti = randomUUID();
    expect((await ask({ claims: { jti } })).status).toBe(200);
    expect(await refusal({ claims: { jti } })).toEqual([401, 'invalid_client']);
    expect((await ask({ claims: { jti }, client: 'by-file', key: filed })).status).toBe(200);
  });

  it('Asymmetric authentication, Signature verification: another’s key proves nothing', async () => {
    expect(await refusal({ client: 'by-file', key: ec })).toEqual([401, 'invalid_client']);
    const impostor = await makeKey('ES384', 'ec-1');
    expect(await refusal({ key: impostor })).toEqual([401, 'invalid_client']);
  });

  it('Request: scope, grant_type, client_assertion_type and client_assertion, as a form by POST', async () => {
    expect(await refusal({ form: { grant_type: undefined } })).toEqual([400, 'invalid_request']);
    expect(await refusal({ form: { grant_type: 'password' } })).toEqual([400, 'unsupported_grant_type']);
    expect(await refusal({ form: { client_assertion_type: 'jwt' } })).toEqual([401, 'invalid_client']);
    expect(await refusal({ form: { client_assertion: undefined } })).toEqual([401, 'invalid_client']);
    expect((await fetch(tokenUrl)).status).toBe(405);
    const json = await fetch(tokenUrl, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });
    expect([json.status, ((await json.json()) as { error: string }).error]).toEqual([400, 'invalid_request']);
  });

  it('Issue access token: access_token, token_type, expires_in of at most five minutes, scope; not to be cached', async () => {
    const { status, headers, body } = await ask();
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 300,
      scope: 'system/Patient.rs',
    });
  });
});

describe('Backend Services: Scopes', () => {
  const scopeOf = async (scope: string): Promise<unknown> => {
    const { status, body } = await ask({ form: { scope } });
    return status === 200 ? body.scope : body.error;
  };

  it.each([
    [
      'Scopes for requesting FHIR Resources: v2 letters, narrowed to what is registered',
      'system/Patient.cruds',
      'system/Patient.rs',
    ],
    ['Scopes for requesting FHIR Resources: the spelling of v1', 'system/Patient.read', 'system/Patient.rs'],
    ['Scopes for requesting FHIR Resources: a wildcard gives what is registered', 'system/*.d', 'system/CarePlan.d'],
    [
      'Finer-grained constraints using search parameters: a registered one restricts',
      'system/Task.r',
      'system/Task.r?status=ready',
    ],
    [
      'Finer-grained constraints using search parameters: one may be asked for',
      'system/CarePlan.rs?category=a|b',
      'system/CarePlan.rs?category=a|b',
    ],
    ['Scopes for requesting FHIR Resources: nothing of it registered', 'system/Observation.rs', 'invalid_scope'],
    ['Scopes for requesting FHIR Resources: letters out of their order', 'system/Patient.sr', 'invalid_scope'],
    ['Scopes for requesting FHIR Resources: user and patient scopes need a user', 'user/Patient.rs', 'invalid_scope'],
    [
      'Finer-grained constraints using search parameters: one that the type has not',
      'system/CarePlan.rs?colour=red',
      'invalid_scope',
    ],
  ])('%s', async (_section, asked, expected) => {
    expect(await scopeOf(asked)).toBe(expected);
  });
});

describe('Backend Services: Access FHIR API', () => {
  it('the token is presented as a bearer, and gives what its scope says and no more', async () => {
    const { body } = await ask();
    const read = (path: string, headers: Record<string, string>) =>
      fetch(`${own.gateway.baseUrl}/fhir/${path}`, { headers }).then(({ status }) => status);
    const bearer = { Authorization: `Bearer ${body.access_token}` };
    expect(await read('Patient', bearer)).toBe(200);
    expect(await read('CarePlan', bearer)).toBe(403);
    expect(await read('Patient', {})).toBe(401);
    expect(await read('Patient', { Authorization: `Bearer ${body.access_token}x` })).toBe(401);
  });

  it('Token introspection: the response has active, scope, client_id and exp', async () => {
    const token = String((await ask()).body.access_token);
    const form = new URLSearchParams({
      token,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(),
    });
    const response = await fetch(`${own.gateway.baseUrl}/auth/introspect`, { method: 'POST', body: form });
    expect(await response.json()).toMatchObject({
      active: true,
      scope: 'system/Patient.rs',
      client_id: 'by-url',
      exp: expect.any(Number),
    });
  });

  it('our own key set holds the public half of the key that signed, and nothing secret', async () => {
    const { keys } = (await (await fetch(`${own.gateway.baseUrl}/auth/jwks`)).json()) as {
      keys: Record<string, string>[];
    };
    const { kid } = JSON.parse(
      Buffer.from(String((await ask()).body.access_token).split('.')[0] ?? '', 'base64url').toString('utf8'),
    ) as { kid: string };
    const signer = keys.find((one) => one.kid === kid);
    await expect(importJWK(signer ?? {}, 'EdDSA')).resolves.toBeDefined();
    for (const key of keys) expect(key).not.toHaveProperty('d');
  });
});

describe('Clients that know nothing of us get tokens and use them', () => {
  it('MedplumClient, by its own assertion login', async () => {
    const client = new MedplumClient({
      baseUrl: own.gateway.baseUrl,
      fhirUrlPath: 'fhir',
      tokenUrl,
      cacheTime: 0,
      maxRetries: 0,
    });
    // It then looks for a profile of its own server, which is not there; the token it has got by then.
    await client.startJwtAssertionLogin(await assertion()).catch(() => undefined);
    expect(client.getAccessToken()).toEqual(expect.any(String));
    expect((await client.search('Patient')).resourceType).toBe('Bundle');
  });

  it('fhir-kit-client finds the endpoints by the well-known document, and reads with the token', async () => {
    const kit = new FhirKitClient({ baseUrl: `${own.gateway.baseUrl}/fhir` });
    const metadata = (await kit.smartAuthMetadata()) as { tokenUrl?: URL };
    expect(String(metadata.tokenUrl)).toBe(tokenUrl);
    kit.bearerToken = String((await ask()).body.access_token);
    expect(await kit.search({ resourceType: 'Patient', searchParams: {} })).toMatchObject({ resourceType: 'Bundle' });
  });
});
