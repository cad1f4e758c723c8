import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { NewAudit, Store } from '../store/store.ts';

/**
 * The audit of reads, which write nothing else. `durable`: the answer waits until its event is. `batched`: events of a
 * few milliseconds share a commit, and the answer does not wait, so that a process that is killed may have answered
 * reads of at most `LIMITS.auditDelayMsMax` that are not in the audit.
 */
export type ReadAuditMode = 'durable' | 'batched';

export interface ReadAudit {
  /** Resolves when the answer may leave. Rejects when the event cannot be kept: then the read is not answered. */
  record(audit: NewAudit): Promise<void>;
  /** Everything that was recorded is durable; nothing is recorded any more. */
  close(): Promise<void>;
}

export interface ReadAuditParts {
  readonly store: Pick<Store, 'commit'>;
  readonly mode: ReadAuditMode;
  /** Milliseconds that only go forward. */
  readonly now?: () => number;
}

export function createReadAudit({ store, mode, now = () => performance.now() }: ReadAuditParts): ReadAudit {
  const commit = async (audit: readonly NewAudit[]): Promise<void> => {
    await store.commit({ writes: [], deliveries: [], audit });
  };
  if (mode === 'durable') return { record: (audit) => commit([audit]), close: async () => {} };

  const waiting: NewAudit[] = [];
  /** When the oldest of those that wait came. */
  let since = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> | undefined;
  /** Of all events so far, which are written in the order that they came in. */
  let recorded = 0;
  let durable = 0;

  /** What waits now. What comes meanwhile waits for the next time, or each would soon have a commit of its own. */
  const writeWaiting = async (): Promise<void> => {
    const began = now();
    for (let left = waiting.length; left > 0; ) {
      const batch = waiting.slice(0, Math.min(left, LIMITS.auditBatchMax));
      await commit(batch);
      waiting.splice(0, batch.length);
      durable += batch.length;
      left -= batch.length;
    }
    since = began;
  };
  /** What waited when it began, or the fault that keeps it from being written; it goes on waiting then. */
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing ??= writeWaiting().finally(() => {
      writing = undefined;
      if (waiting.length > 0) schedule();
    });
    return writing;
  };
  const schedule = (): void => {
    // Whoever waits for it is told of a fault; nobody else can do anything but try again.
    timer ??= setTimeout(() => void flush().catch(() => {}), LIMITS.auditBatchMs);
  };

  return {
    record: async (audit) => {
      if (waiting.length >= LIMITS.auditWaitingMax) {
        throw refuse(
          'store-unavailable',
          'The audit cannot be written now, and nothing is read without it. Try again later.',
        );
      }
      if (waiting.length === 0) since = now();
      waiting.push(audit);
      recorded += 1;
      const mine = recorded;
      schedule();
      if (waiting.length >= LIMITS.auditBatchMax) void flush().catch(() => {});
      // The bound holds whatever the store does: while something older is not durable, no answer leaves. What came later
      // is waited for by nobody here, or under load nobody would be answered.
      while (durable < mine && now() - since > LIMITS.auditDelayMsMax - LIMITS.auditBatchMs) await flush();
    },
    close: async () => {
      while (waiting.length > 0) await flush();
    },
  };
}
