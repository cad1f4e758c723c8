import type { DeliverySettlement, NewDelivery } from '../store.ts';
import { createRowInsert } from './insert-rows.ts';
import type { SqlValue, Statement } from './statement.ts';

const upsertLanes = createRowInsert('lane', 'partner, lane, waiting, due_at', {
  suffix: 'ON CONFLICT (partner, lane) DO UPDATE SET waiting = lane.waiting + excluded.waiting',
});
const insertDeliveries = createRowInsert(
  'delivery',
  'id, partner, channel, route, lane, correlation_id, message_id, resource_type, resource_id, resource_version, created_at, next_at',
);

/** The lane that delivery `?` is in, as a condition on `lane`. */
const IN_ITS_LANE = '(partner, lane) = (SELECT d.partner, d.lane FROM delivery d WHERE d.id = ?)';

/**
 * Puts deliveries into their lanes. The lanes come first: a writer holds a lane's row until it commits, so that the
 * order of `seq` in a lane is the order of commits; and in one sequence everywhere, so that no two writers wait for
 * each other.
 */
export function planDeliveries(deliveries: readonly NewDelivery[]): Statement[] {
  const lanes = new Map<string, { partner: string; lane: string; waiting: number; dueAt: string }>();
  for (const { partner, lane, createdAt } of deliveries) {
    const key = JSON.stringify([partner, lane]);
    const known = lanes.get(key);
    if (known === undefined) lanes.set(key, { partner, lane, waiting: 1, dueAt: createdAt });
    else known.waiting += 1;
  }
  const sorted = [...lanes].sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    ...upsertLanes(sorted.map(([, { partner, lane, waiting, dueAt }]) => [partner, lane, waiting, dueAt])),
    ...insertDeliveries(deliveries.map(deliveryRow)),
  ];
}

function deliveryRow(delivery: NewDelivery): SqlValue[] {
  return [
    delivery.id,
    delivery.partner,
    delivery.channel,
    delivery.route,
    delivery.lane,
    delivery.correlationId,
    delivery.messageId,
    delivery.resourceType,
    delivery.resourceId,
    delivery.resourceVersion,
    delivery.createdAt,
    delivery.createdAt,
  ];
}

/**
 * Records an attempt and gives the lane back, if the lane is still leased to the owner and the delivery still its head.
 * A lane whose head was delivered is due again at once, behind the lanes that have waited longer.
 */
export function planSettlement({ id, owner, at, outcome, durationMs }: DeliverySettlement): Statement[] {
  const done = outcome.kind === 'delivered';
  const state = outcome.kind === 'retry' ? 'pending' : outcome.kind;
  const nextAt = outcome.kind === 'retry' ? outcome.nextAt : null;
  const issues = JSON.stringify(done ? [] : outcome.issues);
  return [
    {
      text: `UPDATE lane SET owner = NULL, due_at = ?, waiting = waiting - ?, blocked = ? WHERE owner = ?
        AND (partner, lane) = (SELECT d.partner, d.lane FROM delivery d WHERE d.id = ? AND d.seq = (
          SELECT min(h.seq) FROM delivery h WHERE h.partner = d.partner AND h.lane = d.lane AND h.state = 'pending'))`,
      params: [nextAt ?? at, done ? 1 : 0, outcome.kind === 'dead' ? 1 : 0, owner, id],
      rows: 1,
      breach: 'stale',
    },
    {
      text: `UPDATE delivery SET state = ?, attempts = attempts + 1, next_at = ?, settled_at = ?, last_issues = ?
        WHERE id = ?`,
      params: [state, nextAt, nextAt === null ? at : null, issues, id],
    },
    // Numbered on from the attempts there are, for an operator may have set the delivery's own count back to none.
    {
      text: `INSERT INTO attempt (delivery_id, number, at, outcome, status, duration_ms, issues)
        VALUES (?, (SELECT count(*) + 1 FROM attempt WHERE delivery_id = ?), ?, ?, ?, ?, ?)`,
      params: [id, id, at, outcome.kind, outcome.status, Math.round(durationMs), issues],
    },
    ...(done ? [dropEmptyLane(id)] : []),
  ];
}

/** An operator's decision on a dead delivery. Its lane goes on, from this delivery or from the one behind it. */
export function planRevival(id: string, decision: 'retry' | 'skip', at: string): Statement[] {
  const skip = decision === 'skip';
  return [
    {
      text: skip
        ? `UPDATE delivery SET state = 'skipped', settled_at = ? WHERE id = ? AND state = 'dead'`
        : `UPDATE delivery SET state = 'pending', attempts = 0, next_at = ?, settled_at = NULL
            WHERE id = ? AND state = 'dead'`,
      params: [at, id],
      rows: 1,
      breach: 'stale',
    },
    {
      text: `UPDATE lane SET blocked = 0, due_at = ?, waiting = waiting - ? WHERE ${IN_ITS_LANE}`,
      params: [at, skip ? 1 : 0, id],
    },
    ...(skip ? [dropEmptyLane(id)] : []),
  ];
}

function dropEmptyLane(id: string): Statement {
  return { text: `DELETE FROM lane WHERE ${IN_ITS_LANE} AND waiting = 0`, params: [id] };
}
