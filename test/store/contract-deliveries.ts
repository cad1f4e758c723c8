import { describe, expect, it } from 'vitest';
import { issue } from '../../src/kernel/errors.ts';
import type { DeliverySettlement, NewDelivery, Store } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import { at, commitOf, sampleAudit, sampleDelivery } from './support/samples.ts';

const delivered = { kind: 'delivered', status: 200 } as const;
const refused = [issue('delivery-refused', 'The partner refused it.')];
const dead = { kind: 'dead', status: 422, issues: refused } as const;

function enqueue(store: Store, ...deliveries: NewDelivery[]) {
  return store.commit(commitOf({ deliveries }));
}

async function claim(store: Store, seconds: number, owner = 'one', limit = 10): Promise<string[]> {
  const claimed = await store.claimDeliveries({ owner, now: at(seconds), leaseUntil: at(seconds + 30), limit });
  return claimed.map(({ id }) => id);
}

function settle(store: Store, id: string, seconds: number, more: Partial<DeliverySettlement> = {}): Promise<boolean> {
  return store.settleDelivery({
    id,
    owner: 'one',
    at: at(seconds),
    outcome: delivered,
    durationMs: 12,
    audit: [],
    ...more,
  });
}

export function describeDeliveryContract(subject: Subject): void {
  describe('deliveries', () => {
    it('gives a delivery back as it was given, due from its creation', async () => {
      const { store } = subject();
      const given = sampleDelivery('d1', { messageId: 'm1' });
      await enqueue(store, given);
      expect(await store.delivery('d1')).toEqual({
        ...given,
        seq: expect.any(Number),
        state: 'pending',
        attempts: 0,
        nextAt: at(0),
        settledAt: null,
        lastIssues: [],
      });
      expect(await store.delivery('d2')).toBeUndefined();
      expect(await store.deliveryAttempts('d1')).toEqual([]);
    });

    it('keeps the order of a lane, one delivery at a time', async () => {
      const { store } = subject();
      await enqueue(store, sampleDelivery('d1'), sampleDelivery('d2'));
      await enqueue(store, sampleDelivery('d3'));
      const order: string[] = [];
      for (let turn = 0; turn < 4; turn += 1) {
        const claimed = await claim(store, turn);
        expect(await claim(store, turn, 'two')).toEqual([]);
        for (const id of claimed) {
          order.push(id);
          expect(await settle(store, id, turn)).toBe(true);
        }
      }
      expect(order).toEqual(['d1', 'd2', 'd3']);
      expect(await store.nextDeliveryAt()).toBeUndefined();
      expect(await store.counts()).toMatchObject({ deliveriesPending: 0, deliveriesDelivered: 3 });
      expect(await store.delivery('d1')).toMatchObject({
        state: 'delivered',
        attempts: 1,
        nextAt: null,
        settledAt: at(0),
      });
    });

    it('claims lanes apart from each other, by partner and by patient', async () => {
      const { store } = subject();
      await enqueue(
        store,
        sampleDelivery('d1', { lane: 'patient-1' }),
        sampleDelivery('d2', { lane: 'patient-1' }),
        sampleDelivery('d3', { lane: 'patient-2' }),
        sampleDelivery('d4', { lane: 'patient-1', partner: 'council' }),
      );
      expect(await claim(store, 1)).toEqual(['d1', 'd3', 'd4']);
    });

    it('keeps a failed head at the head until its time has come', async () => {
      const { store } = subject();
      await enqueue(store, sampleDelivery('d1'), sampleDelivery('d2'));
      await claim(store, 0);
      const retry = { kind: 'retry', nextAt: at(60), status: 503, issues: refused } as const;
      expect(await settle(store, 'd1', 1, { outcome: retry })).toBe(true);
      expect(await store.delivery('d1')).toMatchObject({
        state: 'pending',
        attempts: 1,
        nextAt: at(60),
        settledAt: null,
        lastIssues: refused,
      });
      expect(await store.nextDeliveryAt()).toBe(at(60));
      expect(await claim(store, 59)).toEqual([]);
      expect(await claim(store, 60)).toEqual(['d1']);
    });

    it('blocks only the lane whose head is dead', async () => {
      const { store } = subject();
      await enqueue(store, sampleDelivery('d1'), sampleDelivery('d2'), sampleDelivery('d3', { lane: 'patient-2' }));
      expect(await claim(store, 0)).toEqual(['d1', 'd3']);
      await settle(store, 'd1', 1, { outcome: dead });
      await settle(store, 'd3', 1);
      expect(await claim(store, 1_000)).toEqual([]);
      expect(await store.nextDeliveryAt()).toBeUndefined();
      expect(await store.delivery('d1')).toMatchObject({ state: 'dead', settledAt: at(1), lastIssues: refused });
      expect(await store.counts()).toMatchObject({ deliveriesPending: 1, deliveriesDelivered: 1, deliveriesDead: 1 });
      await enqueue(store, sampleDelivery('d4'), sampleDelivery('d5', { lane: 'patient-2' }));
      expect(await claim(store, 1_001)).toEqual(['d5']);
    });

    it('tries a dead delivery again from the first attempt, before what waits behind it', async () => {
      const { store } = subject();
      await enqueue(store, sampleDelivery('d1'), sampleDelivery('d2'));
      await claim(store, 0);
      await settle(store, 'd1', 1, { outcome: dead });
      expect(await store.reviveDelivery('d1', 'retry', at(10))).toBe(true);
      expect(await store.reviveDelivery('d1', 'retry', at(10))).toBe(false);
      expect(await store.nextDeliveryAt()).toBe(at(10));
      expect(await store.delivery('d1')).toMatchObject({
        state: 'pending',
        attempts: 0,
        nextAt: at(10),
        settledAt: null,
      });
      expect(await claim(store, 10)).toEqual(['d1']);
      await settle(store, 'd1', 11);
      expect(await claim(store, 11)).toEqual(['d2']);
      const attempts = await store.deliveryAttempts('d1');
      expect(attempts).toEqual([
        { number: 1, at: at(1), outcome: 'dead', status: 422, durationMs: 12, issues: refused },
        { number: 2, at: at(11), outcome: 'delivered', status: 200, durationMs: 12, issues: [] },
      ]);
    });

    it('passes over a dead delivery, and forgets the lane when nothing is behind it', async () => {
      const { store } = subject();
      await enqueue(store, sampleDelivery('d1'), sampleDelivery('d2'));
      await claim(store, 0);
      await settle(store, 'd1', 1, { outcome: dead });
      expect(await store.reviveDelivery('d1', 'skip', at(10))).toBe(true);
      expect(await claim(store, 10)).toEqual(['d2']);
      await settle(store, 'd2', 11, { outcome: dead });
      expect(await store.reviveDelivery('d2', 'skip', at(12))).toBe(true);
      expect(await store.reviveDelivery('d2', 'skip', at(12))).toBe(false);
      expect(await store.reviveDelivery('d3', 'retry', at(12))).toBe(false);
      expect(await store.nextDeliveryAt()).toBeUndefined();
      expect(await store.counts()).toMatchObject({
        deliveriesPending: 0,
        deliveriesDelivered: 0,
        deliveriesDead: 0,
        deliveriesSkipped: 2,
      });
      await enqueue(store, sampleDelivery('d4', { createdAt: at(20) }));
      expect(await claim(store, 20)).toEqual(['d4']);
    });

    it('gives a lane to another owner when the lease has ended, and heeds the first no more', async () => {
      const { store } = subject();
      await enqueue(store, sampleDelivery('d1'), sampleDelivery('d2'));
      expect(await claim(store, 0, 'one')).toEqual(['d1']);
      expect(await claim(store, 29, 'two')).toEqual([]);
      expect(await store.nextDeliveryAt()).toBe(at(30));
      expect(await claim(store, 30, 'two')).toEqual(['d1']);
      expect(await settle(store, 'd1', 31, { owner: 'one', audit: [sampleAudit('a1')] })).toBe(false);
      expect(await store.delivery('d1')).toMatchObject({ state: 'pending', attempts: 0 });
      expect(await store.deliveryAttempts('d1')).toEqual([]);
      expect(await store.audit()).toEqual([]);
      expect(await settle(store, 'd1', 32, { owner: 'two', audit: [sampleAudit('a2')] })).toBe(true);
      expect((await store.audit()).map(({ id }) => id)).toEqual(['a2']);
    });

    it('still records an attempt that outlived its lease while nobody else took the lane', async () => {
      const { store } = subject();
      await enqueue(store, sampleDelivery('d1'));
      await claim(store, 0);
      expect(await settle(store, 'd1', 100)).toBe(true);
    });

    it('records nothing for a delivery that is settled, not claimed, or not the head of its lane', async () => {
      const { store } = subject();
      await enqueue(store, sampleDelivery('d1'), sampleDelivery('d2'), sampleDelivery('d3'));
      expect(await settle(store, 'd1', 0)).toBe(false);
      await claim(store, 0);
      expect(await settle(store, 'd2', 0)).toBe(false);
      expect(await settle(store, 'd1', 0)).toBe(true);
      expect(await settle(store, 'd1', 0)).toBe(false);
      expect(await settle(store, 'd2', 0)).toBe(false);
      expect(await settle(store, 'd9', 0)).toBe(false);
      expect(await store.counts()).toMatchObject({ deliveriesPending: 2, deliveriesDelivered: 1 });
    });

    it('never gives two owners the same lane', async () => {
      const { store, second } = subject();
      const other = await second();
      const all = Array.from({ length: 40 }, (_, n) => sampleDelivery(`d${n}`, { lane: `patient-${n}` }));
      await enqueue(store, ...all);
      const claimed = await Promise.all(
        Array.from({ length: 20 }, (_, n) => claim(n % 2 === 0 ? store : other, 1, `owner-${n}`, 3)),
      );
      const ids = claimed.flat();
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toHaveLength(40);
    });

    it('shares a claim out among partners, so that one with a long queue does not hold up the others', async () => {
      const { store } = subject();
      const long = Array.from({ length: 50 }, (_, n) => sampleDelivery(`long-${n}`, { lane: `patient-${n}` }));
      await enqueue(store, ...long);
      await enqueue(
        store,
        sampleDelivery('short-1', { partner: 'council', lane: 'patient-1', createdAt: at(5) }),
        sampleDelivery('short-2', { partner: 'council', lane: 'patient-2', createdAt: at(5) }),
        sampleDelivery('other-1', { partner: 'pharmacy', createdAt: at(5) }),
      );
      const claimed = await claim(store, 10, 'one', 9);
      expect(claimed).toHaveLength(9);
      expect(claimed.filter((id) => !id.startsWith('long'))).toEqual(['short-1', 'short-2', 'other-1']);
    });

    it('claims the lanes that have waited longest first', async () => {
      const { store } = subject();
      for (const [id, seconds] of [
        ['late', 3],
        ['early', 1],
        ['middle', 2],
      ] as const) {
        await enqueue(store, sampleDelivery(id, { lane: id, createdAt: at(seconds) }));
      }
      expect(await claim(store, 10, 'one', 1)).toEqual(['early']);
      expect(await claim(store, 10, 'one', 1)).toEqual(['middle']);
      expect(await claim(store, 2, 'one', 1)).toEqual([]);
    });

    it('holds back a partner that is paused or left alone, and no other', async () => {
      const { store } = subject();
      await enqueue(store, sampleDelivery('d1'), sampleDelivery('c1', { partner: 'council' }));
      const partner = 'district-nurses';
      await store.setPartnerState({ partner, paused: true, openUntil: null });
      expect(await claim(store, 1)).toEqual(['c1']);
      await settle(store, 'c1', 1);
      expect(await store.nextDeliveryAt()).toBeUndefined();
      await store.setPartnerState({ partner, paused: false, openUntil: at(60) });
      expect(await claim(store, 59)).toEqual([]);
      expect(await store.nextDeliveryAt()).toBe(at(60));
      expect(await claim(store, 60)).toEqual(['d1']);
    });

    it('lists deliveries newest first, by partner, state and message, up to the limit', async () => {
      const { store } = subject();
      await enqueue(
        store,
        sampleDelivery('d1', { lane: 'a', messageId: 'm1' }),
        sampleDelivery('d2', { lane: 'b', messageId: 'm1', partner: 'council' }),
        sampleDelivery('d3', { lane: 'c', messageId: 'm2' }),
        sampleDelivery('d4', { lane: 'd', messageId: 'm2' }),
      );
      await claim(store, 0);
      await settle(store, 'd1', 1, { outcome: dead });
      await settle(store, 'd3', 1);
      const ids = async (filter?: Parameters<typeof store.deliveries>[0]) =>
        (await store.deliveries(filter)).map(({ id }) => id);
      expect(await ids()).toEqual(['d4', 'd3', 'd2', 'd1']);
      expect(await ids({ limit: 1 })).toEqual(['d4']);
      expect(await ids({ partner: 'council' })).toEqual(['d2']);
      expect(await ids({ state: 'pending' })).toEqual(['d4', 'd2']);
      expect(await ids({ state: 'dead' })).toEqual(['d1']);
      expect(await ids({ state: 'delivered' })).toEqual(['d3']);
      expect(await ids({ messageId: 'm1', partner: 'district-nurses' })).toEqual(['d1']);
    });

    it('brings a leased lane back after a restart', async () => {
      const { store, reopen } = subject();
      await enqueue(store, sampleDelivery('d1'));
      await claim(store, 0);
      const again = await reopen();
      expect(await claim(again, 1, 'two')).toEqual([]);
      expect(await claim(again, 30, 'two')).toEqual(['d1']);
    });
  });
}
