import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { issue } from '../../src/kernel/errors.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { failure } from '../../src/kernel/result.ts';
import type { Store } from '../../src/store/store.ts';
import { listen } from './listening.ts';
import {
  type Outbox,
  openOutbox,
  type PartnerAnswer,
  putDelivery,
  startPartner,
  stateOf,
  TELLING,
  type TestPartner,
  until,
  workerOf,
} from './outbox.ts';

let outbox: Outbox;
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  outbox = await openOutbox();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await outbox.close();
});

async function partner(
  answer: (id: string, time: number) => PartnerAnswer | Promise<PartnerAnswer> = () => 200,
): Promise<TestPartner> {
  const started = await startPartner(answer);
  cleanups.push(started.close);
  return started;
}

async function issueCodesOf(id: string): Promise<string[]> {
  return (await outbox.store.delivery(id))?.lastIssues.map(({ code }) => code) ?? [];
}

describe('the delivery worker', () => {
  it('delivers what the outbox holds, once, and records the attempt with its audit event', async () => {
    const council = await partner();
    const id = await putDelivery(outbox);
    const worker = workerOf(outbox, council.url);
    await worker.drain();
    await worker.drain();
    expect(council.ids).toEqual([id]);
    expect(await stateOf(outbox, id)).toEqual({ state: 'delivered', attempts: 1 });
    expect(await outbox.store.deliveryAttempts(id)).toMatchObject([{ number: 1, outcome: 'delivered', status: 200 }]);
    expect((await outbox.store.audit()).map(({ content }) => content)).toEqual([`delivered ${id}`]);
  });

  it('keeps the order of a lane when its head fails twice, and says the same id each time', async () => {
    let failures = 2;
    const council = await partner(() => (failures-- > 0 ? 500 : 200));
    const ids = [await putDelivery(outbox), await putDelivery(outbox), await putDelivery(outbox)];
    const worker = workerOf(outbox, council.url);
    for (let round = 0; round < 3; round += 1) {
      await worker.drain();
      outbox.clock.advance(10_000);
    }
    expect(council.ids).toEqual([ids[0], ids[0], ids[0], ids[1], ids[2]]);
    expect(await stateOf(outbox, ids[0] ?? '')).toEqual({ state: 'delivered', attempts: 3 });
  });

  it('does not hold up another patient, or the same patient at another partner, behind a failing head', async () => {
    let poisoned = '';
    const council = await partner((id) => (id === poisoned ? 503 : 200));
    poisoned = await putDelivery(outbox, { patient: 'p1' });
    const behind = await putDelivery(outbox, { patient: 'p1' });
    const other = await putDelivery(outbox, { patient: 'p2' });
    const elsewhere = await putDelivery(outbox, { patient: 'p1', partner: 'equipment' });
    await workerOf(outbox, council.url).drain();
    expect((await stateOf(outbox, behind)).state).toBe('pending');
    expect((await stateOf(outbox, other)).state).toBe('delivered');
    expect((await stateOf(outbox, elsewhere)).state).toBe('delivered');
    expect(council.ids).not.toContain(behind);
  });

  it('waits as long as the backoff says, and as long as the partner asks', async () => {
    const council = await partner((_, time) => (time === 1 ? 500 : { status: 429, headers: { 'Retry-After': '30' } }));
    const id = await putDelivery(outbox);
    const worker = workerOf(outbox, council.url);
    const nextInMs = async () =>
      Date.parse((await outbox.store.delivery(id))?.nextAt ?? '') - outbox.clock.now().getTime();
    await worker.drain();
    expect(await nextInMs()).toBe(999);
    outbox.clock.advance(998);
    await worker.drain();
    expect(council.ids).toHaveLength(1);
    outbox.clock.advance(1);
    await worker.drain();
    expect(council.ids).toHaveLength(2);
    expect(await nextInMs()).toBe(30_000);
    expect(await issueCodesOf(id)).toEqual(['delivery-throttled']);
  });

  it('is dead after the last attempt, blocks its lane, and goes on when an operator says retry or skip', async () => {
    let down = true;
    const council = await partner(() => (down ? 500 : 200));
    const first = await putDelivery(outbox);
    const second = await putDelivery(outbox);
    const worker = workerOf(outbox, council.url, { rules: { attemptsMax: 3 } });
    const pass = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round += 1) {
        await worker.drain();
        outbox.clock.advance(60_000);
      }
    };
    await pass(5);
    expect(await stateOf(outbox, first)).toEqual({ state: 'dead', attempts: 3 });
    expect(await issueCodesOf(first)).toEqual(['delivery-server-error', 'delivery-attempts-exhausted']);
    expect(council.ids).toEqual([first, first, first]);

    expect(await outbox.store.reviveDelivery(first, 'retry', outbox.clock.now().toISOString())).toBe(true);
    await pass(5);
    expect(await stateOf(outbox, first)).toMatchObject({ state: 'dead' });
    expect(council.ids).toHaveLength(6);
    expect(council.ids).not.toContain(second);

    expect(await outbox.store.reviveDelivery(first, 'skip', outbox.clock.now().toISOString())).toBe(true);
    down = false;
    await pass(1);
    expect((await stateOf(outbox, first)).state).toBe('skipped');
    expect((await stateOf(outbox, second)).state).toBe('delivered');
  });

  it.each([
    [400, 'delivery-refused'],
    [422, 'delivery-refused'],
    [302, 'delivery-refused'],
  ])('is dead at once when the partner answers %i', async (status, code) => {
    const council = await partner(() => ({ status, headers: { Location: 'http://elsewhere.example/' } }));
    const id = await putDelivery(outbox);
    await workerOf(outbox, council.url).drain();
    expect(await stateOf(outbox, id)).toEqual({ state: 'dead', attempts: 1 });
    expect(await issueCodesOf(id)).toEqual([code]);
  });

  it('is dead at once when the address is private and the channel does not allow it', async () => {
    const council = await partner();
    const id = await putDelivery(outbox);
    await workerOf(outbox, council.url, { channel: { privateAddress: false } }).drain();
    expect(await stateOf(outbox, id)).toEqual({ state: 'dead', attempts: 1 });
    expect(await issueCodesOf(id)).toEqual(['delivery-address-refused']);
    expect(council.ids).toEqual([]);
  });

  it('is dead at once when the mapping fails, and nothing is sent', async () => {
    const council = await partner();
    const id = await putDelivery(outbox);
    const mapping = {
      ...TELLING,
      run: () => failure(issue('code-unmapped', 'No such code.', { mapping: 'm.yaml:3:1' })),
    };
    await workerOf(outbox, council.url, { mapping }).drain();
    expect(await stateOf(outbox, id)).toEqual({ state: 'dead', attempts: 1 });
    expect((await outbox.store.delivery(id))?.lastIssues[0]).toMatchObject({
      code: 'code-unmapped',
      mapping: 'm.yaml:3:1',
    });
    expect(council.ids).toEqual([]);
  });

  it('is dead at once when the configuration no longer has the partner or the channel', async () => {
    const council = await partner();
    const noPartner = await putDelivery(outbox, { partner: 'gone' });
    const noChannel = await putDelivery(outbox, { channel: 'gone' });
    await workerOf(outbox, council.url).drain();
    expect(await issueCodesOf(noPartner)).toEqual(['partner-unknown']);
    expect(await issueCodesOf(noChannel)).toEqual(['channel-unknown']);
  });

  it('takes a yes as a yes even when its body drips past the deadline', async () => {
    let timer: NodeJS.Timeout | undefined;
    const dripping = await listen((_, response) => {
      response.writeHead(200);
      timer = setInterval(() => response.write('.'), 20);
    });
    cleanups.push(dripping.close, () => clearInterval(timer));
    const id = await putDelivery(outbox);
    const startedAt = performance.now();
    await workerOf(outbox, dripping.url, { rules: { timeoutMs: 200 } }).drain();
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect((await stateOf(outbox, id)).state).toBe('delivered');
  });

  it('tries again when a partner does not answer in time', async () => {
    const silent = await listen(() => {});
    cleanups.push(silent.close);
    const id = await putDelivery(outbox);
    await workerOf(outbox, silent.url, { rules: { timeoutMs: 100 } }).drain();
    expect(await stateOf(outbox, id)).toEqual({ state: 'pending', attempts: 1 });
    expect(await issueCodesOf(id)).toEqual(['delivery-timeout']);
  });

  it('has at most so many in hand, and never two of one lane', async () => {
    const now = new Map<string, number>();
    let atOnce = 0;
    let mostAtOnce = 0;
    let mostOfOneLane = 0;
    const laneOf = new Map<string, string>();
    const council = await partner(async (id) => {
      const lane = laneOf.get(id) ?? '';
      atOnce += 1;
      now.set(lane, (now.get(lane) ?? 0) + 1);
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      mostOfOneLane = Math.max(mostOfOneLane, now.get(lane) ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 5));
      atOnce -= 1;
      now.set(lane, (now.get(lane) ?? 0) - 1);
      return 200;
    });
    for (let at = 0; at < 90; at += 1) {
      const patient = `p${at % 30}`;
      laneOf.set(await putDelivery(outbox, { patient }), patient);
    }
    const worker = workerOf(outbox, council.url);
    await Promise.all([worker.drain(), worker.drain()]);
    expect(new Set(council.ids).size).toBe(90);
    expect(council.ids).toHaveLength(90);
    expect(mostOfOneLane).toBe(1);
    expect(mostAtOnce).toBeGreaterThan(1);
    expect(mostAtOnce).toBeLessThanOrEqual(LIMITS.deliveryConcurrencyMax);
    for (const lane of new Set(laneOf.values())) {
      const sent = council.ids.filter((id) => laneOf.get(id) === lane);
      expect(sent).toEqual(sent.toSorted());
    }
  });

  it('never writes a value of the message to the log', async () => {
    const council = await partner(() => 422);
    await putDelivery(outbox, { patient: 'Jean-9990000018' });
    await workerOf(outbox, council.url).drain();
    expect(outbox.logged.map(({ event }) => event)).toContain('delivery dead');
    expect(JSON.stringify(outbox.logged)).not.toContain('9990000018');
  });
});

describe('the running worker', () => {
  it('sends at once when it is woken, and finds what another process wrote by itself', async () => {
    const council = await partner();
    const worker = workerOf(outbox, council.url);
    worker.start();
    cleanups.push(worker.stop);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const woken = await putDelivery(outbox, { patient: 'p1' });
    const startedAt = performance.now();
    worker.wake();
    await until(() => council.ids.includes(woken));
    expect(performance.now() - startedAt).toBeLessThan(500);
    const unannounced = await putDelivery(outbox, { patient: 'p2' });
    await until(async () => (await stateOf(outbox, unannounced)).state === 'delivered');
  });

  it('works through a whole lane without waiting in between', async () => {
    const council = await partner();
    for (let at = 0; at < 20; at += 1) await putDelivery(outbox);
    const worker = workerOf(outbox, council.url);
    const startedAt = performance.now();
    worker.start();
    cleanups.push(worker.stop);
    await until(() => council.ids.length === 20);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('stops in the middle: finishes and records what is in hand, takes nothing new', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const council = await partner(async () => {
      await held;
      return 200;
    });
    const inHand = await putDelivery(outbox);
    const next = await putDelivery(outbox);
    const worker = workerOf(outbox, council.url);
    worker.start();
    await until(() => council.ids.length === 1);
    let stopped = false;
    const stopping = worker.stop().then(() => {
      stopped = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stopped).toBe(false);
    release();
    await stopping;
    expect((await stateOf(outbox, inHand)).state).toBe('delivered');
    expect(await stateOf(outbox, next)).toEqual({ state: 'pending', attempts: 0 });
  });

  it('gives up what takes too long to stop, which is then due at once and not dead, whatever its number', async () => {
    const silent = await listen(() => {});
    cleanups.push(silent.close);
    const id = await putDelivery(outbox);
    const worker = workerOf(outbox, silent.url, { rules: { attemptsMax: 1 }, worker: { shutdownMs: 300 } });
    worker.start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const startedAt = performance.now();
    await worker.stop();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect((await stateOf(outbox, id)).state).toBe('pending');
    expect(await issueCodesOf(id)).toEqual(['shutting-down']);
    const council = await partner();
    await workerOf(outbox, council.url).drain();
    expect((await stateOf(outbox, id)).state).toBe('delivered');
  });

  it('can be stopped without having been started', async () => {
    await workerOf(outbox, 'http://127.0.0.1:1').stop();
  });

  it('pauses when the store fails, and goes on by itself when it answers again', async () => {
    const council = await partner();
    const id = await putDelivery(outbox);
    let failures = 3;
    const failing: Pick<Store, 'claimDeliveries' | 'settleDelivery' | 'nextDeliveryAt'> = {
      claimDeliveries: (claim) =>
        failures-- > 0 ? Promise.reject(new Error('disk I/O error')) : outbox.store.claimDeliveries(claim),
      settleDelivery: (settlement) => outbox.store.settleDelivery(settlement),
      nextDeliveryAt: () => outbox.store.nextDeliveryAt(),
    };
    const worker = workerOf(outbox, council.url, { worker: { store: failing } });
    worker.start();
    cleanups.push(worker.stop);
    await until(async () => (await stateOf(outbox, id)).state === 'delivered');
    const pauses = outbox.logged.filter(({ event }) => event === 'delivery worker paused');
    expect(pauses).toHaveLength(3);
    const [first = 0, second = 0, third = 0] = pauses.map(({ fields }) => fields.delayMs);
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
    expect(JSON.stringify(pauses)).not.toContain('disk I/O');
  });

  it('settles again when the store fails just then, rather than send twice', async () => {
    const council = await partner();
    const id = await putDelivery(outbox);
    let failures = 2;
    const failing: Pick<Store, 'claimDeliveries' | 'settleDelivery' | 'nextDeliveryAt'> = {
      claimDeliveries: (claim) => outbox.store.claimDeliveries(claim),
      settleDelivery: (settlement) =>
        failures-- > 0 ? Promise.reject(new Error('database is locked')) : outbox.store.settleDelivery(settlement),
      nextDeliveryAt: () => outbox.store.nextDeliveryAt(),
    };
    await workerOf(outbox, council.url, { worker: { store: failing } }).drain();
    expect(await stateOf(outbox, id)).toEqual({ state: 'delivered', attempts: 1 });
    expect(council.ids).toEqual([id]);
  });

  it('logs and forgets an attempt whose lease was lost meanwhile', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const council = await partner(async (_, time) => {
      if (time === 1) await held;
      return 200;
    });
    const id = await putDelivery(outbox);
    const slow = workerOf(outbox, council.url).drain();
    await until(() => council.ids.length === 1);
    outbox.clock.advance(LIMITS.laneLeaseMs + 1);
    await workerOf(outbox, council.url).drain();
    expect(await stateOf(outbox, id)).toEqual({ state: 'delivered', attempts: 1 });
    release();
    await slow;
    expect(council.ids).toEqual([id, id]);
    expect(outbox.logged.map(({ event }) => event)).toContain('delivery lease lost: nothing recorded');
    expect(await outbox.store.deliveryAttempts(id)).toHaveLength(1);
  });
});
