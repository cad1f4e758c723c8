import type { Commit } from '../store.ts';
import { planDeliveries } from './plan-deliveries.ts';
import { planMessage, planReprocessed } from './plan-message.ts';
import { planWrites } from './plan-writes.ts';
import type { Statement } from './statement.ts';

/**
 * A commit as a list of statements with no read between them. Whatever it depends on is a key of the database, so
 * the list is applied whole, or the first broken key says which conflict it met. The audit is not in the list: its
 * place in the chain is known only when the list is applied.
 */
export function planCommit(commit: Commit): Statement[] {
  return [
    ...(commit.message === undefined ? [] : planMessage(commit.message)),
    ...(commit.reprocessed === undefined ? [] : planReprocessed(commit.reprocessed)),
    ...planWrites(commit.writes),
    ...planDeliveries(commit.deliveries),
  ];
}
