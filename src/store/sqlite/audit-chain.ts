import { LIMITS } from '../../kernel/limits.ts';
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
import type { NewAudit } from '../store.ts';
import type { Connection } from './connection.ts';

/** The segment that this connection writes, within the transaction that is open and as it was last committed. */
export interface AuditChain {
  /** Adds entries behind the head. The first opens a segment, within the same transaction. */
  add(audit: readonly NewAudit[]): void;
  /** Where the head stands now, for `returnTo` when what came behind was taken back. */
  mark(): ChainHead | undefined;
  returnTo(mark: ChainHead | undefined): void;
  /** Writes where the head has come to, once for all that was added in this transaction. */
  moveHead(): void;
  /** The transaction was committed. */
  keep(): void;
  /** The transaction was taken back. */
  forget(): void;
  /** Writes the segment's end record, in a transaction of its own. */
  seal(): void;
}

export function createAuditChain(connection: Connection): AuditChain {
  /** As the store has it. */
  let kept: ChainHead | undefined;
  /** As the open transaction has it. */
  let current: ChainHead | undefined;
  /** As the store's row of the segment has it; a segment that was opened in this transaction has one already. */
  let written: ChainHead | undefined;

  const open = (): ChainHead => {
    const last = connection.run(LAST_SEGMENT).rows[0];
    const previous =
      last === undefined
        ? undefined
        : { segment: number(last, 'number'), entries: number(last, 'entries'), hash: text(last, 'head_hash') };
    const { statement, head } = openSegment(previous, processName(), new Date().toISOString());
    connection.run(statement);
    written = head;
    return head;
  };

  return {
    add: (audit) => {
      const linked = linkAudit(current ?? open(), audit);
      for (const statement of planAudit(linked.entries)) connection.run(statement);
      current = linked.head;
    },
    mark: () => current,
    returnTo: (mark) => {
      current = mark;
    },
    moveHead: () => {
      if (current === undefined || written === undefined || current === written) return;
      if (connection.run(moveHead(written, current)).touched !== 1) {
        // The next entry opens a segment of its own.
        kept = undefined;
        throw new Error('another process writes our segment of the audit');
      }
      if (current.entries >= LIMITS.auditSegmentEntriesMax) {
        connection.run(sealSegment(current, new Date().toISOString()));
        current = undefined;
      }
    },
    keep: () => {
      kept = current;
      written = current;
    },
    forget: () => {
      current = kept;
      written = kept;
    },
    seal: () => {
      if (kept !== undefined) connection.run(sealSegment(kept, new Date().toISOString()));
      kept = undefined;
      current = undefined;
    },
  };
}
