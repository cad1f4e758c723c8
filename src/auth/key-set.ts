import type { CryptoKey, JWK } from 'jose';
import { isJsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { importAsymmetric } from './keys.ts';

/** Public-key signatures that Ginnel can verify (RFC 7518 section 3.1, RFC 8037), each with the keys that it takes. */
const ALGORITHMS = {
  RS256: { kty: 'RSA', crv: undefined },
  RS384: { kty: 'RSA', crv: undefined },
  RS512: { kty: 'RSA', crv: undefined },
  PS256: { kty: 'RSA', crv: undefined },
  PS384: { kty: 'RSA', crv: undefined },
  PS512: { kty: 'RSA', crv: undefined },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
} as const;

export type SignatureAlgorithm = keyof typeof ALGORITHMS;

/** How clients sign their assertions (SMART App Launch 2.2, Authenticating to the token endpoint). */
export const ASSERTION_ALGORITHMS = ['RS384', 'ES384'] as const satisfies readonly SignatureAlgorithm[];

export type AssertionAlgorithm = (typeof ASSERTION_ALGORITHMS)[number];

export function isAssertionAlgorithm(value: unknown): value is AssertionAlgorithm {
  return ASSERTION_ALGORITHMS.some((one) => one === value);
}

/** Public keys, those that we can use, by `kid` and algorithm. */
export interface KeySet {
  find(kid: string, algorithm: SignatureAlgorithm): CryptoKey | undefined;
}

/** A key set with how long it may serve before it is read again. */
export interface ReadKeySet {
  readonly keys: KeySet;
  readonly freshForMs: number;
}

/** Why a whole key set is of no use. Closed, so that it may be logged. */
export type KeySetFault = 'not-json' | 'not-a-key-set' | 'too-many-keys' | 'holds-a-private-key';

export class KeySetError extends Error {
  readonly fault: KeySetFault;

  constructor(fault: KeySetFault) {
    super(`the key set is refused: ${fault}`);
    this.name = 'KeySetError';
    this.fault = fault;
  }
}

/** Members that only a private or a symmetric key has (RFC 7518 section 6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/**
 * Reads a JWK Set (RFC 7517 section 5). Keys for other purposes are passed over: a partner's key set may serve more than
 * us. A private key anywhere refuses the whole set, because a key that was published is no longer its owner's alone.
 */
export async function readKeySet(
  text: string,
  algorithms: readonly SignatureAlgorithm[] = ASSERTION_ALGORITHMS,
): Promise<KeySet> {
  const keys = new Map<string, CryptoKey | 'ambiguous'>();
  for (const jwk of listKeys(text)) {
    if (typeof jwk.kid !== 'string' || jwk.kid === '') continue;
    for (const algorithm of algorithms) {
      if (!isFor(jwk, algorithm)) continue;
      const name = `${algorithm} ${jwk.kid}`;
      const key = await importUsable(jwk, algorithm);
      if (key === undefined) continue;
      // SMART: if more than one key matches, the verification fails.
      keys.set(name, keys.has(name) ? 'ambiguous' : key);
    }
  }
  return {
    find: (kid, algorithm) => {
      const key = keys.get(`${algorithm} ${kid}`);
      return key === 'ambiguous' ? undefined : key;
    },
  };
}

function listKeys(text: string): JWK[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new KeySetError('not-json');
  }
  if (!isJsonObject(document) || !Array.isArray(document.keys)) throw new KeySetError('not-a-key-set');
  if (document.keys.length > LIMITS.jwksKeysMax) throw new KeySetError('too-many-keys');
  const keys = document.keys.filter(isJsonObject);
  if (keys.some((key) => PRIVATE_MEMBERS.some((member) => Object.hasOwn(key, member)))) {
    throw new KeySetError('holds-a-private-key');
  }
  return keys as JWK[];
}

/** Whether the key is one for signatures by this algorithm: its own word counts as far as its kind allows it. */
function isFor(jwk: JWK, algorithm: SignatureAlgorithm): boolean {
  if (jwk.use !== undefined && jwk.use !== 'sig') return false;
  if (Array.isArray(jwk.key_ops) && !jwk.key_ops.includes('verify')) return false;
  const { kty, crv } = ALGORITHMS[algorithm];
  if (jwk.kty !== kty || (jwk.alg !== undefined && jwk.alg !== algorithm)) return false;
  if (crv !== undefined) return jwk.crv === crv;
  if (typeof jwk.n !== 'string') return false;
  const bits = bitLength(Buffer.from(jwk.n, 'base64url'));
  return bits >= LIMITS.rsaBitsMin && bits <= LIMITS.rsaBitsMax;
}

function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first === -1 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24;
}

async function importUsable(jwk: JWK, algorithm: SignatureAlgorithm): Promise<CryptoKey | undefined> {
  const { kty, crv, x, y, n, e } = jwk as Record<string, string>;
  const bare = kty === 'RSA' ? { kty, n, e } : kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x };
  try {
    return await importAsymmetric(bare as JWK, algorithm);
  } catch {
    // Not a point on the curve, or not base64url: no key of ours to use, and no reason to refuse its neighbours.
    return undefined;
  }
}
