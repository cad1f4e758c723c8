/** Runs work alone: each begins when the one before it has ended, well or badly. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** The same by keys: work waits for all work before it that has one of its keys, and for no other. */
export type KeyedTurns = <T>(keys: readonly string[], work: () => Promise<T>) => Promise<T>;

export function createKeyedTurns(): KeyedTurns {
  const lasts = new Map<string, Promise<unknown>>();
  return async (keys, work) => {
    const before = keys.flatMap((key) => lasts.get(key) ?? []);
    // All keys are taken at once, so that no two can wait for each other.
    const mine = before.length === 0 ? work() : Promise.all(before).then(work);
    const last = mine.catch(() => {});
    for (const key of keys) lasts.set(key, last);
    try {
      return await mine;
    } finally {
      for (const key of keys) if (lasts.get(key) === last) lasts.delete(key);
    }
  };
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => {});
    return mine;
  };
}
