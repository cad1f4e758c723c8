import type { DeliveryClaim, StoredDelivery } from '../store.ts';
import type { Row, SqlDriver } from './driver.ts';
import { text, toDelivery } from './rows.ts';
import { joinSql, limitSql, SKIP_LOCKED, type Sql, type Statement, sql } from './statement.ts';

/**
 * Partners with lanes that are not blocked, and when the first of each falls due, the longest due first. Those paused
 * are left out; for one that the breaker leaves alone it is when that ends. The statement steps from partner to
 * partner and looks at one lane of each, so that its cost is the number of partners, however long their queues are.
 */
export const DUE_PARTNERS: Sql = sql`
  WITH RECURSIVE partners (partner) AS (
    SELECT min(partner) FROM lane WHERE blocked = 0
    UNION ALL
    SELECT (SELECT min(l.partner) FROM lane l WHERE l.blocked = 0 AND l.partner > p.partner)
    FROM partners p WHERE p.partner IS NOT NULL
  ), due (partner, due_at) AS (
    SELECT p.partner, (SELECT min(l.due_at) FROM lane l WHERE l.blocked = 0 AND l.partner = p.partner)
    FROM partners p WHERE p.partner IS NOT NULL
  )
  SELECT d.partner, CASE WHEN s.open_until > d.due_at THEN s.open_until ELSE d.due_at END AS due_at
  FROM due d LEFT JOIN partner_state s ON s.partner = d.partner
  WHERE coalesce(s.paused, 0) = 0
  ORDER BY due_at, d.partner`;

/**
 * Leases due lanes and returns the head of each, oldest first. The limit is shared out among the partners that have
 * something due, so that the long queue of one does not hold up the others; what one leaves of its share goes to the
 * rest. A lane leased and then lost with the process comes back when its lease ends.
 */
export async function claimDeliveries(driver: SqlDriver, claim: DeliveryClaim): Promise<StoredDelivery[]> {
  const due = await driver.query(DUE_PARTNERS);
  let partners = due.filter((row) => text(row, 'due_at') <= claim.now).map((row) => text(row, 'partner'));
  const lanes: Row[] = [];
  while (partners.length > 0 && lanes.length < claim.limit) {
    const shares = shareOut(partners, claim.limit - lanes.length);
    const applied = await driver.apply(shares.map(({ partner, share }) => leaseLanes(partner, share, claim)));
    if (!applied.ok) throw new Error('a lease has nothing to breach');
    lanes.push(...applied.rows.flat());
    partners = shares.filter(({ share }, index) => applied.rows[index]?.length === share).map(({ partner }) => partner);
  }
  return lanes.length === 0 ? [] : (await driver.query(headsOf(lanes))).map(toDelivery);
}

/** `due` is looked for once, so that no more lanes are leased than are asked for, however the rest is planned. */
function leaseLanes(partner: string, limit: number, { owner, now, leaseUntil }: DeliveryClaim): Statement {
  return sql`
    WITH due AS MATERIALIZED (
      SELECT l.lane FROM lane l
      WHERE l.partner = ${partner} AND l.blocked = 0 AND l.due_at <= ${now}
      ORDER BY l.due_at LIMIT ${limitSql(limit)} ${{ text: SKIP_LOCKED, params: [] }})
    UPDATE lane SET owner = ${owner}, due_at = ${leaseUntil}
    WHERE partner = ${partner} AND lane IN (SELECT lane FROM due)
    RETURNING partner, lane`;
}

/**
 * Read once the lease is there. The statement that leases sees what was before it, and would take a head for pending
 * that another process has just delivered.
 */
function headsOf(lanes: readonly Row[]): Sql {
  const heads = lanes.map(
    (row) => sql`(SELECT min(h.seq) FROM delivery h
      WHERE h.partner = ${text(row, 'partner')} AND h.lane = ${text(row, 'lane')} AND h.state = 'pending')`,
  );
  return sql`SELECT * FROM delivery WHERE seq IN (${joinSql(heads, ', ')}) ORDER BY seq`;
}

function shareOut(partners: readonly string[], limit: number): { partner: string; share: number }[] {
  let left = limit;
  const shares = partners.map((partner, index) => {
    const share = Math.ceil(left / (partners.length - index));
    left -= share;
    return { partner, share };
  });
  return shares.filter(({ share }) => share > 0);
}
