export interface BackoffRule {
  /** Longest wait before the second attempt, in milliseconds. */
  readonly firstMs: number;
  /** Longest wait between two attempts, in milliseconds. */
  readonly capMs: number;
}

/**
 * How long to wait after a failed attempt, in milliseconds: capped exponential with full jitter. The ceiling doubles
 * with each attempt up to the cap, and the wait is drawn evenly from zero to the ceiling, so that lanes that failed
 * together do not come back together. With the default settings (1 s first, 15 min cap, 400 attempts):
 *
 * | failed attempt |  1 |  2 |  3 |  4 |   5 |   6 |   7 |    8 |    9 |   10 | 11 to 399 |
 * |----------------|----|----|----|----|-----|-----|-----|------|------|------|-----------|
 * | longest wait   | 1s | 2s | 4s | 8s | 16s | 32s | 64s | 128s | 256s | 512s |      900s |
 *
 * They add up to 97.5 hours, and to half of that on average: a partner may be away for a weekend.
 * A partner's `Retry-After` (RFC 9110 section 10.2.3) lengthens the wait, but never past the cap.
 * `attempt` is 1 for the first; `random` yields 0 to 1.
 */
export function backoffWaitMs(attempt: number, rule: BackoffRule, random: () => number, retryAfterMs = 0): number {
  const jittered = Math.floor(random() * backoffCeilingMs(attempt, rule));
  return Math.min(rule.capMs, Math.max(jittered, retryAfterMs));
}

/** The longest wait after this attempt, in milliseconds. */
export function backoffCeilingMs(attempt: number, rule: BackoffRule): number {
  // Beyond 2^31 the cap has long been reached; the bound keeps the power finite.
  return Math.min(rule.capMs, rule.firstMs * 2 ** Math.min(attempt - 1, 31));
}

/** `Retry-After` in milliseconds from `now`: a number of seconds or an HTTP date. Undefined when it is neither. */
export function parseRetryAfter(text: string, now: Date): number | undefined {
  const trimmed = text.trim();
  if (/^\d{1,9}$/.test(trimmed)) return Number(trimmed) * 1000;
  if (trimmed.length > 64 || !trimmed.endsWith('GMT')) return undefined;
  const at = Date.parse(trimmed);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
