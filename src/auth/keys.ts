import { join } from 'node:path';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { refuse } from '../kernel/errors.ts';
import { readOrCreate } from './create-once.ts';

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
  /** The document for `/auth/jwks`: public members only. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

/**
 * The signing key in `<dataFolder>/keys/access-token.json`, made at first start. To change it, remove the file and
 * start again: tokens signed by the old key end at once, and clients ask for new ones.
 * Throws `config-invalid` when the file holds something else.
 */
export async function loadOrCreateSigningKey(dataFolder: string): Promise<SigningKey> {
  const file = join(dataFolder, 'keys', 'access-token.json');
  const text = await readOrCreate(file, async () => {
    const { privateKey } = await generateKeyPair(ACCESS_TOKEN_ALGORITHM, { crv: 'Ed25519', extractable: true });
    return `${JSON.stringify(await exportJWK(privateKey), null, 2)}\n`;
  });
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
