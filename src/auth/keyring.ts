import type { CryptoKey, JWK } from 'jose';
import type { Clock } from '../kernel/clock.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Log } from '../kernel/log.ts';
import type { StandingStore } from '../store/standing.ts';
import { loadOrCreateSigningKey, replaceSigningKey, type SigningKey } from './keys.ts';
import type { Standing } from './standing.ts';

/**
 * The keys of our access tokens. Each process signs with a key of its own, whose private half stays in its data folder;
 * the public half is in the store, so that every process verifies the tokens of all. A key that is ended
 * (`ginnel keys rotate`) or too old is replaced by its process at its next look, and verifies until its last token is over.
 */
export interface Keyring {
  /** The key to sign with now. */
  signingKey(): Promise<SigningKey>;
  /** The key that verifies what was signed under this `kid`. */
  find(kid: string): Promise<CryptoKey | undefined>;
  /** The document for `/auth/jwks` (RFC 7517 section 5): public members only. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>;
}

export interface KeyringParts {
  readonly dataFolder: string;
  readonly store: Pick<StandingStore, 'addSigningKey' | 'signingKey' | 'prolongSigningKey'>;
  readonly standing: Standing;
  readonly clock: Clock;
  readonly log: Log;
}

/** RFC 7638 thumbprint with SHA-256. */
const KID = /^[A-Za-z0-9_-]{43}$/;

export function createKeyring(parts: KeyringParts): Keyring {
  const { standing, clock } = parts;
  let own: SigningKey | undefined;
  let replacing: Promise<SigningKey> | undefined;

  const replaceOnce = (): Promise<SigningKey> => {
    replacing ??= takeKey(parts).then(
      (key) => {
        own = key;
        replacing = undefined;
        return key;
      },
      (fault: unknown) => {
        replacing = undefined;
        throw fault;
      },
    );
    return replacing;
  };

  return {
    signingKey: async () => {
      const { keys } = await standing.current();
      const known = own === undefined ? undefined : keys.get(own.kid);
      if (own === undefined || known === undefined) return replaceOnce();
      const nowMs = clock.now().getTime();
      const leftMs = Date.parse(known.signsUntil) - nowMs;
      if (leftMs > LIMITS.signingKeyLeaseMs / 2 && !isTooOld(known.createdAt, nowMs)) return own;
      return replaceOnce();
    },
    find: async (kid) => {
      const known = (await standing.current()).keys.get(kid);
      // Another process may have made it a moment ago. Anyone can send a `kid`, so looks are shared and spaced.
      if (known !== undefined || !KID.test(kid)) return known?.key;
      return (await standing.renewed()).keys.get(kid)?.key;
    },
    jwks: async () => ({ keys: [...(await standing.current()).keys.values()].map(({ jwk }) => jwk) }),
  };
}

/** The key in the data folder if it may sign (on), or else a new one; in the store before anything is signed with it. */
async function takeKey({ dataFolder, store, standing, clock, log }: KeyringParts): Promise<SigningKey> {
  for (let key = await loadOrCreateSigningKey(dataFolder); ; key = await replaceSigningKey(dataFolder, key.kid)) {
    const nowMs = clock.now().getTime();
    const now = new Date(nowMs).toISOString();
    const stillGoing = new Date(nowMs + LIMITS.signingKeyMarginMs).toISOString();
    const signsUntil = new Date(nowMs + LIMITS.signingKeyLeaseMs).toISOString();
    const stored = await store.signingKey(key.kid);
    if (stored === undefined) {
      // False where another process on this folder was first: the key is the same.
      const isNew = await store.addSigningKey({
        kid: key.kid,
        jwk: JSON.stringify(key.jwks.keys[0]),
        createdAt: now,
        signsUntil,
      });
      if (isNew) log.info('signing key made', { state: key.kid });
    } else if (isTooOld(stored.createdAt, nowMs)) continue;
    else if (!(await store.prolongSigningKey({ kid: key.kid, signsUntil, now: stillGoing }))) continue;
    standing.changed();
    return key;
  }
}

function isTooOld(createdAt: string, nowMs: number): boolean {
  return nowMs - Date.parse(createdAt) >= LIMITS.signingKeyAgeMsMax;
}
