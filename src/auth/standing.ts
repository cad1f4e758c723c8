import type { CryptoKey, JWK } from 'jose';
import type { Clock } from '../kernel/clock.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { StandingStore, StoredClient } from '../store/standing.ts';
import { ACCESS_TOKEN_ALGORITHM, importAsymmetric } from './keys.ts';

/** A public key that verifies access tokens of this gateway, whichever of its processes signed them. */
export interface VerifyingKey {
  readonly key: CryptoKey;
  readonly jwk: JWK;
  readonly createdAt: string;
  readonly signsUntil: string;
}

export interface StandingView {
  readonly keys: ReadonlyMap<string, VerifyingKey>;
  /** `jti` of tokens that ended before their time. */
  readonly revoked: ReadonlySet<string>;
  readonly clients: ReadonlyMap<string, StoredClient>;
}

/** What access tokens stand on, as this process knows it. Rejects while the store does not answer: no answer is no yes. */
export interface Standing {
  /** What is known, where it is at most `standingFreshMs` old: nearly every request finds it so, and waits for nothing. */
  fresh(): StandingView | undefined;
  /** At most `standingFreshMs` old. */
  current(): Promise<StandingView>;
  /** Looked at after this call, together with all who ask within `standingCooldownMs`. */
  renewed(): Promise<StandingView>;
  /** This process has changed something: what was known before does not count any more. */
  changed(): void;
}

export interface StandingParts {
  readonly store: Pick<StandingStore, 'standing'>;
  readonly clock: Clock;
}

/** How long a key verifies after the last moment that it could sign: tokens' lifetime, and the time word takes to get round. */
const VERIFIES_AFTER_MS = LIMITS.accessTokenLifetimeSeconds * 1000 + 2 * LIMITS.standingFreshMs;

/** Reads the store at most once in `standingFreshMs`, however many ask, and never while nobody does. */
export function createStanding({ store, clock }: StandingParts): Standing {
  const imported = new Map<string, CryptoKey>();
  let held: { readonly view: StandingView; readonly lookedAtMs: number } | undefined;
  let underWay: Promise<StandingView> | undefined;
  let waiting: Promise<StandingView> | undefined;
  let changes = 0;

  const look = async (): Promise<StandingView> => {
    const before = changes;
    const now = clock.now();
    const stored = await store.standing({
      now: now.toISOString(),
      signedAfter: new Date(now.getTime() - VERIFIES_AFTER_MS).toISOString(),
    });
    const keys = new Map<string, VerifyingKey>();
    for (const { kid, jwk: text, createdAt, signsUntil } of stored.signingKeys) {
      const { kty, crv, x } = JSON.parse(text) as Record<string, string>;
      const jwk = { kty, crv, x, kid, alg: ACCESS_TOKEN_ALGORITHM, use: 'sig' } as JWK;
      const key = imported.get(kid) ?? (await importAsymmetric({ kty, crv, x } as JWK, ACCESS_TOKEN_ALGORITHM));
      imported.set(kid, key);
      keys.set(kid, { key, jwk, createdAt, signsUntil });
    }
    for (const kid of imported.keys()) if (!keys.has(kid)) imported.delete(kid);
    const clients = new Map(stored.clients.map((client) => [client.id, client]));
    const view = { keys, revoked: new Set(stored.revokedTokens), clients };
    // A look that began before a change of ours may not have seen it.
    if (before === changes) held = { view, lookedAtMs: now.getTime() };
    return view;
  };

  const lookOnce = (): Promise<StandingView> => {
    if (underWay !== undefined) return underWay;
    const promise = (async () => {
      for (;;) {
        const begun = changes;
        const view = await look();
        if (begun === changes) return view;
      }
    })().finally(() => {
      underWay = undefined;
    });
    underWay = promise;
    return promise;
  };

  const fresh = (): StandingView | undefined => {
    if (held === undefined) return undefined;
    return Math.abs(clock.now().getTime() - held.lookedAtMs) < LIMITS.standingFreshMs ? held.view : undefined;
  };

  return {
    fresh,
    current: async () => fresh() ?? lookOnce(),
    renewed: () => {
      waiting ??= (async () => {
        await new Promise((settle) => setTimeout(settle, LIMITS.standingCooldownMs));
        waiting = undefined;
        // One under way may have begun before the call.
        await underWay?.catch(() => {});
        return lookOnce();
      })();
      return waiting;
    },
    changed: () => {
      changes += 1;
      held = undefined;
    },
  };
}
