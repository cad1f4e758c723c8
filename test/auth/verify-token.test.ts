import { decodeJwt, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenVerifier } from '../../src/auth/verify-token.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { ask, forge, granted, openSmart, type SmartSetup } from './smart-setup.ts';

let smart: SmartSetup;
beforeAll(async () => {
  smart = await openSmart();
});
afterAll(() => smart.close());

const issued = async (scope = 'system/*.rs intake'): Promise<string> =>
  granted(await ask(smart, { form: { scope } })).access_token;

const verify = (token: string): ReturnType<SmartSetup['verify']> => smart.verify(`Bearer ${token}`);

/** A token of ours but for the changes. */
function token(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  key = smart.signingKey.privateKey,
) {
  const now = Math.floor(smart.clock.now().getTime() / 1000);
  const whole = {
    iss: 'https://ginnel.example',
    aud: 'https://ginnel.example/fhir',
    sub: 'stockport-gp',
    client_id: 'stockport-gp',
    partner: 'hazel-grove-surgery',
    scope: 'system/CarePlan.rs',
    jti: 'token-1',
    iat: now,
    exp: now + 300,
    ...claims,
  };
  const present = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
  return new SignJWT(present)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: smart.signingKey.kid, ...header })
    .sign(key);
}

const code = (what: string) => ({ issues: [{ code: what }] });

describe('A verified token', () => {
  it('says who is asking: client, partner and organisation by the registration, scopes as granted', async () => {
    const text = await issued();
    const { jti, exp = 0 } = decodeJwt(text);
    expect(await verify(text)).toEqual({
      client: 'stockport-gp',
      partner: 'hazel-grove-surgery',
      organisation: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'X99001' },
      scopes: ['system/CarePlan.rs', 'system/Patient.r', 'intake'],
      tokenId: jti,
      expiresAt: new Date(exp * 1000),
    });
  });

  it('is taken after "bearer" in any case (RFC 9110 section 11.1)', async () => {
    await expect(smart.verify(`bEARER ${await issued()}`)).resolves.toBeDefined();
  });

  it('is remembered: the same token gives the same identity', async () => {
    const text = await issued();
    expect(await verify(text)).toBe(await verify(text));
  });

  it('is remembered once, however its header is written', async () => {
    const authorization = `Bearer ${granted(await ask(smart)).access_token}`;
    const identity = await smart.verify(authorization);
    for (const scheme of ['bearer ', 'BEARER    ', `Bearer ${' '.repeat(5_000)}`]) {
      expect(await smart.verify(authorization.replace('Bearer ', scheme))).toBe(identity);
    }
  });

  it('expires, whether it is remembered or not', async () => {
    const seen = await issued();
    const unseen = await issued();
    await verify(seen);
    smart.clock.advance(299);
    await verify(seen);
    smart.clock.advance(1);
    for (const text of [seen, seen, unseen]) await expect(verify(text)).rejects.toMatchObject(code('token-expired'));
  });

  it('gives no more than is registered now, even when it is remembered', async () => {
    await smart.registerFile('changing', { keys: [smart.key.publicJwk] });
    const claims = { iss: 'changing', sub: 'changing' };
    const text = granted(await ask(smart, { claims, form: { scope: 'system/*.rs' } })).access_token;
    expect((await verify(text)).scopes).toEqual(['system/CarePlan.rs', 'system/Patient.r']);
    await smart.registerFile('changing', { keys: [smart.key.publicJwk] }, ['system/CarePlan.r']);
    expect((await verify(text)).scopes).toEqual(['system/CarePlan.r']);
    smart.clients.delete('changing');
    await expect(verify(text)).rejects.toMatchObject(code('token-invalid'));
  });

  it('is of no use when the client now belongs to another partner', async () => {
    const client = await smart.registerFile('moving', { keys: [smart.key.publicJwk] });
    const text = granted(await ask(smart, { claims: { iss: 'moving', sub: 'moving' } })).access_token;
    await verify(text);
    smart.partners.set('other', { name: 'other', title: 'Other', organisation: undefined, channels: new Map() });
    smart.clients.set('moving', { ...client, partner: 'other' });
    await expect(verify(text)).rejects.toMatchObject(code('token-invalid'));
  });
});

describe('No token', () => {
  it.each([undefined, '', 'Basic eDp5', 'Bearer', 'Bearerx y'])('is missing in %j', async (header) => {
    await expect(smart.verify(header)).rejects.toMatchObject(code('token-missing'));
  });
});

describe('A token that is not ours', () => {
  it('takes a token that is, so that the refusals below mean something', async () => {
    await expect(verify(await token())).resolves.toBeDefined();
  });

  it.each([
    ['of another issuer', { iss: 'https://other.example' }],
    ['without issuer', { iss: undefined }],
    ['for another audience', { aud: 'https://other.example/fhir' }],
    ['without exp', { exp: undefined }],
    ['without jti', { jti: undefined }],
    ['without scope', { scope: undefined }],
    ['with a scope that we never give', { scope: 'user/Task.rs' }],
    ['of a client that is not registered', { sub: 'nobody', client_id: 'nobody' }],
    ['whose subject is not its client', { sub: 'somebody' }],
    ['of another partner', { partner: 'stepping-hill' }],
  ])('is refused: one %s', async (_what, claims) => {
    await expect(verify(await token(claims))).rejects.toMatchObject(code('token-invalid'));
  });

  it.each([['JWT'], ['JOSE'], [undefined]])(
    'is refused: one of typ %s, such as an assertion is (RFC 9068 section 4)',
    async (typ) => {
      await expect(verify(await token({}, { typ }))).rejects.toMatchObject(code('token-invalid'));
    },
  );

  it('is refused: one signed by another key, whatever kid it names', async () => {
    const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
    await expect(verify(await token({}, {}, privateKey))).rejects.toMatchObject(code('token-invalid'));
  });

  it('is refused: one with alg none, or with HS256 keyed with our public key', async () => {
    const claims = decodeJwt(await token());
    const none = forge({ alg: 'none', typ: 'at+jwt', kid: smart.signingKey.kid }, claims);
    const secret = Buffer.from(String(smart.signingKey.jwks.keys[0]?.x), 'base64url');
    const hmac = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(secret);
    for (const text of [none, hmac]) await expect(verify(text)).rejects.toMatchObject(code('token-invalid'));
  });

  it('is refused: one that was changed, even by its remembered neighbour', async () => {
    const text = await issued();
    await verify(text);
    const [header, , signature] = text.split('.');
    const [, claims] = forge({}, { ...decodeJwt(text), scope: 'system/*.cruds' }).split('.');
    await expect(verify(`${header}.${claims}.${signature}`)).rejects.toMatchObject(code('token-invalid'));
    await expect(verify(`${text}A`)).rejects.toMatchObject(code('token-invalid'));
  });

  it.each(['x', 'a.b.c', '..', 'a b', '"quoted"', 'x'.repeat(LIMITS.accessTokenCharsMax)])(
    'is refused: text such as %.20j',
    async (text) => {
      await expect(verify(text)).rejects.toMatchObject(code('token-invalid'));
    },
  );

  it('is not repeated in the refusal', async () => {
    const text = forge({ alg: 'EdDSA', typ: 'at+jwt' }, { sub: 'x' }, 'AAAA');
    const fault = await verify(text).catch((caught: unknown) => caught);
    expect(String(fault)).not.toContain(text.slice(0, 20));
  });
});

describe('What is remembered', () => {
  it('is bounded: the longest unused goes first, and is verified again when it comes back', async () => {
    const { keyring, standing, clients } = smart.smart;
    const parts = { ...smart, keyring, standing, clients };
    const bounded = createTokenVerifier(parts, { rememberedMax: 2 }).verify;
    const [one, two, three] = await Promise.all([issued(), issued(), issued()]);
    const ask = (text = ''): ReturnType<typeof bounded> => bounded(`Bearer ${text}`);
    const first = await ask(one);
    const second = await ask(two);
    expect(await ask(one)).toBe(first);
    await ask(three);
    expect(await ask(one)).toBe(first);
    const again = await ask(two);
    expect(again).not.toBe(second);
    expect(again).toEqual(second);
  });
});
