import type { AuditInput } from '../audit/event.ts';
import type { RefusedAccessAudit, RefusedTokenAudit } from '../audit/input.ts';
import type { Clock } from '../kernel/clock.ts';
import { LIMITS } from '../kernel/limits.ts';
import { describeFault, type Log } from '../kernel/log.ts';
import type { NewAudit, Store } from '../store/store.ts';
import { bucketOf, createRateLimit, type RateLimitRules } from './rate-limits.ts';

/**
 * The audit of refusals, which a stranger can cause at no cost. Each is an event of its own, durable before it is
 * answered, until an address or client has used up what it may cause; from then on its refusals are answered 429 and
 * counted: one event for each window with their number, so that a flood fills neither disk nor trail.
 */
export interface RefusalAudit {
  /** Milliseconds that this address must wait before it may be refused, and so heard, again; 0 for no wait. */
  wait(address: string | undefined): number;
  /** Resolves with 0 when the refusal is in the audit, or with the milliseconds to wait when it was counted. */
  record(refusal: Refusal): Promise<number>;
  /** Counts one that was not even looked at. */
  count(refusal: Refusal): void;
  /** Writes what was counted. */
  close(): Promise<void>;
}

export type Refusal = RefusedAccessAudit | RefusedTokenAudit;

export interface RefusalAuditParts {
  readonly store: Pick<Store, 'commit'>;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules?: RateLimitRules | undefined;
}

const RULES: RateLimitRules = { burst: LIMITS.refusalsBurst, refillMs: LIMITS.refusalsRefillMs };

export function createRefusalAudit({ store, buildAudit, clock, log, rules = RULES }: RefusalAuditParts): RefusalAudit {
  const limit = createRateLimit(clock, rules);
  let counted = new Map<string, { readonly first: Refusal; count: number }>();
  let timer: NodeJS.Timeout | undefined;

  const flush = async (): Promise<void> => {
    const told = [...counted.values()];
    counted = new Map();
    clearTimeout(timer);
    timer = undefined;
    if (told.length === 0) return;
    const recorded = clock.now();
    const audit = told.map(({ first, count }) => buildAudit({ ...throttled(first), recorded, count }));
    await store.commit({ writes: [], deliveries: [], audit });
    log.warn('requests refused unheard', { count: told.reduce((sum, { count }) => sum + count, 0) });
  };
  const flushLogged = (): void => {
    flush().catch((fault: unknown) => log.error('refusals not audited', { fault: describeFault(fault) }));
  };

  const count = (refusal: Refusal): void => {
    const key = `${refusal.kind} ${refusal.client ?? ''} ${bucketOf(refusal.address)}`;
    const one = counted.get(key);
    if (one !== undefined) one.count += 1;
    else {
      if (counted.size >= LIMITS.refusalKindsMax) flushLogged();
      counted.set(key, { first: refusal, count: 1 });
    }
    timer ??= setTimeout(flushLogged, LIMITS.refusalWindowMs).unref();
  };

  return {
    wait: (address) => limit.wait(bucketOf(address)),
    count,
    record: async (refusal) => {
      // One that we know pays for itself alone; a stranger pays with the address, and so does one who only says a name.
      const isKnown = refusal.kind === 'refusedAccess' && refusal.client !== undefined;
      const waitMs = limit.take(isKnown ? `client ${refusal.client}` : bucketOf(refusal.address));
      if (waitMs > 0) {
        count(refusal);
        return waitMs;
      }
      const result = await store.commit({ writes: [], deliveries: [], audit: [buildAudit(refusal)] });
      if (!result.ok) throw new Error('the audit was not written');
      return 0;
    },
    close: flush,
  };
}

function throttled(refusal: Refusal): Refusal {
  return refusal.kind === 'refusedAccess'
    ? { ...refusal, types: [], issueCodes: ['too-many-requests'] }
    : { ...refusal, reason: 'too-many-requests' };
}
