/** What ISO text with a four-digit year can hold, and so what sorts as text the way it sorts as time. */
const MS_MIN = Date.parse('0000-01-01T00:00:00.000Z');
const MS_MAX = Date.parse('9999-12-31T23:59:59.999Z');

/** A whole number of milliseconds that the store can hold; an open end of a range becomes the last instant there is. */
export function clampMs(ms: number): number {
  return Math.trunc(Math.min(Math.max(ms, MS_MIN), MS_MAX));
}

export function isoOf(ms: number): string {
  return new Date(clampMs(ms)).toISOString();
}
