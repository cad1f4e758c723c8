import { LIMITS } from '../kernel/limits.ts';
import { frameId } from '../store/sql/audit-frame.ts';
import { hashEntry, hashHeader } from '../store/sql/plan-audit.ts';
import type { AuditSegment, Store, StoredAudit } from '../store/store.ts';

/** Something that is not as it was written. `entry` undefined: it concerns the segment as a whole. */
export interface TrailProblem {
  readonly segment: number;
  readonly entry: number | undefined;
  readonly kind: 'altered' | 'removed' | 'added' | 'reordered' | 'rewritten';
  readonly text: string;
}

/** Where a segment stood when somebody wrote it down elsewhere: `ginnel audit heads`. */
export interface SavedHead {
  readonly segment: number;
  readonly entries: number;
  readonly hash: string;
}

export interface TrailReport {
  readonly segments: number;
  readonly entries: number;
  /** Entries in no chain: written before there was one. They cannot be verified. */
  readonly unchained: number;
  readonly problems: number;
}

type TrailStore = Pick<Store, 'auditSegments' | 'auditEntries' | 'auditBounds'>;

/** Below any number that an integer column can hold, so that what was moved there is seen. */
const BEFORE_ALL = -2_147_483_648;

/**
 * Computes the whole chain again and tells of every entry that is not where or what it was, a stretch at a time. It may
 * run beside gateways that write. What it cannot see without heads that were saved elsewhere: a store that was put back
 * as a whole, or rewritten from some entry to the end with new hashes.
 */
export async function verifyTrail(
  store: TrailStore,
  tell: (problem: TrailProblem) => void,
  saved: readonly SavedHead[] = [],
): Promise<TrailReport> {
  let problems = 0;
  const report = (problem: TrailProblem): void => {
    problems += 1;
    tell(problem);
  };
  // Entries come with or after their segment, so that what they name now must be there when we look for it.
  const bounds = await store.auditBounds();
  let segments = 0;
  let entries = 0;
  let last = 0;
  let after = BEFORE_ALL;
  for (;;) {
    const stretch = await store.auditSegments(after, LIMITS.storeListMax);
    for (const segment of stretch) {
      if (segment.number !== last + 1) report(missingSegments(last + 1, segment.number - 1));
      await verifyHeader(segment, store, report);
      entries += await verifyEntries(segment, store, report);
      segments += 1;
      last = segment.number;
      after = segment.number;
    }
    if (stretch.length === 0) break;
  }
  if (bounds !== undefined && bounds.highest > last) report(missingSegments(last + 1, bounds.highest));
  if (bounds !== undefined && bounds.lowest < 1) report(missingSegments(bounds.lowest, 0));
  for (const head of saved) await verifySaved(head, store, report);
  return { segments, entries, unchained: await countUnchained(store), problems };
}

function missingSegments(from: number, to: number): TrailProblem {
  const text = from >= to ? `segment ${to} was removed` : `segments ${from} to ${to} were removed`;
  return { segment: to, entry: undefined, kind: 'removed', text };
}

type Report = (problem: TrailProblem) => void;

/** The header is what it was hashed as, and where the segment before it stood then is still there. */
async function verifyHeader(segment: AuditSegment, store: TrailStore, report: Report): Promise<void> {
  const { number, previousEntry, previousHash } = segment;
  if (hashHeader(segment) !== segment.headerHash) {
    report({ segment: number, entry: undefined, kind: 'altered', text: `the header of segment ${number} was altered` });
  }
  if (number <= 1) return;
  const found = await hashAt(number - 1, previousEntry, store);
  if (found === previousHash) return;
  const text = `segment ${number - 1}, entry ${previousEntry}: ${found === undefined ? 'removed' : 'rewritten'} since segment ${number} was opened`;
  report({ segment: number - 1, entry: previousEntry, kind: found === undefined ? 'removed' : 'rewritten', text });
}

/** The hash that stands at an entry, 0 for the header; undefined where there is no such entry. */
async function hashAt(segment: number, entry: number, store: TrailStore): Promise<string | undefined> {
  if (entry === 0)
    return (await store.auditSegments(segment - 1, 1)).find(({ number }) => number === segment)?.headerHash;
  const [found] = await store.auditEntries({ segment, after: entry - 1, limit: 1 });
  return found?.place?.number === entry ? found.place.hash : undefined;
}

async function verifyEntries(segment: AuditSegment, store: TrailStore, report: Report): Promise<number> {
  const at = (entry: number, kind: TrailProblem['kind'], what: string): void =>
    report({ segment: segment.number, entry, kind, text: `segment ${segment.number}, entry ${entry}: ${what}` });
  let hash = segment.headerHash;
  let last = 0;
  let seq = 0;
  let count = 0;
  for await (const { number, entry } of entriesOf(segment.number, store)) {
    count += 1;
    if (number <= last) {
      at(number, 'added', 'added, there is another of this number');
      continue;
    }
    if (number > last + 1) tellMissing(last + 1, number - 1, at);
    // Behind a gap nothing tells what came before: the entry's own hash has to be taken for granted.
    else if (!isFrameWhole(entry) || hashEntry(hash, segment.number, number, entry) !== entry.place?.hash) {
      at(number, 'altered', 'altered, or not in its own place');
    }
    if (entry.seq <= seq) at(number, 'reordered', 'stands before the entry that it was written after');
    hash = entry.place?.hash ?? '';
    seq = entry.seq;
    last = number;
  }
  // Gateways may have written since the segment was read.
  const [head = segment] = await store.auditSegments(segment.number - 1, 1);
  if (last < segment.entries) tellMissing(last + 1, segment.entries, at);
  else if (last > head.entries) at(last, 'added', 'added behind the head of the segment');
  else if (last === segment.entries && hash !== segment.headHash) {
    at(last, 'altered', 'altered, for the head of the segment has another hash');
  } else if (last !== segment.entries && (await hashAt(segment.number, segment.entries, store)) !== segment.headHash) {
    at(segment.entries, 'altered', 'altered, for the head of the segment had another hash');
  }
  return count;
}

/** The chain has the hash of a frame's text: the text must still have it. */
function isFrameWhole({ framed }: StoredAudit): boolean {
  return framed === undefined || frameId(framed.frame.text) === framed.frame.id;
}

function tellMissing(from: number, to: number, at: (entry: number, kind: 'removed', what: string) => void): void {
  at(from, 'removed', from === to ? 'removed' : `removed, and all up to entry ${to}`);
}

/**
 * A segment's entries in order. A stretch may end within entries of the same number, which are there only when somebody
 * has put them there: those are read again with the next stretch.
 */
async function* entriesOf(
  segment: number,
  store: TrailStore,
): AsyncGenerator<{ readonly number: number; readonly entry: StoredAudit }> {
  let after = BEFORE_ALL;
  for (;;) {
    const stretch = await store.auditEntries({ segment, after, limit: LIMITS.storeListMax });
    const numbered = stretch.map((entry) => ({ number: entry.place?.number ?? 0, entry }));
    const lastNumber = numbered.at(-1)?.number ?? after;
    const isFull = stretch.length === LIMITS.storeListMax && numbered[0]?.number !== lastNumber;
    yield* isFull ? numbered.filter(({ number }) => number !== lastNumber) : numbered;
    if (stretch.length < LIMITS.storeListMax) return;
    after = isFull ? lastNumber - 1 : lastNumber;
  }
}

/** What was written down elsewhere is still what stands here. */
async function verifySaved({ segment, entries, hash }: SavedHead, store: TrailStore, report: Report): Promise<void> {
  const found = await hashAt(segment, entries, store);
  if (found === hash) return;
  const what = found === undefined ? 'is not there any more' : 'has another hash';
  const text = `segment ${segment}, entry ${entries}: ${what}, against the head that was saved`;
  report({ segment, entry: entries, kind: found === undefined ? 'removed' : 'rewritten', text });
}

async function countUnchained(store: TrailStore): Promise<number> {
  let count = 0;
  let after = 0;
  for (;;) {
    const stretch = await store.auditEntries({ segment: null, after, limit: LIMITS.storeListMax });
    count += stretch.length;
    after = stretch.at(-1)?.seq ?? after;
    if (stretch.length < LIMITS.storeListMax) return count;
  }
}
