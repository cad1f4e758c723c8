import { generateKeyPairSync } from 'node:crypto';
import type { JWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AssertionAlgorithm, readKeySet } from '../../src/auth/key-set.ts';
import { makeKey } from './smart-setup.ts';

let ec: JWK;
let rsa: JWK;
beforeAll(async () => {
  ec = (await makeKey('ES384', 'k')).publicJwk;
  rsa = (await makeKey('RS384', 'k', 2048)).publicJwk;
});

const rsaOfBits = (bits: number): JWK => ({
  ...(generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' }) as JWK),
  kid: 'k',
});

async function finds(keys: readonly unknown[], algorithm: AssertionAlgorithm): Promise<boolean> {
  return (await readKeySet(JSON.stringify({ keys }))).find('k', algorithm) !== undefined;
}

const without = (jwk: JWK, ...members: string[]): object =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => !members.includes(name)));

describe('SMART, Registering a client: a key set', () => {
  it('serves a P-384 key for ES384 and an RSA key for RS384, never one for the other', async () => {
    expect(await finds([ec], 'ES384')).toBe(true);
    expect(await finds([ec], 'RS384')).toBe(false);
    expect(await finds([rsa], 'RS384')).toBe(true);
    expect(await finds([rsa], 'ES384')).toBe(false);
  });

  it('tells keys of one kid apart by their type', async () => {
    expect(await finds([ec, rsa], 'ES384')).toBe(true);
    expect(await finds([ec, rsa], 'RS384')).toBe(true);
  });

  it('serves neither of two keys of one kid and type', async () => {
    expect(await finds([ec, (await makeKey('ES384', 'k')).publicJwk], 'ES384')).toBe(false);
  });

  it('serves a key that does not say what it is for', async () => {
    expect(await finds([without(ec, 'use', 'alg')], 'ES384')).toBe(true);
  });

  it.each<[string, () => object | Promise<object>, AssertionAlgorithm]>([
    ['an RSA key of 1024 bits', () => rsaOfBits(1024), 'RS384'],
    ['an RSA key of 2047 bits', () => rsaOfBits(2047), 'RS384'],
    ['an RSA key with a padded modulus', () => padded(rsaOfBits(1024)), 'RS384'],
    [
      'an RSA key that is too dear to verify',
      () => ({ ...rsa, n: Buffer.alloc(2048, 255).toString('base64url') }),
      'RS384',
    ],
    ['a P-256 key', async () => (await makeKey('ES256', 'k')).publicJwk, 'ES384'],
    [
      'a P-256 key that says P-384',
      async () => ({ ...(await makeKey('ES256', 'k')).publicJwk, crv: 'P-384' }),
      'ES384',
    ],
    ['a key for encryption', () => ({ ...ec, use: 'enc' }), 'ES384'],
    ['a key for another operation', () => ({ ...ec, key_ops: ['sign'] }), 'ES384'],
    ['a key for another algorithm', () => ({ ...rsa, alg: 'PS384' }), 'RS384'],
    ['a key without kid', () => without(ec, 'kid'), 'ES384'],
    ['a point that is not on the curve', () => ({ ...ec, y: ec.x }), 'ES384'],
    ['a list', () => [ec], 'ES384'],
  ])('passes over %s and serves its neighbours', async (_what, unusable, algorithm) => {
    const neighbour = { ...(algorithm === 'ES384' ? ec : rsa), kid: 'neighbour' };
    const set = await readKeySet(JSON.stringify({ keys: [await unusable(), neighbour] }));
    expect(set.find('k', algorithm)).toBeUndefined();
    expect(set.find('neighbour', algorithm)).toBeDefined();
  });

  it.each([
    ['a private EC key', { d: 'AA' }],
    ['a private RSA key', { p: 'AA' }],
    ['a shared secret', { kty: 'oct', k: 'AA' }],
  ])('refuses the whole set when it holds %s', async (_what, members) => {
    await expect(readKeySet(JSON.stringify({ keys: [ec, { ...rsa, ...members }] }))).rejects.toMatchObject({
      fault: 'holds-a-private-key',
    });
  });

  it.each([
    ['no JSON', '<html>', 'not-json'],
    ['a list', '[]', 'not-a-key-set'],
    ['a single key', '{"kty":"EC"}', 'not-a-key-set'],
    ['null', 'null', 'not-a-key-set'],
    ['hundreds of keys', JSON.stringify({ keys: Array.from({ length: 51 }, () => ({})) }), 'too-many-keys'],
  ])('refuses %s', async (_what, text, fault) => {
    await expect(readKeySet(text)).rejects.toMatchObject({ fault });
  });
});

/** Leading zeros make a modulus look longer than it is. */
function padded(jwk: JWK): JWK {
  const { n = '' } = jwk as { n?: string };
  return { ...jwk, n: Buffer.concat([Buffer.alloc(256), Buffer.from(n, 'base64url')]).toString('base64url') } as JWK;
}
