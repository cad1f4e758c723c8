import type { Config } from '../config/config.ts';
import { type IssueCode, issue } from '../kernel/errors.ts';
import type { DeliverySettlement } from '../store/store.ts';
import { backoffWaitMs } from './backoff.ts';
import type { AttemptEnd } from './judge-answer.ts';

export type Outcome = DeliverySettlement['outcome'];

export interface OutcomeContext {
  /** Number of the attempt; 1 for the first. */
  readonly attempt: number;
  readonly at: Date;
  readonly rules: Config['delivery'];
  readonly random: () => number;
  /** The gateway gave the attempt up because it stops. */
  readonly givenUp: boolean;
}

/** How an attempt ended → what is recorded of it: delivered, the time of the next attempt, or dead. */
export function decideOutcome(end: AttemptEnd, context: OutcomeContext): Outcome {
  if (end.kind === 'delivered') return { kind: 'delivered', status: end.status };
  const { status, issues } = end;
  if (end.kind === 'dead') return { kind: 'dead', status, issues };
  const { attempt, at, rules } = context;
  // A stop is not the partner's failure: the next attempt is due after the start, whatever this one's number.
  if (context.givenUp) return { kind: 'retry', nextAt: at.toISOString(), status, issues };
  if (attempt >= rules.attemptsMax) {
    const exhausted = issue('delivery-attempts-exhausted', `Attempt ${attempt} was the last that is allowed.`);
    return { kind: 'dead', status, issues: [...issues, exhausted] };
  }
  const backoff = { firstMs: rules.backoffFirstMs, capMs: rules.backoffCapMs };
  const waitMs = backoffWaitMs(attempt, backoff, context.random, end.retryAfterMs);
  return { kind: 'retry', nextAt: new Date(at.getTime() + waitMs).toISOString(), status, issues };
}

export function codesOf(outcome: Outcome): IssueCode[] {
  return outcome.kind === 'delivered' ? [] : outcome.issues.map(({ code }) => code);
}
