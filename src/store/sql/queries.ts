import { LIMITS } from '../../kernel/limits.ts';
import type { CompartmentRequest, DeliveryFilter, MessageFilter, StoreCounts } from '../store.ts';
import type { Row } from './driver.ts';
import { number, text } from './rows.ts';
import { joinSql, limitSql, type Sql, sql } from './statement.ts';

/** Reads that are more than a line. */

/** `limit` as the caller wishes, within the bound of lists. */
export function listLimit(limit: number = LIMITS.storeListDefault): number {
  return Math.min(Math.max(Math.trunc(limit), 0), LIMITS.storeListMax);
}

/** Newest first. The condition on `refused` is spelled out because the index of refused messages is made with it. */
export function listMessages({ partner, state, limit }: MessageFilter): Sql {
  const conditions = [
    ...(partner === undefined ? [] : [sql`partner = ${partner}`]),
    ...(state === undefined ? [] : [state === 'refused' ? sql`state = 'refused'` : sql`state = ${state}`]),
  ];
  return sql`SELECT * FROM message ${where(conditions)} ORDER BY seq DESC LIMIT ${limitSql(listLimit(limit))}`;
}

/** Newest first. What is not delivered has a small index of its own, made with the condition that is repeated here. */
export function listDeliveries({ partner, state, messageId, limit }: DeliveryFilter): Sql {
  const conditions = [
    ...(messageId === undefined ? [] : [sql`message_id = ${messageId}`]),
    ...(partner === undefined ? [] : [sql`partner = ${partner}`]),
    ...(state === undefined ? [] : [sql`state = ${state}`]),
    ...(state === undefined || state === 'delivered' ? [] : [sql`state <> 'delivered'`]),
  ];
  return sql`SELECT * FROM delivery ${where(conditions)} ORDER BY seq DESC LIMIT ${limitSql(listLimit(limit))}`;
}

/**
 * One more than the page, which tells whether there is another. Driven by the index that starts with the patient; the
 * content is joined last.
 */
export function listCompartment({ patient, types, since, after, count }: CompartmentRequest): Sql {
  const conditions = [
    sql`r.patient = ${patient}`,
    sql`r.deleted = 0`,
    sql`r.type IN (${joinSql(
      types.map((type) => sql`${type}`),
      ', ',
    )})`,
    ...(since === undefined ? [] : [sql`r.last_updated >= ${since}`]),
    ...(after === undefined ? [] : [sql`(r.type, r.id) > (${after.type}, ${after.id})`]),
  ];
  return sql`SELECT v.type, v.id, v.version, v.last_updated, v.deleted, v.content, v.patient
    FROM resource r JOIN version v ON v.type = r.type AND v.id = r.id AND v.version = r.version
    ${where(conditions)} ORDER BY r.type, r.id LIMIT ${limitSql(count + 1)}`;
}

function where(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`` : sql`WHERE ${joinSql(conditions, ' AND ')}`;
}

/** The large groups are what is left of a whole: counting the small ones is reading their own small index. */
export const COUNTS: Sql = sql`
  SELECT 'messages' AS name, count(*) AS n FROM message
  UNION ALL SELECT 'refused', count(*) FROM message WHERE state = 'refused'
  UNION ALL SELECT 'deliveries', count(*) FROM delivery
  UNION ALL SELECT state, count(*) FROM delivery WHERE state <> 'delivered' GROUP BY state
  UNION ALL SELECT 'resources', count(*) FROM resource
  UNION ALL SELECT 'deleted', count(*) FROM resource WHERE deleted = 1`;

export function toCounts(rows: readonly Row[]): StoreCounts {
  const counts = new Map(rows.map((row) => [text(row, 'name'), number(row, 'n')]));
  const count = (name: string): number => counts.get(name) ?? 0;
  const [pending, dead, skipped] = [count('pending'), count('dead'), count('skipped')];
  return {
    messagesAccepted: count('messages') - count('refused'),
    messagesRefused: count('refused'),
    deliveriesPending: pending,
    deliveriesDelivered: count('deliveries') - pending - dead - skipped,
    deliveriesDead: dead,
    deliveriesSkipped: skipped,
    resources: count('resources') - count('deleted'),
  };
}
