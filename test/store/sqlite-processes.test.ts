import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';

const SCRIPT = join(import.meta.dirname, 'support/commit-until-killed.ts');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ginnel-store-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Writer {
  readonly child: ChildProcess;
  readonly acknowledged: string[];
  readonly ended: Promise<unknown>;
}

/** Starts a process that commits; it is killed once it has printed `killAfter` names, or never. */
function startWriter(prefix: string, killAfter: number): Writer {
  const child = spawn(process.execPath, [SCRIPT, folder, prefix], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    acknowledged.push(line);
    if (acknowledged.length === killAfter) child.kill('SIGKILL');
  });
  return { child, acknowledged, ended: Promise.all([once(child, 'exit'), once(lines, 'close')]) };
}

describe('several processes and one store', () => {
  it('loses nothing acknowledged when a process is killed in the middle of committing', async () => {
    const acknowledged: string[] = [];
    for (const [round, killAfter] of [20, 150, 400].entries()) {
      const writer = startWriter(`round${round}`, killAfter);
      await writer.ended;
      expect(writer.child.signalCode).toBe('SIGKILL');
      acknowledged.push(...writer.acknowledged);
    }
    const store = openSqliteStore({ folder });
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
    const audited = [];
    for (let afterSeq = 0; ; ) {
      const page = await store.audit({ afterSeq, limit: 1_000 });
      audited.push(...page.map(({ id }) => id));
      if (page.length < 1_000) break;
      afterSeq = page.at(-1)?.seq ?? 0;
    }
    expect(new Set(audited).size).toBe(counts.resources);
    expect(audited).toEqual(expect.arrayContaining(acknowledged.map((name) => `a-${name}`)));
    await store.close();
  });

  it('lets several processes make the store at the same moment and write side by side', async () => {
    // They all wait for this lock on the empty file, and start together when it goes.
    const gate = new DatabaseSync(join(folder, 'ginnel.db'));
    gate.exec('BEGIN EXCLUSIVE');
    const writers = ['one', 'two', 'three', 'four'].map((prefix) => startWriter(prefix, 100));
    await setTimeout(1_000);
    gate.exec('ROLLBACK');
    gate.close();
    await Promise.all(writers.map(({ ended }) => ended));
    const store = openSqliteStore({ folder });
    for (const { child, acknowledged } of writers) {
      expect(child.signalCode).toBe('SIGKILL');
      for (const name of acknowledged) expect(await store.read('ServiceRequest', `r-${name}`), name).toBeDefined();
    }
    await store.close();
  });
});
