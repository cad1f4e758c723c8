import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent } from '@medplum/fhirtypes';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDemoKey } from '../../src/auth/demo-clients.ts';
import { loadOrCreateSigningKey, type SigningKey } from '../../src/auth/keys.ts';
import { signAssertion } from '../../src/auth/sign-assertion.ts';
import { outcomeOf, sendRaw } from '../api/support.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/** Who is refused at the gateway's doors, how, and that the audit tells of it afterwards. */
let test: TestGateway;
let another: TestGateway;
let ownKey: SigningKey;
let strangeKey: SigningKey;
const strangeFolder = mkdtempSync(join(tmpdir(), 'ginnel-strange-'));
beforeAll(async () => {
  test = await startTestGateway();
  another = await startTestGateway();
  ownKey = await loadOrCreateSigningKey(test.dataFolder);
  strangeKey = await loadOrCreateSigningKey(strangeFolder);
});
afterAll(async () => {
  await Promise.all([test.stop(), another.stop()]);
  rmSync(strangeFolder, { recursive: true, force: true });
});

const CLIENT = 'neighbourhood-viewer';
const CLAIMS = { client_id: CLIENT, partner: 'heatons-neighbourhood', scope: 'system/Patient.rs' };

/** An access token as the gateway makes them, but for what is changed. */
async function forgeToken(changes: { key?: SigningKey; audience?: string; expiresIn?: number; typ?: string } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const { key = ownKey, audience = `${test.gateway.baseUrl}/fhir`, expiresIn = 300, typ = 'at+jwt' } = changes;
  return new SignJWT(CLAIMS)
    .setProtectedHeader({ alg: 'EdDSA', typ, kid: key.kid })
    .setIssuer(test.gateway.baseUrl)
    .setSubject(CLIENT)
    .setAudience(audience)
    .setJti(randomUUID())
    .setIssuedAt(now - 600)
    .setExpirationTime(now + expiresIn)
    .sign(key.privateKey);
}

/** The one event of a request, found by its correlation id. */
async function eventOf(correlationId: string): Promise<AuditEvent> {
  const trail = await test.gateway.store.audit({ limit: 1000 });
  const found = trail.filter(({ content }) => content.includes(correlationId));
  expect(found.length).toBe(1);
  return JSON.parse(found[0]?.content ?? '') as AuditEvent;
}

async function ask(
  path: string,
  authorization: string | undefined,
  init: RequestInit = {},
): Promise<{ status: number; code: string; challenge: string | null; event: AuditEvent }> {
  const correlationId = randomUUID();
  const headers = new Headers(init.headers);
  headers.set('X-Correlation-Id', correlationId);
  if (authorization !== undefined) headers.set('Authorization', authorization);
  const response = await fetch(`${test.gateway.baseUrl}${path}`, { ...init, headers });
  const challenge = response.headers.get('www-authenticate');
  const { status, code } = await outcomeOf(response);
  return { status, code, challenge, event: await eventOf(correlationId) };
}

describe('a token at the FHIR API', () => {
  it('that is good opens the door: the forged ones below differ from it in one thing each', async () => {
    const response = await fetch(`${test.gateway.baseUrl}/fhir/Patient`, {
      headers: { Authorization: `Bearer ${await forgeToken()}` },
    });
    expect(response.status).toBe(200);
  });

  it.each([
    ['that is missing', async () => undefined, 'token-missing', 'Bearer'],
    ['of another scheme', async () => 'Basic eDp5', 'token-missing', 'Bearer'],
    ['that is none', async () => 'Bearer nonsense', 'token-invalid', 'Bearer error="invalid_token"'],
    [
      'that has expired',
      async () => `Bearer ${await forgeToken({ expiresIn: -1 })}`,
      'token-expired',
      'Bearer error="invalid_token"',
    ],
    [
      'signed by another gateway’s key',
      async () => `Bearer ${await forgeToken({ key: strangeKey })}`,
      'token-invalid',
      'Bearer error="invalid_token"',
    ],
    [
      'from another gateway’s token endpoint',
      async () => `Bearer ${await another.token(CLIENT)}`,
      'token-invalid',
      'Bearer error="invalid_token"',
    ],
    [
      'for another audience',
      async () => `Bearer ${await forgeToken({ audience: 'https://other.example/fhir' })}`,
      'token-invalid',
      'Bearer error="invalid_token"',
    ],
    [
      'that is no access token by its type',
      async () => `Bearer ${await forgeToken({ typ: 'JWT' })}`,
      'token-invalid',
      'Bearer error="invalid_token"',
    ],
  ])('%s is answered 401, an OperationOutcome and a challenge, and audited', async (_what, make, code, challenge) => {
    const answer = await ask('/fhir/Patient', await make());
    expect([answer.status, answer.code, answer.challenge]).toEqual([401, code, challenge]);
    expect(answer.event).toMatchObject({
      outcome: '4',
      outcomeDesc: code,
      agent: [{ who: { display: 'unknown' }, network: { address: expect.stringContaining('127.0.0.1') } }, {}],
    });
  });

  it.each([
    ['/fhir/Observation', 'GET'],
    ['/fhir/Observation/1', 'GET'],
    ['/fhir/Observation/1/_history/1', 'GET'],
    ['/fhir/Patient', 'POST'],
    ['/fhir/Observation/_search', 'POST'],
  ])('whose scope does not reach %s (%s) is answered 403, and the audit says whose it was', async (path, method) => {
    const token = await test.token(CLIENT);
    const answer = await ask(path, `Bearer ${token}`, { method });
    expect([answer.status, answer.code]).toEqual([403, 'scope-insufficient']);
    expect(answer.event).toMatchObject({ outcome: '4', outcomeDesc: 'scope-insufficient' });
    expect(JSON.stringify(answer.event.agent)).toContain(CLIENT);
  });

  it('of a read scope does not search, and of a search scope does not read', async () => {
    const read = await test.token(CLIENT, 'system/Patient.r');
    const search = await test.token(CLIENT, 'system/Patient.s');
    expect((await ask('/fhir/Patient', `Bearer ${read}`)).status).toBe(403);
    expect((await ask('/fhir/Patient/1', `Bearer ${search}`)).status).toBe(403);
  });
});

describe('a token at the intake', () => {
  const message = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' };

  it('that is missing is answered 401', async () => {
    const answer = await ask('/intake/heaton-practice/referrals', undefined, message);
    expect([answer.status, answer.code]).toEqual([401, 'token-missing']);
  });

  it('without the scope intake is answered 403', async () => {
    const answer = await ask('/intake/heaton-practice/referrals', `Bearer ${await test.token(CLIENT)}`, message);
    expect([answer.status, answer.code]).toEqual([403, 'scope-insufficient']);
  });

  it('of one partner does not send as another, nor as one that there is not', async () => {
    const token = await test.token('heaton-practice');
    for (const partner of ['stockport-council', 'nobody', '__proto__']) {
      const answer = await ask(`/intake/${partner}/needs`, `Bearer ${token}`, message);
      expect([partner, answer.status, answer.code]).toEqual([partner, 403, 'scope-insufficient']);
      expect(JSON.stringify(answer.event.agent)).toContain('heaton-practice');
      expect(JSON.stringify(answer.event)).not.toContain('nobody');
    }
  });

  it('that is good does not open an MLLP channel, an out channel, or one there is not', async () => {
    const token = await test.token('stockport-council');
    for (const channel of ['referrals', 'nothing', '__proto__', 'in/needs']) {
      const response = await fetch(`${test.gateway.baseUrl}/intake/stockport-council/${encodeURIComponent(channel)}`, {
        ...message,
        headers: { ...message.headers, Authorization: `Bearer ${token}` },
      });
      expect([channel, (await outcomeOf(response)).status]).toEqual([channel, 404]);
    }
  });
});

describe('without a token nothing of a body is read', () => {
  it.each(['/fhir/Patient', '/fhir/Patient/_search', '/intake/heaton-practice/referrals'])(
    '%s answers 401 to a body that is too large, malformed, or of another type',
    async (path) => {
      const bodies: [string, string][] = [
        ['x'.repeat(6 * 1024 * 1024), 'application/json'],
        ['{"resourceType":', 'application/fhir+json'],
        ['<x/>', 'text/html'],
      ];
      for (const [body, type] of bodies) {
        const response = await fetch(`${test.gateway.baseUrl}${path}`, {
          method: 'POST',
          headers: { 'Content-Type': type },
          body,
        });
        expect([type, (await outcomeOf(response)).status]).toEqual([type, 401]);
      }
    },
  );

  it('the answer comes while the body is still to come', async () => {
    const head =
      'POST /intake/heaton-practice/referrals HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
      'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n';
    const heard = await sendRaw(test, head);
    expect(heard).toMatch(/^HTTP\/1\.1 401 /);
    expect(heard.toLowerCase()).toContain('connection: close');
  });

  it('a token in the address is not looked at', async () => {
    const token = await test.token(CLIENT);
    const answer = await ask(`/fhir/Patient?access_token=${token}`, undefined);
    expect([answer.status, answer.code]).toEqual([401, 'token-missing']);
  });
});

describe('the token endpoint over HTTP', () => {
  async function assertionOf(audience: string, jti: string = randomUUID()): Promise<string> {
    const key = await loadDemoKey(test.dataFolder, CLIENT);
    if (key === undefined) throw new Error('the gateway made no demo key');
    return signAssertion({ clientId: CLIENT, key, tokenUrl: audience, now: new Date(), jti });
  }

  async function post(
    assertion: string,
    headers: Record<string, string> = {},
    scope = 'system/Patient.rs',
  ): Promise<{ status: number; body: { error?: string; access_token?: string }; correlationId: string }> {
    const correlationId = randomUUID();
    const response = await fetch(`${test.gateway.baseUrl}/auth/token`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        'X-Correlation-Id': correlationId,
        ...headers,
      },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
        scope,
      }).toString(),
    });
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    return { status: response.status, body: (await response.json()) as { error?: string }, correlationId };
  }

  it('takes a jti once: the second is invalid_client, 401, and in the audit with its reason', async () => {
    const assertion = await assertionOf(`${test.gateway.baseUrl}/auth/token`);
    expect((await post(assertion)).status).toBe(200);
    const again = await post(assertion);
    expect([again.status, again.body.error]).toEqual([401, 'invalid_client']);
    const event = await eventOf(again.correlationId);
    expect(event).toMatchObject({ outcome: '4', outcomeDesc: 'invalid_client jti-used' });
    expect(JSON.stringify(event.agent)).toContain(CLIENT);
  });

  it('gives one token where fifty send one assertion at once', async () => {
    const assertion = await assertionOf(`${test.gateway.baseUrl}/auth/token`);
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => post(assertion)))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, ...Array.from({ length: 49 }, () => 401)]);
  });

  it('refuses an assertion for another audience', async () => {
    for (const audience of [`${another.gateway.baseUrl}/auth/token`, test.gateway.baseUrl]) {
      const answer = await post(await assertionOf(audience));
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect((await eventOf(answer.correlationId)).outcomeDesc).toBe('invalid_client audience-wrong');
    }
  });

  it('refuses a scope that is not registered', async () => {
    const answer = await post(await assertionOf(`${test.gateway.baseUrl}/auth/token`), {}, 'system/Patient.d');
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_scope']);
    expect((await eventOf(answer.correlationId)).outcomeDesc).toBe('invalid_scope scope-not-registered');
  });

  it('answers a body that is too large, or encoded, as OAuth does', async () => {
    const large = await post('x'.repeat(100_000));
    expect([large.status, large.body.error]).toEqual([400, 'invalid_request']);
    const encoded = await post('x', { 'Content-Encoding': 'gzip' });
    expect([encoded.status, encoded.body.error]).toEqual([400, 'invalid_request']);
  });
});
