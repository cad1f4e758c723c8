import { LIMITS } from '../kernel/limits.ts';
import type { Store, StoredAudit } from '../store/store.ts';
import type { SavedHead } from './verify-trail.ts';

type TrailStore = Pick<Store, 'auditSegments' | 'auditEntries'>;

export interface TrailFilter {
  /** Inclusive, as ISO 8601 instants in UTC with milliseconds. */
  readonly since?: string | undefined;
  /** Exclusive. */
  readonly until?: string | undefined;
  /** Our own id of a Patient. */
  readonly patient?: string | undefined;
}

/** Where every segment stands now: what to keep elsewhere, because nobody who can write the store can change it there. */
export async function readHeads(store: Pick<Store, 'auditSegments'>): Promise<SavedHead[]> {
  const heads: SavedHead[] = [];
  for (;;) {
    const stretch = await store.auditSegments(heads.at(-1)?.segment ?? 0, LIMITS.storeListMax);
    heads.push(...stretch.map(({ number, entries, headHash }) => ({ segment: number, entries, hash: headHash })));
    if (stretch.length < LIMITS.storeListMax) return heads;
  }
}

/**
 * What stands in the trail up to `heads`, segment by segment in the order of the chain, before them what is in no chain.
 * What is written meanwhile is not part of it. In memory there is a stretch at a time.
 */
export async function* readTrail(
  store: TrailStore,
  heads: readonly SavedHead[],
  filter: TrailFilter = {},
): AsyncGenerator<StoredAudit> {
  const stretches = [
    { segment: null, upTo: Number.POSITIVE_INFINITY },
    ...heads.map(({ segment, entries }) => ({ segment, upTo: entries })),
  ];
  for (const { segment, upTo } of stretches) {
    let after = 0;
    for (;;) {
      const stretch = await store.auditEntries({ segment, after, limit: LIMITS.storeListMax, ...filter });
      for (const entry of stretch) {
        after = segment === null ? entry.seq : (entry.place?.number ?? after);
        if (after > upTo) break;
        yield entry;
      }
      if (stretch.length < LIMITS.storeListMax || after >= upTo) break;
    }
  }
}
