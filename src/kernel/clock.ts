/** The time, as a part that is passed in, so that the same message gives the same result in a test and in a replay. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** A clock that stands still at `instant` (ISO 8601). */
export function fixedClock(instant: string): Clock {
  return { now: () => new Date(instant) };
}
