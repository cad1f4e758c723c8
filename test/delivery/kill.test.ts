import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { type Outbox, openOutbox, putDelivery, startPartner, stateOf, until, workerOf } from './outbox.ts';

let outbox: Outbox;
let child: ChildProcess | undefined;
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  outbox = await openOutbox();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await outbox.close();
});

function startWorkerProcess(url: string): ChildProcess {
  const file = join(import.meta.dirname, 'worker-process.ts');
  child = spawn(process.execPath, [file, outbox.folder, url], { stdio: ['ignore', 'ignore', 'inherit'] });
  return child;
}

function exitOf(process: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    process.once('exit', () => resolve());
  });
}

describe('a worker killed with kill -9 between sending and settling', () => {
  it('leads to one repeat of what was in hand, with the same id, in order, and never again after the yes', async () => {
    const ids = [await putDelivery(outbox), await putDelivery(outbox), await putDelivery(outbox)];
    let killed: Promise<void> | undefined;
    const council = await startPartner(async (id) => {
      // The partner has the second message, and will say yes to it: too late, its sender is dead.
      if (id === ids[1] && killed === undefined && child !== undefined) {
        killed = exitOf(child);
        child.kill('SIGKILL');
        await killed;
      }
      return 200;
    });
    cleanups.push(council.close);
    startWorkerProcess(council.url);
    await until(() => killed !== undefined);
    await killed;
    expect(council.ids).toEqual([ids[0], ids[1]]);
    expect((await stateOf(outbox, ids[0] ?? '')).state).toBe('delivered');
    expect(await stateOf(outbox, ids[1] ?? '')).toEqual({ state: 'pending', attempts: 0 });

    // Before the dead process's lease has run out, nobody else touches its lane.
    const worker = workerOf(outbox, council.url);
    outbox.clock.advance(Date.now() - outbox.clock.now().getTime());
    await worker.drain();
    expect(council.ids).toHaveLength(2);
    outbox.clock.advance(LIMITS.laneLeaseMs + 1_000);
    await worker.drain();
    await worker.drain();
    expect(council.ids).toEqual([ids[0], ids[1], ids[1], ids[2]]);
    for (const id of ids) expect((await stateOf(outbox, id)).state).toBe('delivered');
    expect(await outbox.store.counts()).toMatchObject({
      deliveriesPending: 0,
      deliveriesDelivered: 3,
      deliveriesDead: 0,
    });
  });
});
