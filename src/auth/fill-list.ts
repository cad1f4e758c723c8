import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { StoredResource } from '../store/store.ts';

/**
 * As many as are wanted of what may be shown, read on in larger steps where much may not. What lies so far apart that
 * the bound is met is refused: a list that ends early would say that there is no more.
 */
export async function fillList<Place>(
  count: number,
  start: Place | undefined,
  placeOf: (stored: StoredResource) => Place,
  readPage: (
    after: Place | undefined,
    count: number,
  ) => Promise<{ readonly found: readonly StoredResource[]; readonly shown: readonly StoredResource[] }>,
): Promise<StoredResource[]> {
  const list: StoredResource[] = [];
  let after = start;
  let step = count;
  for (let reading = 0; reading < LIMITS.pageRefillsMax; reading += 1) {
    const { found, shown } = await readPage(after, step);
    list.push(...shown.slice(0, count - list.length));
    const last = found.at(-1);
    if (list.length >= count || last === undefined || found.length < step) return list;
    after = placeOf(last);
    step = Math.max(count, LIMITS.pageRefillResources);
  }
  throw refuse(
    'fields-too-many',
    'What may be shown here lies too far apart. Ask for one type, or from a time (_since).',
  );
}
