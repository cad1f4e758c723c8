import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Issuer } from '../../src/config/config.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { forge, makeKey, openSmart, type SmartSetup, type TestKey } from './smart-setup.ts';

/** An identity provider on loopback. A test changes what it answers. */
interface Provider {
  readonly url: string;
  readonly hits: Map<string, number>;
  answers: Record<
    string,
    (request: IncomingMessage, body: string) => { status?: number; body: unknown; headers?: object }
  >;
}

let server: Server;
let provider: Provider;
let key: TestKey;
let smart: SmartSetup;

beforeEach(async () => {
  key = await makeKey('RS256', 'idp-1', 2048);
  provider = { url: '', hits: new Map(), answers: {} };
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const path = request.url ?? '';
    provider.hits.set(path, (provider.hits.get(path) ?? 0) + 1);
    const answer = provider.answers[path]?.(request, body);
    response.writeHead(answer?.status ?? (answer === undefined ? 404 : 200), { ...answer?.headers });
    response.end(typeof answer?.body === 'string' ? answer.body : JSON.stringify(answer?.body ?? {}));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(provider, { url: `${origin}/realms/care` });
  provider.answers['/realms/care/.well-known/openid-configuration'] = () => ({ body: description() });
  provider.answers['/realms/care/certs'] = () => ({ body: { keys: [key.publicJwk] } });
  smart = await openSmart({ issuers: [issuerOf()] });
});
afterEach(async () => {
  await smart.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const description = (changes: object = {}): object => ({
  issuer: provider.url,
  jwks_uri: `${provider.url}/certs`,
  authorization_endpoint: `${provider.url}/auth`,
  token_endpoint: `${provider.url}/token`,
  ...changes,
});

function issuerOf(changes: Partial<Issuer> = {}): Issuer {
  return {
    name: 'trust-login',
    issuer: provider.url,
    audience: undefined,
    jwksUrl: undefined,
    algorithms: ['RS256', 'ES256'],
    partner: { kind: 'fixed', name: 'hazel-grove-surgery' },
    scopes: ['patient/*.rs', 'user/Patient.rs', 'user/Task.rs?status=ready'],
    person: { claim: 'nhsid_useruid', system: 'https://fhir.nhs.uk/Id/sds-user-id', name: 'name', role: 'role' },
    login: true,
    ...changes,
  };
}

async function token(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}, by = key) {
  const now = smart.clock.now().getTime() / 1000;
  const whole = {
    iss: provider.url,
    aud: 'https://ginnel.example/fhir',
    sub: 'u-1',
    scope: 'openid user/Patient.rs',
    iat: now,
    exp: now + 300,
    jti: 'ext-1',
    ...claims,
  };
  const present = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
  return new SignJWT(present)
    .setProtectedHeader({ alg: by.algorithm, typ: 'JWT', kid: by.publicJwk.kid, ...header } as { alg: string })
    .sign(by.privateKey);
}

const verify = (text: string) => smart.verify(`Bearer ${text}`);
const code = (what: string) => ({ issues: [{ code: what }] });
const reopen = async (changes: Partial<Issuer>): Promise<void> => {
  await smart.close();
  smart = await openSmart({ issuers: [issuerOf(changes)] });
};

describe('A token of a configured issuer', () => {
  it('says who is asking by the configuration: partner, bounded scopes, and the person by the claims', async () => {
    const claims = {
      nhsid_useruid: '910000000001',
      name: 'Nurse Amara Bell',
      role: 'R8001',
      scope: 'user/*.rs system/*.cruds',
    };
    expect(await verify(await token(claims))).toEqual({
      client: 'issuer:trust-login',
      partner: 'hazel-grove-surgery',
      organisation: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'X99001' },
      scopes: ['system/Patient.rs', 'system/Task.rs?status=ready'],
      tokenId: 'ext-1',
      expiresAt: expect.any(Date),
      person: {
        identifier: { system: 'https://fhir.nhs.uk/Id/sds-user-id', value: '910000000001' },
        name: 'Nurse Amara Bell',
        role: 'R8001',
      },
    });
  });

  it('is for one patient where the launch was: patient/ scopes count, and the identity says whose record it is', async () => {
    const identity = await verify(await token({ scope: 'patient/CarePlan.rs patient/Patient.read', patient: 'p-7' }));
    expect(identity.launchPatient).toBe('p-7');
    expect(identity.scopes).toEqual(['system/CarePlan.rs', 'system/Patient.rs']);
  });

  it('gives nothing by patient/ scopes without a patient', async () => {
    expect((await verify(await token({ scope: 'patient/CarePlan.rs' }))).scopes).toEqual([]);
  });

  it.each([['x'.repeat(65)], [''], [7], [['p-1', 'p-2']], ['Patient/../Task/1']])(
    'is refused when its patient cannot be named: %j',
    async (patient) => {
      await expect(verify(await token({ scope: 'patient/CarePlan.rs', patient }))).rejects.toMatchObject(
        code('token-invalid'),
      );
    },
  );

  it('is of the partner that a claim stands for, and of nobody where the value is unknown', async () => {
    const values = new Map([['X99001', 'hazel-grove-surgery']]);
    await reopen({ partner: { kind: 'claim', claim: 'ods', values } });
    expect((await verify(await token({ ods: 'X99001' }))).partner).toBe('hazel-grove-surgery');
    for (const ods of ['X99002', '__proto__', undefined, ['X99001']])
      await expect(verify(await token({ ods }))).rejects.toMatchObject(code('token-invalid'));
  });

  it.each([
    ['for another audience', { aud: 'https://ginnel.example' }, {}],
    ['without exp', { exp: undefined }, {}],
    ['without iat', { iat: undefined }, {}],
    ['of an issuer that is not configured', { iss: 'https://other.example' }, {}],
    ['that lives longer than it may', { exp: Date.parse('2026-03-03T09:00:00Z') / 1000 }, {}],
    ['from the future', { iat: Date.parse('2026-03-02T09:01:00Z') / 1000 }, {}],
    ['that is not valid yet', { nbf: Date.parse('2026-03-02T09:01:00Z') / 1000 }, {}],
    ['that calls itself something else', {}, { typ: 'logout+jwt' }],
    ['with a key that the issuer has not', {}, { kid: 'idp-9' }],
    ['without a kid', {}, { kid: undefined }],
  ])('is refused: one %s', async (_what, claims, header) => {
    await expect(verify(await token(claims, header))).rejects.toMatchObject(code('token-invalid'));
  });

  it('is refused when it has expired', async () => {
    const text = await token();
    smart.clock.advance(301);
    await expect(verify(text)).rejects.toMatchObject(code('token-expired'));
  });

  it('is refused when it is signed with another algorithm than the configuration allows', async () => {
    const other = await makeKey('RS384', 'idp-1', 2048);
    provider.answers['/realms/care/certs'] = () => ({ body: { keys: [key.publicJwk, other.publicJwk] } });
    await expect(verify(await token({}, {}, other))).rejects.toMatchObject(code('token-invalid'));
    const claims = {
      iss: provider.url,
      aud: 'https://ginnel.example/fhir',
      exp: 4e9,
      iat: 1,
      scope: 'user/Patient.rs',
    };
    for (const alg of ['none', 'HS256'])
      await expect(verify(forge({ alg, kid: 'idp-1' }, claims, 'AAAA'))).rejects.toMatchObject(code('token-invalid'));
  });

  it('is remembered, so that the issuer is not asked for each request', async () => {
    const text = await token();
    expect(await verify(text)).toBe(await verify(text));
    await verify(await token({ jti: 'ext-2' }));
    expect(provider.hits.get('/realms/care/certs')).toBe(1);
  });
});

describe('The issuer’s description and keys', () => {
  it('a key that is new to us is fetched once, and not again for a while whatever is sent', async () => {
    await verify(await token());
    const next = await makeKey('ES256', 'idp-2');
    provider.answers['/realms/care/certs'] = () => ({ body: { keys: [key.publicJwk, next.publicJwk] } });
    await expect(verify(await token({}, {}, next))).rejects.toMatchObject(code('token-invalid'));
    smart.clock.advance(LIMITS.jwksCooldownMs / 1000);
    await verify(await token({}, {}, next));
    for (let n = 0; n < 20; n += 1) await verify(await token({}, { kid: `idp-x${n}` })).catch(() => {});
    expect(provider.hits.get('/realms/care/certs')).toBe(2);
  });

  it.each([
    ['is another issuer’s', () => ({ body: description({ issuer: `${provider.url}/` }) })],
    ['has its keys on another origin', () => ({ body: description({ jwks_uri: 'https://keys.example/certs' }) })],
    [
      'has its token endpoint on another origin',
      () => ({ body: description({ token_endpoint: 'https://evil.example/t' }) }),
    ],
    ['is a redirect', () => ({ status: 302, body: '', headers: { location: `${provider.url}/elsewhere` } })],
    ['is too large', () => ({ body: { ...description(), filler: 'x'.repeat(LIMITS.jwksBytesMax) } })],
    ['is no JSON', () => ({ body: '<html>' })],
    ['is a fault', () => ({ status: 500, body: {} })],
  ])(
    'a description that %s is not used: the answer is "not now", and the issuer is not asked again at once',
    async (_what, answer) => {
      const path = '/realms/care/.well-known/openid-configuration';
      provider.answers[path] = answer;
      provider.answers['/realms/care/elsewhere'] = () => ({ body: description() });
      for (let n = 0; n < 3; n += 1)
        await expect(verify(await token({ jti: `e-${n}` }))).rejects.toMatchObject(code('issuer-unavailable'));
      expect(provider.hits.get(path)).toBe(1);
      expect(provider.hits.get('/realms/care/elsewhere')).toBeUndefined();
    },
  );

  it('keys that were fetched serve while the issuer is down, as long as they may', async () => {
    await verify(await token());
    provider.answers = {};
    smart.clock.advance(LIMITS.jwksCooldownMs / 1000);
    await expect(verify(await token({}, { kid: 'idp-9' }))).rejects.toMatchObject(code('token-invalid'));
    await expect(verify(await token({ jti: 'ext-2' }))).resolves.toBeDefined();
    smart.clock.advance(LIMITS.jwksCacheMs / 1000);
    await expect(verify(await token({ jti: 'ext-3' }))).rejects.toMatchObject(code('issuer-unavailable'));
  });

  it('keys elsewhere are taken where the configuration names them', async () => {
    provider.answers['/keys'] = () => ({ body: { keys: [key.publicJwk] } });
    await reopen({ jwksUrl: `${new URL(provider.url).origin}/keys` });
    await expect(verify(await token())).resolves.toBeDefined();
    expect(provider.hits.has('/realms/care/certs')).toBe(false);
  });

  it('is found as RFC 8414 says too', async () => {
    delete provider.answers['/realms/care/.well-known/openid-configuration'];
    provider.answers['/.well-known/oauth-authorization-server/realms/care'] = () => ({ body: description() });
    await expect(verify(await token())).resolves.toBeDefined();
  });
});

describe('SMART App Launch for the shared plan viewer', () => {
  const exchange = (fields: Record<string, string>, authorization?: string) =>
    smart.endpoint({
      contentType: 'application/x-www-form-urlencoded',
      body: new URLSearchParams(fields).toString(),
      correlationId: 'c',
      authorization,
    });
  const CODE = {
    grant_type: 'authorization_code',
    code: 'abc',
    redirect_uri: 'https://viewer.example/',
    client_id: 'viewer',
    code_verifier: 'v'.repeat(43),
  };

  it('exchanges a code at the issuer, as it came, and says what the token is worth here', async () => {
    const text = await token({ scope: 'patient/*.cruds openid', patient: 'p-7' });
    let seen = '';
    provider.answers['/realms/care/token'] = (request, body) => {
      seen = `${request.headers.authorization} ${body}`;
      return {
        body: { access_token: text, token_type: 'Bearer', expires_in: 300, scope: 'patient/*.cruds', secret: 'x' },
      };
    };
    const answer = await exchange(CODE);
    expect(seen).toBe(`undefined ${new URLSearchParams(CODE).toString()}`);
    expect([answer.status, answer.headers['Cache-Control']]).toEqual([200, 'no-store']);
    expect(answer.body).toEqual({
      access_token: text,
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'patient/*.rs',
      patient: 'p-7',
    });
    expect((await verify(text)).launchPatient).toBe('p-7');
    expect(JSON.stringify(smart.audit().at(-1))).toContain('ext-1');
  });

  it('needs PKCE', async () => {
    const { code_verifier: _none, ...without } = CODE;
    expect(await exchange(without)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(provider.hits.has('/realms/care/token')).toBe(false);
  });

  it.each([
    ['invalid_grant', 400, 'invalid_grant'],
    ['invalid_client', 401, 'invalid_client'],
    ['anything <b>Betty</b>', 400, 'invalid_request'],
  ])('passes the issuer’s no on, and none of its words: %s', async (error, status, expected) => {
    provider.answers['/realms/care/token'] = () => ({ status: 400, body: { error, error_description: 'Betty' } });
    const answer = await exchange(CODE);
    expect(answer).toMatchObject({ status, body: { error: expected } });
    expect(JSON.stringify(answer.body)).not.toContain('Betty');
  });

  it.each([
    ['is down', () => ({ status: 503, body: {} })],
    ['redirects', () => ({ status: 307, body: '', headers: { location: 'https://evil.example/' } })],
    ['answers too much', () => ({ body: { filler: 'x'.repeat(LIMITS.jwksBytesMax) } })],
  ])('says "not now" while the issuer %s', async (_what, answer) => {
    provider.answers['/realms/care/token'] = answer;
    expect(await exchange(CODE)).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
  });

  it('does not pass a token on that it would refuse', async () => {
    const text = await token({ aud: 'https://elsewhere.example' });
    provider.answers['/realms/care/token'] = () => ({ body: { access_token: text, token_type: 'Bearer' } });
    expect(await exchange(CODE)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('is described: the issuer’s authorization endpoint, our token endpoint, and what a viewer may ask for', async () => {
    expect(await smart.smart.describeLogin()).toMatchObject({
      issuer: { authorizationUrl: `${provider.url}/auth` },
      scopes: ['patient/*.rs', 'user/Patient.rs', 'user/Task.rs?status=ready'],
    });
    await reopen({ login: false });
    expect(await smart.smart.describeLogin()).toBeUndefined();
    expect(await exchange(CODE)).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } });
  });
});
