import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import { runSql, startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { commitOf, sampleDelivery } from './support/samples.ts';

let server: TestPostgres;
const children: ChildProcess[] = [];
beforeAll(async () => {
  server = await startTestPostgres();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => server.stop());

interface Running {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly ended: Promise<unknown>;
  /** Resolves when it has printed so many lines. */
  printed(count: number): Promise<void>;
}

function start(script: string, ...args: string[]): Running {
  const file = join(import.meta.dirname, 'support', script);
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  return {
    child,
    lines,
    ended: Promise.all([once(child, 'exit'), once(reader, 'close')]),
    printed: async (count) => {
      while (lines.length < count) await once(reader, 'line');
    },
  };
}

describe('several processes and one PostgreSQL database', () => {
  it('make the store at the same moment, and lose nothing acknowledged when they are killed', async () => {
    const url = await server.createBareDatabase();
    const writers = ['one', 'two', 'three'].map((prefix) => start('commit-until-killed.ts', url, prefix));
    await Promise.all(
      writers.map(async ({ printed, child, ended }) => {
        await printed(150);
        child.kill('SIGKILL');
        await ended;
        expect(child.signalCode).toBe('SIGKILL');
      }),
    );
    const store = await openPostgresStore({ url });
    const acknowledged = writers.flatMap(({ lines }) => lines);
    for (const name of acknowledged) {
      expect(await store.read('ServiceRequest', `r-${name}`), name).toMatchObject({ version: 1 });
      expect(await store.messageBody(`m-${name}`), name).toBeDefined();
      expect(await store.delivery(`d-${name}`), name).toMatchObject({ state: 'pending' });
    }
    // What was committed and not yet acknowledged may be there, but then it is there whole.
    const counts = await store.counts();
    expect(counts.resources).toBeGreaterThanOrEqual(acknowledged.length);
    expect(counts.messagesAccepted).toBe(counts.resources);
    expect(counts.deliveriesPending).toBe(counts.resources);
    const [audited] = await runSql(url, 'SELECT count(DISTINCT id)::int AS n FROM audit');
    expect(audited?.n).toBe(counts.resources);
    await store.close();
  });

  it('let exactly one of fifty conditional creates through', async () => {
    const url = await server.takeDatabase();
    const creators = ['one', 'two'].map((prefix) => start('create-once.ts', url, prefix));
    await Promise.all(creators.map(({ printed }) => printed(1)));
    for (const { child } of creators) child.stdin?.write('go\n');
    await Promise.all(creators.map(({ ended }) => ended));
    const results = creators.flatMap(({ lines }) => lines.slice(1));
    expect(results).toHaveLength(50);
    expect(results.filter((result) => result === 'made')).toHaveLength(1);
    expect(results.filter((result) => result === 'identifier')).toHaveLength(49);
    expect(await runSql(url, 'SELECT count(*)::int AS n FROM resource')).toEqual([{ n: 1 }]);
  });

  it('send every delivery in the order of its lane and never again after the yes, though one of three is killed', async () => {
    const url = await server.takeDatabase();
    await runSql(
      url,
      'CREATE TABLE sent (n BIGSERIAL PRIMARY KEY, delivery TEXT, owner TEXT, yes BOOLEAN, settled BIGINT)',
    );
    const store = await openPostgresStore({ url });
    const lanes = Array.from({ length: 40 }, (_, n) => `patient-${n}`);
    const enqueue = async (round: number): Promise<void> => {
      await Promise.all(
        lanes.map((lane, n) => {
          const partner = n % 3 === 0 ? 'council' : 'district-nurses';
          const delivery = sampleDelivery(`${lane}/${round}`, { lane, partner, createdAt: new Date().toISOString() });
          return store.commit(commitOf({ deliveries: [delivery] }));
        }),
      );
    };
    for (let round = 0; round < 10; round += 1) await enqueue(round);
    const workers = ['one', 'two', 'three'].map((owner) => start('send-until-empty.ts', url, owner, '1500'));
    await Promise.all(workers.map(({ printed }) => printed(1)));
    for (const { child } of workers) child.stdin?.write('go\n');
    // More comes in while they work, and the first of them dies in the middle of it.
    const sentByFirst = `SELECT count(*)::int AS n FROM sent WHERE owner = 'one'`;
    for (let n: unknown = 0; Number(n) < 20; n = (await runSql(url, sentByFirst))[0]?.n);
    workers[0]?.child.kill('SIGKILL');
    for (let round = 10; round < 20; round += 1) await enqueue(round);
    await Promise.all(workers.map(({ ended }) => ended));
    expect(workers.map(({ child }) => child.signalCode)).toEqual(['SIGKILL', null, null]);
    expect(await store.counts()).toMatchObject({
      deliveriesPending: 0,
      deliveriesDelivered: 800,
      deliveriesDead: 0,
    });
    await store.close();

    const sent = await runSql(url, 'SELECT n::int, delivery, owner, yes, settled::int FROM sent ORDER BY n');
    expect(new Set(sent.map(({ owner }) => owner))).toEqual(new Set(['one', 'two', 'three']));
    const repeats: unknown[] = [];
    for (const lane of lanes) {
      const ofLane = sent.filter(({ delivery }) => String(delivery).startsWith(`${lane}/`));
      const rounds = ofLane.map(({ delivery }) => Number(String(delivery).split('/')[1]));
      expect(rounds, `${lane} in order`).toEqual(rounds.toSorted((one, other) => one - other));
      for (const [at, row] of ofLane.entries()) {
        const before = ofLane.slice(0, at).filter(({ delivery }) => delivery === row.delivery);
        for (const earlier of before) {
          if (earlier.yes !== true) continue;
          // The partner has it already. Only the one that died may have left the yes unsaid.
          expect(earlier).toMatchObject({ owner: 'one', settled: null });
          repeats.push(row);
        }
      }
    }
    // It had eight lanes in hand at most.
    expect(repeats.length).toBeLessThanOrEqual(8);
  });
});
