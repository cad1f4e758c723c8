import { LIMITS } from '../../kernel/limits.ts';
import { number, text } from '../sql/rows.ts';
import { joinSql, type Sql, sql } from '../sql/statement.ts';
import type { StoreTables } from './tables.ts';

/** What may go. Instants in UTC; undefined: it is kept. */
export interface Retention {
  /** Bodies of messages received before. The messages themselves stay: they are what makes a message known again. */
  readonly bodiesBefore: string | undefined;
  /** Deliveries that were delivered or skipped before, with their attempts. Dead ones wait for a decision and stay. */
  readonly deliveriesBefore: string | undefined;
  /** Assertion ids that have expired by now cannot be used again. */
  readonly now: string;
}

/** How many rows of each kind went, or would go. */
export interface Removed {
  readonly bodies: number;
  readonly deliveries: number;
  readonly assertionIds: number;
  /** Bodies without a message and attempts without a delivery. */
  readonly orphans: number;
}

const OLD_BODIES = (before: string): Sql => sql`FROM message m JOIN message_body b ON b.message_id = m.id
  WHERE m.received_at < ${before}`;
const OLD_DELIVERIES = (before: string): Sql => sql`FROM delivery m
  WHERE (m.state = 'delivered' OR m.state = 'skipped') AND m.settled_at < ${before}`;
const ORPHAN_BODIES = sql`FROM message_body WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.id = message_id)`;
const ORPHAN_ATTEMPTS = sql`FROM attempt WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE d.id = delivery_id)`;

/** What `compactStore` would remove. */
export async function countRemovable(tables: StoreTables, retention: Retention): Promise<Removed> {
  const count = async (from: Sql | undefined): Promise<number> => {
    if (from === undefined) return 0;
    const [row] = (await tables.run(sql`SELECT count(*) AS n ${from}`)).rows;
    return row === undefined ? 0 : number(row, 'n');
  };
  const { bodiesBefore, deliveriesBefore, now } = retention;
  return {
    bodies: await count(bodiesBefore === undefined ? undefined : OLD_BODIES(bodiesBefore)),
    deliveries: await count(deliveriesBefore === undefined ? undefined : OLD_DELIVERIES(deliveriesBefore)),
    assertionIds: await count(sql`FROM assertion_id WHERE expires_at <= ${now}`),
    orphans: (await count(ORPHAN_BODIES)) + (await count(ORPHAN_ATTEMPTS)),
  };
}

/**
 * Removes what has outlived its retention, in transactions of bounded size beside a running gateway, and gives the room
 * back. Versions of resources, messages and audit events are never removed.
 */
export async function compactStore(tables: StoreTables, retention: Retention): Promise<Removed> {
  const { bodiesBefore, deliveriesBefore, now } = retention;
  const removed = {
    bodies: bodiesBefore === undefined ? 0 : await removeOld(tables, OLD_BODIES(bodiesBefore), removeBodies),
    deliveries:
      deliveriesBefore === undefined ? 0 : await removeOld(tables, OLD_DELIVERIES(deliveriesBefore), removeDeliveries),
    assertionIds: await removeExpired(tables, now),
    orphans:
      (await tables.run(sql`DELETE ${ORPHAN_BODIES}`)).touched +
      (await tables.run(sql`DELETE ${ORPHAN_ATTEMPTS}`)).touched,
  };
  await tables.shrink();
  return removed;
}

/** Step by step in the order of `seq`, so that what was looked at is not looked at again. */
async function removeOld(
  tables: StoreTables,
  old: Sql,
  remove: (tables: StoreTables, ids: Sql) => Promise<number>,
): Promise<number> {
  let removed = 0;
  for (let after = 0; ; ) {
    const { rows } = await tables.run(
      sql`SELECT m.seq, m.id ${old} AND m.seq > ${after} ORDER BY m.seq LIMIT ${LIMITS.storeRemovalsMax}`,
    );
    const last = rows.at(-1);
    if (last === undefined) return removed;
    after = number(last, 'seq');
    const ids = joinSql(
      rows.map((row) => sql`${text(row, 'id')}`),
      ', ',
    );
    removed += await tables.write(() => remove(tables, ids));
  }
}

async function removeBodies(tables: StoreTables, ids: Sql): Promise<number> {
  return (await tables.run(sql`DELETE FROM message_body WHERE message_id IN (${ids})`)).touched;
}

async function removeDeliveries(tables: StoreTables, ids: Sql): Promise<number> {
  await tables.run(sql`DELETE FROM attempt WHERE delivery_id IN (${ids})`);
  return (await tables.run(sql`DELETE FROM delivery WHERE id IN (${ids})`)).touched;
}

async function removeExpired(tables: StoreTables, now: string): Promise<number> {
  for (let removed = 0; ; ) {
    const { touched } = await tables.run(sql`DELETE FROM assertion_id WHERE (issuer, jti) IN (
      SELECT issuer, jti FROM assertion_id WHERE expires_at <= ${now} LIMIT ${LIMITS.storeRemovalsMax})`);
    removed += touched;
    if (touched < LIMITS.storeRemovalsMax) return removed;
  }
}
