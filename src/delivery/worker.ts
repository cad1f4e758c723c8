import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { issue } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { LIMITS } from '../kernel/limits.ts';
import { describeFault, type Log } from '../kernel/log.ts';
import type { DeliverySettlement, NewAudit, Store, StoredDelivery } from '../store/store.ts';
import { backoffWaitMs } from './backoff.ts';
import { codesOf, decideOutcome, type Outcome } from './decide-outcome.ts';
import type { AttemptEnd } from './judge-answer.ts';
import type { SendDelivery } from './send-delivery.ts';

export interface DeliveryWorkerParts {
  readonly store: Pick<Store, 'claimDeliveries' | 'settleDelivery' | 'nextDeliveryAt'>;
  readonly rules: Config['delivery'];
  readonly send: SendDelivery;
  /** The AuditEvents of an attempt that has ended; they are written with its settlement. */
  readonly buildAudit: (attempt: EndedAttempt) => readonly NewAudit[];
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly log: Log;
  /** How long a stop waits; `LIMITS.shutdownMs` unless told. */
  readonly shutdownMs?: number | undefined;
}

export interface EndedAttempt {
  readonly delivery: StoredDelivery;
  readonly at: string;
  readonly outcome: Outcome;
}

export interface DeliveryWorker {
  start(): void;
  /** Says that a delivery was written, so that it is sent now and not at the next look. */
  wake(): void;
  /** Takes nothing new and finishes what is in hand, within `shutdownMs`. */
  stop(): Promise<void>;
  /** Resolves when nothing is in hand and nothing is due now. Works whether started or not. */
  drain(): Promise<void>;
}

/**
 * Sends what the outbox holds. It claims lanes with a lease, at most `LIMITS.deliveryConcurrencyMax` at once, sends the
 * head of each and settles it. The store hands out a lane to one worker at a time and only its head, so order within a
 * lane is kept and a head that fails holds up its own lane alone.
 *
 * A process that dies between sending and settling leaves the lease to run out: then the delivery is sent again, with
 * the same id. A store that does not answer pauses the worker, longer each time, and never ends it.
 */
export function createDeliveryWorker(parts: DeliveryWorkerParts): DeliveryWorker {
  const { store, clock, log } = parts;
  const owner = newId();
  const stopping = new AbortController();
  const givingUp = new AbortController();
  const inHand = new Set<Promise<void>>();
  let claiming: Promise<number> | undefined;
  let loop: Promise<void> | undefined;
  let woken = false;
  let wakeSleeper: (() => void) | undefined;

  function wake(): void {
    woken = true;
    wakeSleeper?.();
  }

  /** One claim at a time, so that the free places are counted once. Resolves to the number of deliveries claimed. */
  function claim(): Promise<number> {
    claiming ??= claimFree().finally(() => {
      claiming = undefined;
    });
    return claiming;
  }

  async function claimFree(): Promise<number> {
    const limit = LIMITS.deliveryConcurrencyMax - inHand.size;
    if (limit <= 0 || stopping.signal.aborted) return 0;
    const now = clock.now();
    const leaseUntil = new Date(now.getTime() + LIMITS.laneLeaseMs).toISOString();
    const claimed = await store.claimDeliveries({ owner, now: now.toISOString(), leaseUntil, limit });
    for (const delivery of claimed) {
      const work = attempt(delivery, performance.now() + LIMITS.laneLeaseMs)
        .catch((fault) =>
          log.error('delivery attempt not recorded', { ...fieldsOf(delivery), fault: describeFault(fault) }),
        )
        .finally(() => {
          inHand.delete(work);
          wake();
        });
      inHand.add(work);
    }
    return claimed.length;
  }

  /** `leaseEndsAt` is on the clock of `performance.now()`. */
  async function attempt(delivery: StoredDelivery, leaseEndsAt: number): Promise<void> {
    const startedAt = performance.now();
    const number = delivery.attempts + 1;
    const end = await sendSafely(delivery);
    const at = clock.now();
    const givenUp = givingUp.signal.aborted;
    const outcome = decideOutcome(end, { attempt: number, at, rules: parts.rules, random: parts.random, givenUp });
    const durationMs = Math.round(performance.now() - startedAt);
    const ended = { delivery, at: at.toISOString(), outcome };
    const settlement = { id: delivery.id, owner, at: ended.at, outcome, durationMs, audit: parts.buildAudit(ended) };
    const settled = await settleWithinLease(settlement, leaseEndsAt);
    logEnd(delivery, number, outcome, durationMs, settled);
  }

  /** A fault of ours on one delivery must not hold up the others: it ends that attempt. */
  async function sendSafely(delivery: StoredDelivery): Promise<AttemptEnd> {
    try {
      return await parts.send(delivery, givingUp.signal);
    } catch (fault) {
      log.error('delivery attempt failed on our side', { ...fieldsOf(delivery), fault: describeFault(fault) });
      return { kind: 'retry', status: null, issues: [issue('internal-error', 'A fault on our side; see the log.')] };
    }
  }

  /**
   * Settling is tried for as long as the lease lasts: giving up on the first fault of the store would send again what
   * the partner has already said yes to. False when the lease was lost, or ran out before the store answered.
   */
  async function settleWithinLease(settlement: DeliverySettlement, leaseEndsAt: number): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await store.settleDelivery(settlement);
      } catch (fault) {
        const pauseMs = storePauseMs(tries);
        log.error('delivery not settled', { deliveryId: settlement.id, delayMs: pauseMs, fault: describeFault(fault) });
        if (givingUp.signal.aborted || performance.now() + pauseMs > leaseEndsAt) return false;
        await pause(pauseMs, givingUp.signal);
      }
    }
  }

  function storePauseMs(tries: number): number {
    return backoffWaitMs(tries, { firstMs: 200, capMs: LIMITS.storePauseMsMax }, () => 0.5 + parts.random() / 2);
  }

  function logEnd(
    delivery: StoredDelivery,
    number: number,
    outcome: Outcome,
    durationMs: number,
    settled: boolean,
  ): void {
    const fields = {
      ...fieldsOf(delivery),
      attempt: number,
      state: outcome.kind,
      durationMs,
      status: outcome.status ?? undefined,
      issueCodes: codesOf(outcome),
    };
    if (!settled) log.warn('delivery lease lost: nothing recorded', fields);
    else if (outcome.kind === 'delivered') log.info('delivery delivered', fields);
    else if (outcome.kind === 'retry') log.warn('delivery to be tried again', fields);
    else log.error('delivery dead', fields);
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        woken = false;
        if ((await claim()) === 0) await sleep(await sleepMs());
        failures = 0;
      } catch (fault) {
        failures += 1;
        const pauseMs = storePauseMs(failures);
        log.error('delivery worker paused', { delayMs: pauseMs, count: failures, fault: describeFault(fault) });
        // Not cut short by a wake: each message that comes in would have it hammer a store that is down.
        await pause(pauseMs, stopping.signal);
      }
    }
  }

  /** Until the next lane falls due, or the next look; with a floor, because a lane that is due may be leased elsewhere. */
  async function sleepMs(): Promise<number> {
    if (inHand.size >= LIMITS.deliveryConcurrencyMax) return LIMITS.deliveryPollMs;
    const next = await store.nextDeliveryAt();
    if (next === undefined) return LIMITS.deliveryPollMs;
    return Math.min(LIMITS.deliveryPollMs, Math.max(20, Date.parse(next) - clock.now().getTime()));
  }

  function sleep(ms: number): Promise<void> {
    if (woken || stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(wake, ms);
      wakeSleeper = () => {
        clearTimeout(timer);
        wakeSleeper = undefined;
        resolve();
      };
    });
  }

  return {
    start: () => {
      loop ??= run();
    },
    wake,
    stop: async () => {
      stopping.abort();
      wake();
      const finished = new AbortController();
      const shutdownMs = parts.shutdownMs ?? LIMITS.shutdownMs;
      // Requests are given up a little before the end, so that there is time to record it.
      void pause(shutdownMs * 0.9, finished.signal).then(() => givingUp.abort());
      const inHandDone = async () => {
        await claiming?.catch(() => 0);
        await Promise.all([loop, ...inHand]);
      };
      await Promise.race([inHandDone(), pause(shutdownMs, finished.signal)]);
      finished.abort();
    },
    drain: async () => {
      for (;;) {
        const claimed = await claim();
        if (inHand.size > 0) await Promise.race(inHand);
        else if (claimed === 0) return;
      }
    },
  };
}

function fieldsOf(delivery: StoredDelivery) {
  const { id: deliveryId, correlationId, partner, channel, route } = delivery;
  return { deliveryId, correlationId, partner, channel, route };
}

/** Waits, or less when the signal says so. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
