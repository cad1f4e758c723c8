import { GinnelError, ISSUE_CODES, refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { Commit, CommitResult } from '../store.ts';

/** Applies one commit, or several as one: a transaction and a round trip for all of them. */
export type ApplyCommit = (commit: Commit) => Promise<CommitResult>;

interface Waiting {
  readonly commit: Commit;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (fault: unknown) => void;
}

/**
 * Commits that come while others are under way share a transaction, and each gets its own result: where the shared one
 * meets a conflict or a fault, nothing of it is left, and each of them is applied alone. Those that are about the same
 * resource or claim do not share, so that one cannot be another's conflict. For a database across a network, where a
 * round trip and a flush cost more than the rows.
 */
export function shareCommits(apply: ApplyCommit): ApplyCommit {
  const queue: Waiting[] = [];
  let underWay = 0;

  // At once where there is room, so that the database works while the next are being planned; what comes meanwhile is
  // the next group.
  const dispatch = (): void => {
    while (queue.length > 0 && underWay < LIMITS.storeSharedMax) void run(takeGroup(queue));
  };
  const run = async (group: readonly Waiting[]): Promise<void> => {
    underWay += 1;
    try {
      await applyGroup(group, apply);
    } finally {
      underWay -= 1;
      dispatch();
    }
  };

  return (commit) => {
    if (!mayShare(commit)) return apply(commit);
    return new Promise((resolve, reject) => {
      if (queue.length >= LIMITS.storeQueueMax) {
        reject(refuse('store-unavailable', 'The store has as many writes waiting as it may hold. Try again later.'));
        return;
      }
      queue.push({ commit, resolve, reject });
      dispatch();
    });
  };
}

/** A message's key is a conflict that often comes true, and a large commit gains nothing. */
function mayShare({ message, reprocessed, writes, deliveries }: Commit): boolean {
  return (
    message === undefined &&
    reprocessed === undefined &&
    writes.length + deliveries.length <= LIMITS.storeSharedRowsMax / 4
  );
}

/** The first in the queue, and those behind it that may be with it. */
function takeGroup(queue: Waiting[]): Waiting[] {
  const group: Waiting[] = [];
  const left: Waiting[] = [];
  const taken = new Set<string>();
  let rows = 0;
  for (const one of queue.splice(0)) {
    const keys = keysOf(one.commit);
    const more = one.commit.writes.length + one.commit.deliveries.length;
    const fits = group.length < LIMITS.storeGroupMax && rows + more <= LIMITS.storeSharedRowsMax;
    if (fits && keys.every((key) => !taken.has(key))) {
      group.push(one);
      rows += more;
    } else {
      left.push(one);
    }
    // Whoever comes behind one that has to wait for a resource waits as well.
    for (const key of keys) taken.add(key);
  }
  queue.push(...left);
  return group;
}

function keysOf({ writes }: Commit): string[] {
  return writes.flatMap(({ type, id, claims }) => [
    `${type}/${id}`,
    ...claims.map(({ system, value }) => `${type} ${system}\n${value}`),
  ]);
}

async function applyGroup(group: readonly Waiting[], apply: ApplyCommit): Promise<void> {
  const [only, another] = group;
  if (only !== undefined && another === undefined) {
    await apply(only.commit).then(only.resolve, only.reject);
    return;
  }
  const shared: Commit = {
    writes: group.flatMap(({ commit }) => commit.writes),
    deliveries: group.flatMap(({ commit }) => commit.deliveries),
    audit: group.flatMap(({ commit }) => commit.audit),
  };
  try {
    const result = await apply(shared);
    if (result.ok) {
      for (const { resolve } of group) resolve(result);
      return;
    }
  } catch (fault) {
    // Whether it was committed may be open then; and the store is no better for each alone.
    if (isUnavailable(fault)) {
      for (const { reject } of group) reject(fault);
      return;
    }
  }
  await Promise.all(group.map(({ commit, resolve, reject }) => apply(commit).then(resolve, reject)));
}

function isUnavailable(fault: unknown): boolean {
  return fault instanceof GinnelError && fault.issues.some(({ code }) => ISSUE_CODES[code] === 'unavailable');
}
