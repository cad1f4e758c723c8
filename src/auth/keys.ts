import { join } from 'node:path';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { refuse } from '../kernel/errors.ts';
import { readOrCreate, replaceSecret } from './create-once.ts';

/**
 * EdDSA, not the RS384 or ES384 that SMART prescribes for clients' assertions: our tokens are read by us alone, on
 * every request, and ES384 takes ten times as long to verify.
 */
export const ACCESS_TOKEN_ALGORITHM = 'EdDSA';

/** The key that signs our access tokens. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** Its public members alone, as a key set. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

/**
 * The signing key in `<dataFolder>/keys/access-token.json`, made at first start. The private half never leaves this
 * folder: other processes know the public one from the store. Throws `config-invalid` when the file holds something else.
 */
export async function loadOrCreateSigningKey(dataFolder: string): Promise<SigningKey> {
  const file = keyFileOf(dataFolder);
  return readSigningKey(await readOrCreate(file, makeKeyText), file);
}

/**
 * A new key in the place of `ended`. Of several processes on one folder each may make one: the file then holds that of
 * the last, and each signs with the one it has got here. Both are in the store, so both are good.
 */
export async function replaceSigningKey(dataFolder: string, ended: string): Promise<SigningKey> {
  const there = await loadOrCreateSigningKey(dataFolder);
  if (there.kid !== ended) return there;
  const text = await makeKeyText();
  await replaceSecret(keyFileOf(dataFolder), text);
  return readSigningKey(text, keyFileOf(dataFolder));
}

function keyFileOf(dataFolder: string): string {
  return join(dataFolder, 'keys', 'access-token.json');
}

async function makeKeyText(): Promise<string> {
  const { privateKey } = await generateKeyPair(ACCESS_TOKEN_ALGORITHM, { crv: 'Ed25519', extractable: true });
  return `${JSON.stringify(await exportJWK(privateKey), null, 2)}\n`;
}

async function readSigningKey(text: string, file: string): Promise<SigningKey> {
  try {
    const { kty, crv, x, d } = JSON.parse(text) as Record<string, string>;
    const publicJwk = { kty, crv, x } as JWK;
    const kid = await calculateJwkThumbprint(publicJwk);
    return {
      kid,
      privateKey: await importAsymmetric({ ...publicJwk, d } as JWK, ACCESS_TOKEN_ALGORITHM),
      publicKey: await importAsymmetric(publicJwk, ACCESS_TOKEN_ALGORITHM),
      jwks: { keys: [{ ...publicJwk, kid, alg: ACCESS_TOKEN_ALGORITHM, use: 'sig' }] },
    };
  } catch {
    throw refuse('config-invalid', `${file} is not an Ed25519 private key (JWK). Remove it to have a new one made.`);
  }
}

/** Imports a key that is not a shared secret. Throws on everything else. */
export async function importAsymmetric(jwk: JWK, algorithm: string): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm);
  if (key instanceof Uint8Array) throw new TypeError('a shared secret where a key pair is needed');
  return key;
}
