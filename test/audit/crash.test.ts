import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyTrail } from '../../src/audit/verify-trail.ts';
import { loadDemoKey } from '../../src/auth/demo-clients.ts';
import { requestToken } from '../../src/auth/request-token.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import { freePort } from '../support/free-port.ts';
import { EXAMPLE, eventually } from '../support/test-gateway.ts';

/** A real gateway process is killed with SIGKILL while it answers searches, whose audit is batched. */
describe('the audit of a gateway that was killed', () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'ginnel-crash-'));
  /** Correlation ids, with the time at which the answer was here. */
  const answered = new Map<string, number>();
  let child: ChildProcess;
  let baseUrl = '';
  let killedAt = 0;

  async function start(): Promise<void> {
    const port = await freePort();
    baseUrl = `http://localhost:${port}`;
    child = spawn(process.execPath, [resolve(import.meta.dirname, '../../bin/ginnel.js'), 'serve', '--no-demo'], {
      env: {
        ...process.env,
        GINNEL_CONFIG: EXAMPLE,
        GINNEL_DATA: dataFolder,
        DATABASE_URL: '',
        PORT: String(port),
        MLLP_PORT: String(await freePort()),
        LOG_LEVEL: 'silent',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await eventually(async () => {
      const ready = await fetch(`${baseUrl}/health/ready`).catch(() => undefined);
      return ready?.ok ? true : undefined;
    }, 20_000);
  }

  async function kill(): Promise<void> {
    killedAt = performance.now();
    const ended = new Promise((settle) => child.once('exit', settle));
    child.kill('SIGKILL');
    await ended;
  }

  async function searchUntil(over: () => boolean): Promise<void> {
    const key = await loadDemoKey(dataFolder, 'neighbourhood-viewer');
    if (key === undefined) throw new Error('the gateway made no demo key');
    const tokenUrl = `${baseUrl}/auth/token`;
    const token = await requestToken({ tokenUrl, clientId: 'neighbourhood-viewer', key, scope: 'system/CarePlan.rs' });
    if (!token.ok) throw new Error('no token');
    const headers = { Authorization: `Bearer ${token.value.accessToken}` };
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!over()) {
          const correlation = crypto.randomUUID();
          const answer = await fetch(`${baseUrl}/fhir/CarePlan?status=active`, {
            headers: { ...headers, 'X-Correlation-Id': correlation },
          }).catch(() => undefined);
          if (answer?.ok) answered.set(correlation, performance.now());
        }
      }),
    );
  }

  beforeAll(async () => {
    await start();
    const end = performance.now() + 2_500;
    const searching = searchUntil(() => child.killed);
    await eventually(() => (performance.now() > end && answered.size > 50 ? true : undefined), 20_000);
    await kill();
    await searching;
  }, 40_000);
  afterAll(() => rmSync(dataFolder, { recursive: true, force: true }));

  async function readAll(): Promise<string> {
    const store = openSqliteStore({ folder: dataFolder });
    const trail: string[] = [];
    for (let afterSeq = 0; ; ) {
      const stretch = await store.audit({ afterSeq, limit: LIMITS.storeListMax });
      trail.push(...stretch.map(({ content }) => content));
      if (stretch.length < LIMITS.storeListMax) break;
      afterSeq = stretch.at(-1)?.seq ?? afterSeq;
    }
    await store.close();
    return trail.join('\n');
  }

  async function verify(): Promise<number> {
    const store = openSqliteStore({ folder: dataFolder });
    const report = await verifyTrail(store, ({ text }) => expect.unreachable(text));
    await store.close();
    expect(report.problems).toBe(0);
    return report.segments;
  }

  it('holds every read that was answered well before the end', async () => {
    // The bound is a tenth of this; the rest is for a machine that is busy with other tests.
    const early = [...answered].filter(([, at]) => at < killedAt - 10 * LIMITS.auditDelayMsMax);
    expect(early.length).toBeGreaterThan(0);
    const trail = await readAll();
    expect(early.filter(([correlation]) => !trail.includes(correlation))).toEqual([]);
  });

  it('is a whole chain, goes on as one with the next start, and loses nothing in an orderly stop', async () => {
    const before = await verify();
    answered.clear();
    await start();
    await searchUntil(() => answered.size > 5);
    const ended = new Promise((settle) => child.once('exit', settle));
    child.kill('SIGTERM');
    await ended;
    expect(await verify()).toBe(before + 1);
    const trail = await readAll();
    for (const correlation of answered.keys()) expect(trail).toContain(correlation);
  }, 40_000);
});
