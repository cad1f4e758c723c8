import { sql } from '../sql/statement.ts';
import type { Rule } from './check-store.ts';

/** What each lane holds by its deliveries; the index of what is not delivered serves. */
const HELD = sql`SELECT partner, lane, count(*) AS n, max(CASE state WHEN 'dead' THEN 1 ELSE 0 END) AS blocked,
  min(created_at) AS due_at FROM delivery WHERE state <> 'delivered' AND state <> 'skipped' GROUP BY partner, lane`;

/** Messages, deliveries and the lanes they wait in. */
export const QUEUE_RULES: readonly Rule[] = [
  {
    code: 'store-lane-wrong',
    text: 'A lane does not count what waits in it, or is not blocked by what is dead in it. Run ginnel store check --repair.',
    find: (limit) => sql`SELECT coalesce(l.partner, d.partner) AS partner, coalesce(l.lane, d.lane) AS lane
      FROM lane l FULL JOIN (${HELD}) d ON d.partner = l.partner AND d.lane = l.lane
      WHERE coalesce(l.waiting, -1) <> coalesce(d.n, 0) OR l.blocked <> coalesce(d.blocked, 0)
      ORDER BY 1, 2 LIMIT ${limit}`,
    placeOf: (row) => `${row.partner}, lane ${row.lane}`,
    repair: async (tables, row) => {
      const of = sql`partner = ${String(row.partner)} AND lane = ${String(row.lane)}`;
      const none = sql`state <> 'delivered' AND state <> 'skipped'`;
      await tables.write(async () => {
        // A writer of deliveries holds the lane's row until it commits; so do we, and what we count then stands.
        await tables.run(sql`INSERT INTO lane (partner, lane, waiting, due_at)
          SELECT ${String(row.partner)}, ${String(row.lane)}, 0, coalesce(min(created_at), '') FROM delivery WHERE ${of}
          ON CONFLICT (partner, lane) DO UPDATE SET waiting = lane.waiting`);
        await tables.run(sql`UPDATE lane SET waiting = (SELECT count(*) FROM delivery WHERE ${of} AND ${none}),
          blocked = (SELECT count(*) FROM (SELECT 1 FROM delivery WHERE ${of} AND state = 'dead' LIMIT 1) dead)
          WHERE ${of}`);
        await tables.run(sql`DELETE FROM lane WHERE ${of} AND waiting = 0`);
      });
    },
  },
  {
    code: 'store-orphan',
    text: 'The body of a message that is not there. Run ginnel store compact, which removes it.',
    find: (limit) => sql`SELECT b.message_id AS id FROM message_body b LEFT JOIN message m ON m.id = b.message_id
      WHERE m.id IS NULL ORDER BY b.message_id LIMIT ${limit}`,
    placeOf: (row) => `message ${row.id}`,
  },
  {
    code: 'store-orphan',
    text: 'Attempts of a delivery that is not there. Run ginnel store compact, which removes them.',
    find: (limit) => sql`SELECT DISTINCT a.delivery_id AS id FROM attempt a LEFT JOIN delivery d ON d.id = a.delivery_id
      WHERE d.id IS NULL ORDER BY a.delivery_id LIMIT ${limit}`,
    placeOf: (row) => `delivery ${row.id}`,
  },
  {
    code: 'store-orphan',
    text: 'A delivery of a resource version that is not there. Restore the store from a backup.',
    find: (limit) => sql`SELECT d.id FROM delivery d
      LEFT JOIN version v ON v.type = d.resource_type AND v.id = d.resource_id AND v.version = d.resource_version
      WHERE v.id IS NULL ORDER BY d.seq LIMIT ${limit}`,
    placeOf: (row) => `delivery ${row.id}`,
  },
  {
    code: 'store-orphan',
    text: 'A delivery of a message that is not there. Restore the store from a backup.',
    find: (limit) => sql`SELECT d.id FROM delivery d LEFT JOIN message m ON m.id = d.message_id
      WHERE d.message_id IS NOT NULL AND m.id IS NULL ORDER BY d.seq LIMIT ${limit}`,
    placeOf: (row) => `delivery ${row.id}`,
  },
];
