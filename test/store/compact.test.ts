import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { compactStore, countRemovable, type Retention } from '../../src/store/maintain/compact-store.ts';
import type { Store } from '../../src/store/store.ts';
import { type Engines, type Place, startEngines } from './support/both-engines.ts';
import { at, commitOf, sampleAudit, sampleDelivery, sampleMessage } from './support/samples.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines.stop());

const KEEP_ALL: Retention = { bodiesBefore: undefined, deliveriesBefore: undefined, now: at(0) };

async function settle(store: Store, id: string, kind: 'delivered' | 'dead', seconds: number): Promise<void> {
  const claimed = await store.claimDeliveries({ owner: 'w', now: at(seconds), leaseUntil: at(seconds + 1), limit: 9 });
  expect(claimed.map((one) => one.id)).toContain(id);
  const outcome = kind === 'delivered' ? { kind, status: 200 } : { kind, status: 400, issues: [] };
  expect(await store.settleDelivery({ id, owner: 'w', at: at(seconds), durationMs: 1, audit: [], outcome })).toBe(true);
}

describe.each(['SQLite', 'PostgreSQL'] as const)('what has outlived its retention in a %s store', (engine) => {
  async function fill(): Promise<{ place: Place; store: Store }> {
    const place = await engines.newPlace(engine);
    const store = await place.openStore();
    for (const [id, seconds] of [
      ['old', 10],
      ['young', 500],
    ] as const) {
      const message = sampleMessage(`m-${id}`, { receivedAt: at(seconds) });
      await store.commit(commitOf({ message, audit: [sampleAudit(`a-${id}`)] }));
    }
    for (const [lane, kind, seconds] of [
      ['l1', 'delivered', 20],
      ['l2', 'dead', 30],
      ['l3', 'delivered', 600],
    ] as const) {
      await store.commit(commitOf({ deliveries: [sampleDelivery(`d-${lane}`, { lane })] }));
      await settle(store, `d-${lane}`, kind, seconds);
    }
    await store.commit(commitOf({ deliveries: [sampleDelivery('d-waiting', { lane: 'l4' })] }));
    await store.useAssertionId({ issuer: 'i', jti: 'expired', expiresAt: at(40), now: at(0) });
    await store.useAssertionId({ issuer: 'i', jti: 'alive', expiresAt: at(900), now: at(0) });
    return { place, store };
  }

  it('is counted first and then removed; resources, messages, the audit and what waits are not', async () => {
    const { place, store } = await fill();
    const tables = await place.openTables();
    const retention = { bodiesBefore: at(100), deliveriesBefore: at(100), now: at(100) };
    const expected = { bodies: 1, deliveries: 1, assertionIds: 1, orphans: 0 };
    expect(await countRemovable(tables, retention)).toEqual(expected);
    expect(await store.messageBody('m-old')).toBeDefined();
    expect(await compactStore(tables, retention)).toEqual(expected);
    expect(await compactStore(tables, retention)).toEqual({ bodies: 0, deliveries: 0, assertionIds: 0, orphans: 0 });

    expect(await store.messageBody('m-old')).toBeUndefined();
    expect(await store.messageByKey('key of m-old')).toMatchObject({ id: 'm-old' });
    expect(await store.messageBody('m-young')).toBeDefined();
    expect((await store.deliveries()).map(({ id }) => id).sort()).toEqual(['d-l2', 'd-l3', 'd-waiting']);
    expect(await store.deliveryAttempts('d-l1')).toEqual([]);
    expect(await store.deliveryAttempts('d-l2')).toHaveLength(1);
    expect((await store.audit()).map(({ id }) => id)).toEqual(['a-old', 'a-young']);
    expect(await store.useAssertionId({ issuer: 'i', jti: 'alive', expiresAt: at(900), now: at(101) })).toBe(false);
  });

  it('is nothing without a setting, but for what nobody can use any more', async () => {
    const { place, store } = await fill();
    const body = engine === 'SQLite' ? `x'00'` : `'\\x00'`;
    await place.tamper(`INSERT INTO message_body (message_id, body) VALUES ('lost', ${body});
      INSERT INTO attempt (delivery_id, number, at, outcome, duration_ms, issues) VALUES ('lost', 1, '', 'retry', 1, '[]')`);
    const tables = await place.openTables();
    expect(await compactStore(tables, KEEP_ALL)).toEqual({ bodies: 0, deliveries: 0, assertionIds: 0, orphans: 2 });
    expect(await store.messageBody('m-old')).toBeDefined();
    expect(await store.deliveries()).toHaveLength(4);
  });

  it('goes in steps, however much it is, and the room goes back to the disk', async () => {
    const place = await engines.newPlace(engine);
    const store = await place.openStore();
    const count = LIMITS.storeRemovalsMax + 50;
    const body = new Uint8Array(4_000).fill(120);
    const messages = Array.from({ length: count }, (_, n) => sampleMessage(`m${n}`, { body }));
    await Promise.all(messages.map((message) => store.commit(commitOf({ message }))));
    const tables = await place.openTables();
    const size = async (): Promise<number> => {
      const of =
        engine === 'SQLite'
          ? 'SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size'
          : `SELECT 0 AS n`;
      return Number((await tables.run({ text: of, params: [] })).rows[0]?.n);
    };
    const before = await size();
    expect(await compactStore(tables, { ...KEEP_ALL, bodiesBefore: at(100) })).toMatchObject({ bodies: count });
    // PostgreSQL keeps the room for what comes next; it is no longer taken.
    if (engine === 'SQLite') expect(await size()).toBeLessThan(before / 2);
    expect(await store.counts()).toMatchObject({ messagesAccepted: count });
  });
});
