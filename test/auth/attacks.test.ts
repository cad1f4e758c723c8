import { createHmac, createPublicKey, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { type OwnGateway, startOwnGateway } from '../support/own-gateway.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { forge, makeKey, type TestKey } from './smart-setup.ts';

/** What an attacker would try at the token endpoint and the doors behind it, over HTTP, at two processes on one database. */
let postgres: TestPostgres;
let url: string;
let one: OwnGateway;
let two: OwnGateway;
let ec: TestKey;
let rsa: TestKey;
let keyServer: Server;
let answerKeys: RequestListener;
const dataFolder = mkdtempSync(join(tmpdir(), 'ginnel-attacks-'));

beforeAll(async () => {
  [ec, rsa] = await Promise.all([makeKey('ES384', 'ec-1'), makeKey('RS384', 'rsa-1', 2048)]);
  keyServer = createServer((request, response) => answerKeys(request, response));
  await new Promise<void>((done) => keyServer.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}`;
  postgres = await startTestPostgres();
  url = await postgres.takeDatabase();
  const yaml = `baseUrl: https://ginnel.example
partners:
  practice:
    title: A practice
    access: [{ types: ["*"], for: all, interactions: [read, search] }]
    in: { referrals: { transport: http, format: json, mapping: gp-json/referral } }
clients:
  app: { partner: practice, scopes: [system/Patient.rs, intake], keys: { file: app.jwks.json } }
${['redirect', 'oversize', 'slow', 'private', 'twice'].map((name) => `  ${name}: { partner: practice, scopes: [intake], keys: { url: "${origin}/${name}" } }`).join('\n')}
`;
  const files = { 'app.jwks.json': JSON.stringify({ keys: [ec.publicJwk, rsa.publicJwk] }) };
  const env = { DATABASE_URL: url };
  one = await startOwnGateway(yaml, { files, env, dataFolder: join(dataFolder, 'one') });
  two = await startOwnGateway(yaml, { files, env, dataFolder: join(dataFolder, 'two') });
}, 60_000);
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  keyServer.closeAllConnections();
  await new Promise((done) => keyServer.close(done));
  await postgres.giveBack(url);
  await postgres.stop();
  rmSync(dataFolder, { recursive: true, force: true });
});

const TOKEN_URL = 'https://ginnel.example/auth/token';
const door = (at: OwnGateway): string => `http://127.0.0.1:${at.gateway.httpPort}`;

function claimsOf(changes: Record<string, unknown> = {}): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  return { iss: 'app', sub: 'app', aud: TOKEN_URL, exp: now + 240, jti: randomUUID(), ...changes };
}

async function sign(claims: JWTPayload, header: object = {}, key = ec): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, kid: key.publicJwk.kid, typ: 'JWT', ...header } as { alg: string })
    .sign(key.privateKey);
}

const formOf = (assertion: string, scope = 'system/Patient.rs'): string =>
  new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    scope,
  }).toString();

async function post(form: string, at = one): Promise<{ status: number; error?: string; token?: string }> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const response = await fetch(`${door(at)}/auth/token`, { method: 'POST', headers, body: form });
  const { error, access_token: token } = (await response.json()) as { error?: string; access_token?: string };
  return {
    status: response.status,
    ...(error === undefined ? {} : { error }),
    ...(token === undefined ? {} : { token }),
  };
}

const REFUSED = { status: 401, error: 'invalid_client' };

describe('Algorithm confusion', () => {
  it('the assertion that these attacks change is good as it is', async () => {
    expect((await post(formOf(await sign(claimsOf())))).status).toBe(200);
  });

  it.each(['none', 'None', 'NONE', 'nOnE', ''])('alg "%s" is refused', async (alg) => {
    for (const signature of ['', 'AAAA'])
      expect(await post(formOf(forge({ alg, kid: 'ec-1', typ: 'JWT' }, claimsOf(), signature)))).toEqual(REFUSED);
  });

  it.each(['HS256', 'HS384', 'HS512'])('%s with our public key as the secret is refused', async (alg) => {
    for (const key of [ec, rsa]) {
      const pem = createPublicKey({ key: key.publicJwk as object, format: 'jwk' } as never).export({
        type: 'spki',
        format: 'pem',
      });
      const text = forge({ alg, kid: key.publicJwk.kid, typ: 'JWT' }, claimsOf()).slice(0, -1);
      const mac = createHmac(alg.replace('HS', 'sha'), pem).update(text).digest('base64url');
      expect(await post(formOf(`${text}.${mac}`))).toEqual(REFUSED);
    }
  });

  it.each(['RS256', 'PS384', 'ES256', 'EdDSA', 'constructor', '__proto__'])(
    '%s is refused, whatever it is signed with',
    async (alg) => {
      const { length } = await sign(claimsOf());
      expect(
        await post(formOf(forge({ alg, kid: 'rsa-1', typ: 'JWT' }, claimsOf(), 'A'.repeat(length % 100)))),
      ).toEqual(REFUSED);
    },
  );

  it('the key of one algorithm does not serve under another', async () => {
    const header = { alg: 'RS384', kid: 'ec-1', typ: 'JWT' };
    const good = await sign(claimsOf(), { kid: 'ec-1' }, rsa);
    expect(await post(formOf(good))).toEqual(REFUSED);
    expect(await post(formOf(forge(header, claimsOf(), good.split('.')[2])))).toEqual(REFUSED);
  });

  it('an all-zero ECDSA signature (CVE-2022-21449) is refused', async () => {
    const zero = Buffer.alloc(96).toString('base64url');
    expect(await post(formOf(forge({ alg: 'ES384', kid: 'ec-1', typ: 'JWT' }, claimsOf(), zero)))).toEqual(REFUSED);
  });

  it('so are these at the FHIR door, where the token is ours', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: 'https://ginnel.example',
      aud: 'https://ginnel.example/fhir',
      sub: 'app',
      client_id: 'app',
      partner: 'practice',
      scope: 'system/Patient.rs',
      jti: 'x',
      iat: now,
      exp: now + 60,
    };
    const { keys } = (await (await fetch(`${door(one)}/auth/jwks`)).json()) as { keys: { kid: string; x: string }[] };
    const { kid = '', x = '' } = keys[0] ?? {};
    const text = forge({ alg: 'HS256', typ: 'at+jwt', kid }, claims).slice(0, -1);
    const mac = createHmac('sha256', Buffer.from(x, 'base64url')).update(text).digest('base64url');
    const tokens = [
      `${text}.${mac}`,
      forge({ alg: 'none', typ: 'at+jwt', kid }, claims),
      await sign(claims, { typ: 'at+jwt', kid }),
    ];
    for (const token of tokens) {
      const response = await fetch(`${door(one)}/fhir/Patient`, { headers: { Authorization: `Bearer ${token}` } });
      expect(response.status).toBe(401);
    }
  });
});

describe('What a header may not bring', () => {
  it.each([
    ['a path', '../../../../etc/passwd'],
    ['a path to one of our keys', 'keys/access-token.json'],
    ['SQL', "ec-1' OR '1'='1"],
    ['a prototype', '__proto__'],
    ['a constructor', 'constructor'],
    ['an address', 'https://evil.example/jwks'],
    ['a line break', 'ec-1\r\nX-Evil: 1'],
    ['thousands of characters', 'k'.repeat(20_000)],
  ])('kid as %s finds no key', async (_what, kid) => {
    expect(await post(formOf(await sign(claimsOf(), { kid })))).toEqual(REFUSED);
    const bearer = await sign(claimsOf(), { kid, typ: 'at+jwt' });
    const response = await fetch(`${door(one)}/fhir/Patient`, {
      headers: { Authorization: `Bearer ${bearer.slice(0, 8_000)}` },
    });
    expect(response.status).toBe(401);
  });

  it.each([
    ['jwk', () => ({ jwk: ec.publicJwk })],
    ['x5c', () => ({ x5c: ['AAAA'] })],
    ['x5u', () => ({ x5u: 'https://evil.example/c.pem' })],
    ['jku', () => ({ jku: 'https://evil.example/jwks' })],
    ['crit', () => ({ crit: ['exp'] })],
  ])('%s, even with a good signature, is refused', async (name, header) => {
    const impostor = await makeKey('ES384', 'ec-1');
    const good = await sign(claimsOf()).then((text) => text.split('.'));
    const head = Buffer.from(JSON.stringify({ alg: 'ES384', kid: 'ec-1', typ: 'JWT', ...header() })).toString(
      'base64url',
    );
    expect(await post(formOf([head, good[1], good[2]].join('.')))).toEqual(REFUSED);
    // The key that it brings has signed it.
    const { crit: _none, ...brought } = {
      crit: undefined,
      ...header(),
      ...(name === 'jwk' ? { jwk: impostor.publicJwk } : {}),
    };
    expect(await post(formOf(await sign(claimsOf(), brought, impostor)))).toEqual(REFUSED);
  });
});

describe('A key server that means harm', () => {
  const askAs = async (client: string): Promise<object> =>
    post(formOf(await sign(claimsOf({ iss: client, sub: client })), 'intake'));
  const keySet = () => JSON.stringify({ keys: [ec.publicJwk] });

  it('redirects are not followed', async () => {
    let elsewhere = 0;
    answerKeys = (request, response) => {
      if (request.url !== '/redirect') elsewhere += 1;
      response.writeHead(request.url === '/redirect' ? 302 : 200, { Location: '/good' }).end(keySet());
    };
    expect([await askAs('redirect'), elsewhere]).toEqual([REFUSED, 0]);
  });

  it('more than a key set may be is not read', async () => {
    answerKeys = (_request, response) => {
      response.write(keySet());
      response.end(' '.repeat(LIMITS.jwksBytesMax));
    };
    expect(await askAs('oversize')).toEqual(REFUSED);
  });

  it('one that drips is cut off, and is not asked again by the next who comes', async () => {
    let asked = 0;
    answerKeys = (_request, response) => {
      asked += 1;
      const drip = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(drip));
    };
    expect(await askAs('slow')).toEqual(REFUSED);
    expect([await askAs('slow'), asked]).toEqual([REFUSED, 1]);
  }, 15_000);

  it('a private key in it, or two keys of one name, make it useless', async () => {
    answerKeys = (request, response) => {
      const keys = request.url === '/private' ? [{ ...ec.publicJwk, d: 'AAAA' }] : [ec.publicJwk, ec.publicJwk];
      response.end(JSON.stringify({ keys }));
    };
    expect([await askAs('private'), await askAs('twice')]).toEqual([REFUSED, REFUSED]);
  });
});

describe('Replay', () => {
  it('of an assertion at two processes at the same moment gives one token', async () => {
    for (let round = 0; round < 5; round += 1) {
      const form = formOf(await sign(claimsOf()));
      const answers = await Promise.all([post(form, one), post(form, two), post(form, one), post(form, two)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    }
  });

  it('of a token that one process gave is good at the other, until it is revoked at either', async () => {
    const { token = '' } = await post(formOf(await sign(claimsOf())), one);
    const readAt = (at: OwnGateway) =>
      fetch(`${door(at)}/fhir/Patient`, { headers: { Authorization: `Bearer ${token}` } });
    expect([(await readAt(one)).status, (await readAt(two)).status]).toEqual([200, 200]);
    const form = new URLSearchParams(formOf(await sign(claimsOf())));
    form.set('token', token);
    expect((await fetch(`${door(two)}/auth/revoke`, { method: 'POST', body: form })).status).toBe(200);
    expect((await readAt(two)).status).toBe(401);
    await new Promise((settle) => setTimeout(settle, LIMITS.standingFreshMs));
    expect((await readAt(one)).status).toBe(401);
  });
});

describe('Clocks', () => {
  const seconds = (): number => Math.floor(Date.now() / 1000);
  it.each([
    ['a little ahead: iat', () => ({ iat: seconds() + LIMITS.clockSkewSeconds - 2 }), 200],
    ['a little ahead: nbf', () => ({ nbf: seconds() + LIMITS.clockSkewSeconds - 2 }), 200],
    ['far ahead: iat', () => ({ iat: seconds() + LIMITS.clockSkewSeconds + 5 }), 401],
    ['far ahead: nbf', () => ({ nbf: seconds() + LIMITS.clockSkewSeconds + 5 }), 401],
    ['behind: exp', () => ({ exp: seconds() - 1 }), 401],
    ['so far ahead that it would live too long: exp', () => ({ exp: seconds() + 305 }), 401],
    ['in words: exp', () => ({ exp: String(seconds() + 60) }), 401],
    ['in milliseconds: exp', () => ({ exp: Date.now() + 60_000 }), 401],
    ['almost endless: exp', () => ({ exp: Number.MAX_SAFE_INTEGER }), 401],
  ])('a client’s clock that is %s', async (_what, changes, expected) => {
    expect((await post(formOf(await sign(claimsOf(changes() as JWTPayload))))).status).toBe(expected);
  });
});

describe('Smuggling', () => {
  /** Bytes as they are, and the status lines of what comes back until the connection ends. */
  function raw(text: string): Promise<string[]> {
    return new Promise((resolve) => {
      const socket = connect(one.gateway.httpPort, '127.0.0.1', () => socket.write(text));
      let got = '';
      socket.setTimeout(1_500, () => socket.destroy());
      socket.on('data', (chunk) => {
        got += chunk.toString('latin1');
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve([...got.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1] ?? '')));
    });
  }
  const head = (...lines: string[]): string =>
    `${['GET /fhir/Patient HTTP/1.1', 'Host: x', ...lines].join('\r\n')}\r\nConnection: close\r\n\r\n`;
  const tokenFor = async (): Promise<string> => (await post(formOf(await sign(claimsOf())))).token ?? '';

  it('the request that these attacks change is good as it is', async () => {
    expect(await raw(head(`Authorization: Bearer ${await tokenFor()}`))).toEqual(['200']);
  });

  it('two Authorization headers are refused, in either order', async () => {
    const good = `Authorization: Bearer ${await tokenFor()}`;
    const bad = 'Authorization: Bearer x';
    for (const lines of [
      [good, bad],
      [bad, good],
      [good, good],
    ])
      expect(await raw(head(...lines))).toEqual(['400']);
  });

  it('a folded header line is refused', async () => {
    expect(await raw(head(`Authorization: Bearer\r\n ${await tokenFor()}`))).not.toContain('200');
    expect(await raw(head('X-Filler: a\r\n\tb', `Authorization: Bearer ${await tokenFor()}`))).toEqual(['400']);
  });

  it.each([
    ['Content-Length and Transfer-Encoding together', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['two Content-Lengths', 'Content-Length: 0\r\nContent-Length: 44'],
    ['a Transfer-Encoding that is not the last chunked', 'Transfer-Encoding: chunked, identity'],
    ['a header name with a space before its colon', 'Content-Length : 44'],
    ['a bare line feed between headers', 'X-A: 1\nTransfer-Encoding: chunked'],
  ])('%s is refused, and what comes after it is nobody’s request', async (_what, lines) => {
    const hidden = `GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n`;
    const request = `POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n${lines}\r\n\r\n0\r\n\r\n${hidden}`;
    expect(await raw(request)).toEqual(['400']);
  });

  it.each(['scope', 'grant_type', 'client_assertion', 'client_id', 'anything'])(
    'a form with two of %s is refused',
    async (name) => {
      const form = `${formOf(await sign(claimsOf()))}&client_id=app&anything=1&${name}=x`;
      expect(await post(form)).toEqual({ status: 400, error: 'invalid_request' });
    },
  );

  it('a second way to authenticate is refused', async () => {
    const form = formOf(await sign(claimsOf()));
    expect(await post(`${form}&client_secret=x`)).toEqual({ status: 400, error: 'invalid_request' });
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: 'Basic YTpi' };
    expect((await fetch(`${door(one)}/auth/token`, { method: 'POST', headers, body: form })).status).toBe(400);
  });

  it('a token in the address or the body is not looked at (RFC 6750 section 2.3)', async () => {
    const token = await tokenFor();
    expect((await fetch(`${door(one)}/fhir/Patient?access_token=${token}`)).status).toBe(401);
    const search = await fetch(`${door(one)}/fhir/Patient/_search`, {
      method: 'POST',
      body: new URLSearchParams({ access_token: token }),
    });
    expect(search.status).toBe(401);
  });

  it('a Host or X-Forwarded header changes no address that tokens are about', async () => {
    const headers = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http', Forwarded: 'host=evil.example' };
    const response = await fetch(`${door(one)}/.well-known/smart-configuration`, { headers });
    expect(JSON.stringify(await response.json())).not.toContain('evil');
  });
});
