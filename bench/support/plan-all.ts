import { linkAudit, planAudit } from '../../src/store/sql/plan-audit.ts';
import { planCommit } from '../../src/store/sql/plan-commit.ts';
import type { Statement } from '../../src/store/sql/statement.ts';
import type { Commit } from '../../src/store/store.ts';

const FLOOR_SEGMENT = 1_000_000;
/** Audit events of one request. */
export const AUDITS_MAX = 16;

/**
 * Every statement of the n-th commit, its audit events included. They stand in a segment that is in no store, so that a
 * floor may write them beside those of the seed; the head of the chain, which Ginnel moves on as well, is left out.
 */
export function planAll(commit: Commit, n: number): Statement[] {
  const head = { segment: FLOOR_SEGMENT, entries: n * AUDITS_MAX, hash: '' };
  return [...planCommit(commit), ...planAudit(linkAudit(head, commit.audit).entries)];
}
