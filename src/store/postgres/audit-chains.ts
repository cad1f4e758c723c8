import { LIMITS } from '../../kernel/limits.ts';
import type { Applied, Row } from '../sql/driver.ts';
import {
  type ChainHead,
  LAST_SEGMENT,
  linkAudit,
  moveHead,
  openSegment,
  planAudit,
  sealSegment,
} from '../sql/plan-audit.ts';
import { processName } from '../sql/process-name.ts';
import { number, text } from '../sql/rows.ts';
import type { Sql, Statement } from '../sql/statement.ts';
import type { NewAudit } from '../store.ts';

/**
 * The segments that this process writes. Commits run on several connections at once, so there are as many segments as
 * commits under way, and each commit has one to itself: nobody waits for another's hash, and a segment's order is that
 * of its commits. The head moves in the same batch, which makes no round trip more.
 */
export interface AuditChains {
  apply(statements: readonly Statement[], audit: readonly NewAudit[]): Promise<Applied>;
  /** Writes the end record of every segment. A segment without one is no fault: a process may die as well. */
  seal(onFault: (fault: unknown) => void): Promise<void>;
}

export interface AuditChainParts {
  query(statement: Sql): Promise<readonly Row[]>;
  apply(statements: readonly Statement[]): Promise<Applied>;
  /** Whether a fault leaves it open if the batch was committed. */
  isUncertain(fault: unknown): boolean;
  /** As many commits as can be under way at once. */
  readonly chainsMax: number;
}

export function createAuditChains(parts: AuditChainParts): AuditChains {
  /** Heads that no commit has in hand; what was put back last is taken first, so that there are few. */
  const free: ChainHead[] = [];
  const waiting: (() => void)[] = [];
  /** Commits that have a head in hand, or one being opened for them. */
  let inHand = 0;
  let opening: Promise<unknown> = Promise.resolve();

  const open = async (): Promise<ChainHead> => {
    for (let attempt = 1; attempt <= LIMITS.auditOpeningsMax; attempt += 1) {
      const last = (await parts.query(LAST_SEGMENT))[0];
      const previous =
        last === undefined
          ? undefined
          : { segment: number(last, 'number'), entries: number(last, 'entries'), hash: text(last, 'head_hash') };
      const { statement, head } = openSegment(previous, processName(), new Date().toISOString());
      if ((await parts.apply([statement])).ok) return head;
    }
    throw new Error('no segment of the audit could be opened');
  };
  /** One at a time: those of one process would only take the number from each other. */
  const openNext = (): Promise<ChainHead> => {
    const opened = opening.then(open);
    opening = opened.catch(() => {});
    return opened;
  };
  /** Runs `action` with a head that nobody else has meanwhile. It gives a head back by `keep`; without that the segment ends. */
  const withHead = async <T>(action: (head: ChainHead, keep: (head: ChainHead) => void) => Promise<T>): Promise<T> => {
    if (inHand >= parts.chainsMax) await new Promise<void>((resolve) => waiting.push(resolve));
    else inHand += 1;
    try {
      return await action(free.pop() ?? (await openNext()), (head) => free.push(head));
    } finally {
      // Whoever waits takes the place over.
      const next = waiting.shift();
      if (next === undefined) inHand -= 1;
      else next();
    }
  };

  return {
    apply: (statements, audit) =>
      withHead(async (head, keep) => {
        const linked = linkAudit(head, audit);
        let applied: Applied;
        try {
          applied = await parts.apply([...statements, ...planAudit(linked.entries), moveHead(head, linked.head)]);
        } catch (fault) {
          // Where it is open whether the batch was committed, the segment ends here: its head in the store is right
          // in either case, ours may not be.
          if (!parts.isUncertain(fault)) keep(head);
          throw fault;
        }
        if (!applied.ok) keep(head);
        else if (linked.head.entries < LIMITS.auditSegmentEntriesMax) keep(linked.head);
        // The commit stands, whether its segment gets its end record or not.
        else await parts.apply([sealSegment(linked.head, new Date().toISOString())]).catch(() => {});
        return applied;
      }),
    seal: async (onFault) => {
      for (const head of free.splice(0)) {
        try {
          await parts.apply([sealSegment(head, new Date().toISOString())]);
        } catch (fault) {
          onFault(fault);
        }
      }
    },
  };
}
