import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OAuthResponse } from '../../src/auth/oauth.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import {
  ask,
  forge,
  goodClaims,
  granted,
  makeKey,
  openSmart,
  type SmartSetup,
  sign,
  type TestKey,
} from './smart-setup.ts';

let smart: SmartSetup;
let other: TestKey;
beforeEach(async () => {
  smart = await openSmart();
  other = await makeKey('ES384', 'other-1');
  await smart.registerFile('other-app', { keys: [other.publicJwk] });
});
afterEach(() => smart.close());

async function call(
  which: 'introspect' | 'revoke',
  token: string | undefined,
  options: {
    client?: string;
    key?: TestKey;
    audience?: string;
    setup?: SmartSetup;
    form?: Record<string, string>;
  } = {},
): Promise<OAuthResponse<object>> {
  const { client = 'stockport-gp', key = smart.key, audience = smart.endpoints.tokenUrl, setup = smart } = options;
  const assertion = await sign(goodClaims(setup, { iss: client, sub: client, aud: audience }), key);
  const body = new URLSearchParams({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    ...(token === undefined ? {} : { token }),
    ...options.form,
  }).toString();
  const contentType = 'application/x-www-form-urlencoded';
  return setup.smart.tokenStanding[which]({ contentType, body, correlationId: 'c' });
}

const issued = async (): Promise<string> => granted(await ask(smart)).access_token;
const code = (what: string) => ({ issues: [{ code: what }] });

describe('RFC 7662, Introspection', () => {
  it('tells a client how its own token stands (SMART App Launch 2.2, Token Introspection)', async () => {
    const token = await issued();
    const seconds = smart.clock.now().getTime() / 1000;
    expect(await call('introspect', token)).toMatchObject({
      status: 200,
      headers: { 'Cache-Control': 'no-store' },
      body: {
        active: true,
        scope: 'system/CarePlan.rs',
        client_id: 'stockport-gp',
        sub: 'stockport-gp',
        token_type: 'bearer',
        iat: seconds,
        exp: seconds + 300,
        iss: 'https://ginnel.example',
        aud: 'https://ginnel.example/fhir',
      },
    });
  });

  it.each([
    ['of another client', async () => issued(), { client: 'other-app' }],
    ['that is none', async () => 'nonsense', {}],
    ['that was forged', async () => forge({ alg: 'none', typ: 'at+jwt' }, { sub: 'stockport-gp' }), {}],
  ])('says no more than "not active" of a token %s', async (_what, make, options) => {
    const answer = await call('introspect', await make(), {
      ...options,
      ...('client' in options ? { key: other } : {}),
    });
    expect([answer.status, answer.body]).toEqual([200, { active: false }]);
  });

  it('says "not active" of one that has expired', async () => {
    const token = await issued();
    smart.clock.advance(300);
    expect((await call('introspect', token)).body).toEqual({ active: false });
  });

  it('takes an assertion for the token endpoint or for itself, and for nothing else', async () => {
    const token = await issued();
    const statusFor = async (audience: string) => (await call('introspect', token, { audience })).status;
    expect(await statusFor(smart.endpoints.introspectionUrl)).toBe(200);
    expect(await statusFor(smart.endpoints.revocationUrl)).toBe(401);
    expect(await statusFor('https://ginnel.example')).toBe(401);
  });

  it.each(['introspect', 'revoke'] as const)('%s needs a client that proves who it is, and a token', async (which) => {
    expect(await call(which, 'x', { key: other })).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await call(which, undefined)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    const open = { contentType: 'application/x-www-form-urlencoded', body: 'token=x', correlationId: 'c' };
    expect(await smart.smart.tokenStanding[which](open)).toMatchObject({ status: 401 });
  });
});

describe('RFC 7009, Revocation', () => {
  it('ends a token at once, also one that is remembered, and says so in the audit', async () => {
    const token = await issued();
    await smart.verify(`Bearer ${token}`);
    expect(await call('revoke', token)).toMatchObject({ status: 200 });
    await expect(smart.verify(`Bearer ${token}`)).rejects.toMatchObject(code('token-invalid'));
    expect((await call('introspect', token)).body).toEqual({ active: false });
    expect(JSON.stringify(smart.audit().at(-1))).toContain('110123');
  });

  it('leaves the client’s other tokens alone', async () => {
    const [one, two] = [await issued(), await issued()];
    await call('revoke', one);
    await expect(smart.verify(`Bearer ${two}`)).resolves.toBeDefined();
  });

  it('is known to another process within the bound, and to one that starts later', async () => {
    const token = await issued();
    const beside = await openSmart({ store: smart.store, clock: smart.clock });
    await beside.registerFile('stockport-gp', { keys: [smart.key.publicJwk] });
    await beside.verify(`Bearer ${token}`);
    await call('revoke', token);
    smart.clock.advance(LIMITS.standingFreshMs / 1000);
    await expect(beside.verify(`Bearer ${token}`)).rejects.toMatchObject(code('token-invalid'));
    const later = await openSmart({ store: smart.store, clock: smart.clock });
    await later.registerFile('stockport-gp', { keys: [smart.key.publicJwk] });
    await expect(later.verify(`Bearer ${token}`)).rejects.toMatchObject(code('token-invalid'));
    await beside.close();
    await later.close();
  });

  it('answers 200 to what is no token any more (section 2.2)', async () => {
    expect((await call('revoke', 'nonsense')).status).toBe(200);
    expect((await call('revoke', await issued(), { form: { token_type_hint: 'refresh_token' } })).status).toBe(200);
  });

  it('does not end a token of another client', async () => {
    const token = await issued();
    const answer = await call('revoke', token, { client: 'other-app', key: other });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    await expect(smart.verify(`Bearer ${token}`)).resolves.toBeDefined();
  });
});

describe('A client that is revoked while the gateway runs', () => {
  it('loses its tokens within the bound, and gets no new ones; undone, it is back', async () => {
    const token = await issued();
    await smart.verify(`Bearer ${token}`);
    const now = smart.clock.now().toISOString();
    const row = { id: 'stockport-gp', content: '', updatedAt: now };
    await smart.store.putClient({ ...row, revoked: true });
    smart.clock.advance(LIMITS.standingFreshMs / 1000);
    await expect(smart.verify(`Bearer ${token}`)).rejects.toMatchObject(code('token-invalid'));
    expect((await ask(smart)).status).toBe(401);
    await smart.store.putClient({ ...row, revoked: false });
    smart.clock.advance(LIMITS.standingFreshMs / 1000);
    expect((await ask(smart)).status).toBe(200);
  });

  it('one that was added to the store comes in by its key set, until its row says otherwise', async () => {
    const key = await makeKey('ES384', 'added-1');
    const keys = { kind: 'inline', jwks: JSON.stringify({ keys: [key.publicJwk] }) };
    const content = JSON.stringify({ partner: 'hazel-grove-surgery', scopes: ['system/Task.rs'], keys });
    await smart.store.putClient({ id: 'added', content, revoked: false, updatedAt: smart.clock.now().toISOString() });
    smart.clock.advance(LIMITS.standingFreshMs / 1000);
    const claims = { iss: 'added', sub: 'added' };
    const answer = granted(await ask(smart, { claims, key, form: { scope: 'system/*.rs' } }));
    expect(answer.scope).toBe('system/Task.rs');
    await smart.store.putClient({ id: 'added', content: 'not json', revoked: false, updatedAt: '' });
    smart.clock.advance(LIMITS.standingFreshMs / 1000);
    expect((await ask(smart, { claims, key })).status).toBe(401);
    await expect(smart.verify(`Bearer ${answer.access_token}`)).rejects.toMatchObject(code('token-invalid'));
  });

  it('is not let in while the store does not answer', async () => {
    const token = await issued();
    await smart.verify(`Bearer ${token}`);
    smart.clock.advance(LIMITS.standingFreshMs / 1000);
    const { store } = smart;
    await store.close();
    await expect(smart.verify(`Bearer ${token}`)).rejects.toMatchObject(code('store-unavailable'));
  });
});
