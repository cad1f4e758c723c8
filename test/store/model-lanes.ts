import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeliveryState } from '../../src/store/store.ts';
import type { OpenedStore } from './contract.ts';
import { at, commitOf, sampleDelivery } from './support/samples.ts';

/** Lanes as plain lists: what the store must do, said in the simplest way. */
interface ModelDelivery {
  readonly id: string;
  readonly partner: string;
  readonly lane: string;
  state: DeliveryState;
  attempts: number;
}

interface ModelLane {
  readonly partner: string;
  readonly queue: ModelDelivery[];
  dueAt: number;
  owner: string | undefined;
}

type Step =
  | { readonly do: 'enqueue'; readonly partner: string; readonly lane: string; readonly count: number }
  | { readonly do: 'claim'; readonly owner: string; readonly limit: number }
  | {
      readonly do: 'settle';
      readonly owner: string;
      readonly pick: number;
      readonly outcome: 'delivered' | 'retry' | 'dead';
    }
  | { readonly do: 'revive'; readonly pick: number; readonly decision: 'retry' | 'skip' }
  | { readonly do: 'wait'; readonly seconds: number };

const LEASE = 30;
const owner = fc.constantFrom('one', 'two');
const pick = fc.nat(1_000);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('enqueue' as const),
      partner: fc.constantFrom('nurses', 'council'),
      lane: fc.constantFrom('a', 'b', 'c'),
      count: fc.integer({ min: 1, max: 3 }),
    }),
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('claim' as const), owner, limit: fc.integer({ min: 1, max: 7 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('settle' as const),
        owner,
        pick,
        outcome: fc.constantFrom('delivered' as const, 'delivered' as const, 'retry' as const, 'dead' as const),
      }),
    },
    fc.record({
      do: fc.constant('revive' as const),
      pick,
      decision: fc.constantFrom('retry' as const, 'skip' as const),
    }),
    fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 5, 40) }),
  ),
  { minLength: 5, maxLength: 60 },
);

export function describeLaneModel(open: () => Promise<OpenedStore>): void {
  describe('lanes against a model', () => {
    it('does with any sequence of steps what plain lists would do', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (sequence) => {
          const opened = await open();
          try {
            await runSteps(opened, sequence);
          } finally {
            await opened.dispose();
          }
        }),
        { numRuns: 60 },
      );
    }, 60_000);
  });
}

async function runSteps({ store }: OpenedStore, sequence: readonly Step[]): Promise<void> {
  const lanes = new Map<string, ModelLane>();
  const all: ModelDelivery[] = [];
  let now = 0;
  const laneOf = ({ partner, lane }: { partner: string; lane: string }) => lanes.get(`${partner} ${lane}`);
  const headOf = (lane: ModelLane) => lane.queue.find(({ state }) => state === 'pending');
  const isBlocked = (lane: ModelLane) => lane.queue.some(({ state }) => state === 'dead');
  const isOpen = (lane: ModelLane) => headOf(lane) !== undefined && !isBlocked(lane);

  for (const step of sequence) {
    switch (step.do) {
      case 'wait':
        now += step.seconds;
        break;
      case 'enqueue': {
        const made = Array.from({ length: step.count }, (_, n): ModelDelivery => {
          return { id: `d${all.length + n}`, partner: step.partner, lane: step.lane, state: 'pending', attempts: 0 };
        });
        const deliveries = made.map(({ id, partner, lane }) =>
          sampleDelivery(id, { partner, lane, createdAt: at(now) }),
        );
        expect(await store.commit(commitOf({ deliveries }))).toEqual({ ok: true });
        const lane = laneOf(step) ?? { partner: step.partner, queue: [], dueAt: now, owner: undefined };
        if (headOf(lane) === undefined && !isBlocked(lane)) {
          lane.dueAt = now;
          lane.owner = undefined;
        }
        lane.queue.push(...made);
        lanes.set(`${step.partner} ${step.lane}`, lane);
        all.push(...made);
        break;
      }
      case 'claim': {
        const due = [...lanes.values()].filter((lane) => isOpen(lane) && lane.dueAt <= now);
        const claimed = await store.claimDeliveries({
          owner: step.owner,
          now: at(now),
          leaseUntil: at(now + LEASE),
          limit: step.limit,
        });
        expect(claimed).toHaveLength(Math.min(step.limit, due.length));
        const heads = new Map(due.map((lane) => [headOf(lane)?.id, lane]));
        for (const { id } of claimed) {
          const lane = heads.get(id);
          expect(lane, `${id} is not the head of a due lane`).toBeDefined();
          if (lane === undefined) continue;
          heads.delete(id);
          lane.owner = step.owner;
          lane.dueAt = now + LEASE;
        }
        break;
      }
      case 'settle': {
        const target = all[step.pick % Math.max(all.length, 1)];
        const lane = target === undefined ? undefined : laneOf(target);
        if (target === undefined || lane === undefined) break;
        const { outcome } = step;
        const issues = [] as const;
        const settled = await store.settleDelivery({
          id: target.id,
          owner: step.owner,
          at: at(now),
          outcome:
            outcome === 'retry'
              ? { kind: outcome, nextAt: at(now + 10), status: 500, issues }
              : { kind: outcome, status: 200, issues },
          durationMs: 1,
          audit: [],
        });
        const may = lane.owner === step.owner && headOf(lane) === target && !isBlocked(lane);
        expect(settled).toBe(may);
        if (!may) break;
        target.attempts += 1;
        if (outcome !== 'retry') target.state = outcome;
        lane.owner = undefined;
        lane.dueAt = outcome === 'retry' ? now + 10 : now;
        break;
      }
      case 'revive': {
        const target = all[step.pick % Math.max(all.length, 1)];
        const lane = target === undefined ? undefined : laneOf(target);
        if (target === undefined || lane === undefined) break;
        const may = target.state === 'dead';
        expect(await store.reviveDelivery(target.id, step.decision, at(now))).toBe(may);
        if (!may) break;
        target.state = step.decision === 'skip' ? 'skipped' : 'pending';
        if (step.decision === 'retry') target.attempts = 0;
        lane.dueAt = now;
        break;
      }
    }
    const dueAt = [...lanes.values()].filter(isOpen).map((lane) => lane.dueAt);
    expect(await store.nextDeliveryAt()).toBe(dueAt.length === 0 ? undefined : at(Math.min(...dueAt)));
  }

  const stored = (await store.deliveries({ limit: 1_000 })).map(({ id, state, attempts }) => ({ id, state, attempts }));
  expect(stored.toReversed()).toEqual(all.map(({ id, state, attempts }) => ({ id, state, attempts })));
}
