import { LIMITS } from '../../kernel/limits.ts';
import type { Store } from '../store.ts';
import type { SqlDriver } from './driver.ts';
import { listLimit } from './queries.ts';
import { AUDIT_FRAME_TEXT, number, toAudit, toAuditSegment } from './rows.ts';
import { joinSql, limitSql, sql } from './statement.ts';

/** The audit as a trail: its entries and segments one after another, for whoever verifies or exports it. */
export function createAuditStore(
  driver: SqlDriver,
): Pick<Store, 'audit' | 'auditSegments' | 'auditEntries' | 'auditBounds'> {
  return {
    audit: async ({ afterSeq = 0, limit } = {}) =>
      (
        await driver.query(
          sql`SELECT a.*, ${AUDIT_FRAME_TEXT} FROM audit a WHERE seq > ${afterSeq} ORDER BY seq LIMIT ${limitSql(listLimit(limit))}`,
        )
      ).map(toAudit),
    auditSegments: async (after, limit = LIMITS.storeListMax) =>
      (
        await driver.query(
          sql`SELECT * FROM audit_segment WHERE number > ${after} ORDER BY number LIMIT ${limitSql(listLimit(limit))}`,
        )
      ).map(toAuditSegment),
    auditEntries: async ({ segment, after, limit, since, until, patient }) => {
      const chained = segment !== null;
      const conditions = [
        chained ? sql`segment = ${segment} AND number > ${after}` : sql`segment IS NULL AND seq > ${after}`,
        ...(since === undefined ? [] : [sql`recorded >= ${since}`]),
        ...(until === undefined ? [] : [sql`recorded < ${until}`]),
        ...(patient === undefined ? [] : [sql`patient = ${patient}`]),
      ];
      // Two rows of one number are there only once the key is gone; they are to come in one order all the same.
      const order = chained ? sql`number, seq` : sql`seq`;
      const rows = await driver.search(
        sql`SELECT a.*, ${AUDIT_FRAME_TEXT} FROM audit a WHERE ${joinSql(conditions, ' AND ')} ORDER BY ${order} LIMIT ${limitSql(listLimit(limit))}`,
      );
      return rows.map(toAudit);
    },
    auditBounds: async () => {
      const [low] = await driver.query(sql`SELECT min(segment) AS n FROM audit WHERE segment IS NOT NULL`);
      const [high] = await driver.query(sql`SELECT max(segment) AS n FROM audit WHERE segment IS NOT NULL`);
      if (low === undefined || high === undefined || low.n === null || high.n === null) return undefined;
      return { lowest: number(low, 'n'), highest: number(high, 'n') };
    },
  };
}
