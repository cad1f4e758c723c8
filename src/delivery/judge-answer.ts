import { type Issue, type IssueCode, issue, ruleOf } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';
import { parseRetryAfter } from './backoff.ts';
import type { OutgoingAnswer } from './outgoing-http.ts';

/** How an attempt ended. `retryAfterMs`: what the partner asked us to wait. */
export type AttemptEnd =
  | { readonly kind: 'delivered'; readonly status: number }
  | {
      readonly kind: 'retry' | 'dead';
      readonly status: number | null;
      readonly issues: readonly Issue[];
      readonly retryAfterMs?: number | undefined;
    };

/** What a partner's answer means for the delivery (RFC 9110 section 15). Retry or not is decided by the code's category. */
export function judgeAnswer(answer: OutgoingAnswer, now: Date): AttemptEnd {
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  if (status === 409 && isAlreadyStored(answer)) return { kind: 'delivered', status };
  const retryAfter = answer.headers.get('retry-after');
  const code = codeOf(status, retryAfter !== undefined);
  return endWith([issue(code, `The partner answered ${status}: ${TEXTS[code]}.`)], {
    status,
    retryAfterMs: retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, now),
  });
}

/** An attempt that failed for these reasons, worth another or not as their category says. */
export function endWith(
  issues: readonly Issue[],
  rest: { readonly status: number | null; readonly retryAfterMs?: number | undefined } = { status: null },
): AttemptEnd {
  return { kind: ruleOf(issues).retry ? 'retry' : 'dead', issues, ...rest };
}

const TEXTS = {
  'delivery-timeout': 'it gave up waiting',
  'delivery-throttled': 'it asks us to come back later',
  'delivery-server-error': 'a fault on its side',
  'delivery-refused': 'it does not take this message as it is',
} as const satisfies Partial<Record<IssueCode, string>>;

function codeOf(status: number, hasRetryAfter: boolean): keyof typeof TEXTS {
  if (status === 408) return 'delivery-timeout';
  if (status === 425 || status === 429 || (status === 503 && hasRetryAfter)) return 'delivery-throttled';
  // A redirect is a refusal too: following it would send a patient's data where no configuration says.
  return status >= 500 ? 'delivery-server-error' : 'delivery-refused';
}

/** The Booking and Referral Standard answers 409 with issue code `duplicate` for a message it already holds. */
function isAlreadyStored({ body }: OutgoingAnswer): boolean {
  try {
    const outcome: unknown = JSON.parse(new TextDecoder().decode(body));
    if (!isJsonObject(outcome) || outcome.resourceType !== 'OperationOutcome') return false;
    return Array.isArray(outcome.issue) && outcome.issue.some((one) => isJsonObject(one) && one.code === 'duplicate');
  } catch {
    return false;
  }
}
