import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GinnelError } from '../../src/kernel/errors.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { createLog } from '../../src/kernel/log.ts';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { freePort } from '../support/free-port.ts';
import { runSql, startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { commitNamed } from './support/named-commit.ts';
import { commitOf, sampleAudit, sampleMessage, sampleWrite, searchOf, token, tokenFilter } from './support/samples.ts';

let server: TestPostgres;
let url = '';
const stores: Store[] = [];
beforeAll(async () => {
  server = await startTestPostgres();
});
beforeEach(async () => {
  url = await server.takeDatabase();
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});
afterAll(() => server.stop());

async function open(options: Partial<Parameters<typeof openPostgresStore>[0]> = {}): Promise<Store> {
  const store = await openPostgresStore({ url, ...options });
  stores.push(store);
  return store;
}

async function faultOf(action: Promise<unknown>): Promise<GinnelError> {
  const fault = await action.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(fault instanceof GinnelError)) throw new Error('it did not fail as it should');
  return fault;
}

function nameOf(address: string): string {
  return new URL(address).pathname.slice(1);
}

/** Changes one part of the database's address. */
function addressWith(change: (address: URL) => void): string {
  const address = new URL(url);
  change(address);
  return address.href;
}

const unavailable = { issues: [{ code: 'store-unavailable' }] };
const unusable = { issues: [{ code: 'store-unusable' }] };

/** Holds a table's lock until it is told to let go. */
async function lock(table: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${table}`);
  return () => client.end();
}

describe('opening the PostgreSQL store', () => {
  it('records each migration with its hash, and applies none twice', async () => {
    await open();
    await open();
    const rows = await runSql(
      url,
      'SELECT number, name, length(hash) AS length, applied_at FROM migration ORDER BY number',
    );
    expect(rows.length).toBeGreaterThanOrEqual(5);
    expect(rows[0]).toMatchObject({ number: 1, name: 'resources', length: 64 });
  });

  it('makes the tables once, however many open it at the same moment', async () => {
    url = await server.createBareDatabase();
    await Promise.all(Array.from({ length: 8 }, () => open()));
    expect(await stores[7]?.commit(commitNamed('one'))).toEqual({ ok: true });
    expect(await stores[0]?.message('m-one')).toBeDefined();
  });

  it('refuses a store that is newer than itself, and one that was made by other migrations', async () => {
    await runSql(url, `INSERT INTO migration VALUES (999, 'of-the-future', 'x', '2030-01-01T00:00:00.000Z')`);
    const newer = await faultOf(open());
    expect(newer).toMatchObject(unusable);
    expect(newer.message).toContain('newer than this Ginnel: it has migration 999 (of-the-future)');
    await runSql(url, `DELETE FROM migration WHERE number = 999; UPDATE migration SET hash = 'x' WHERE number = 2`);
    expect(await faultOf(open())).toMatchObject(unusable);
  });

  it('refuses a database that does not flush what it acknowledges', async () => {
    await runSql(url, `ALTER DATABASE ${nameOf(url)} SET synchronous_commit = off`);
    const fault = await faultOf(open());
    expect(fault).toMatchObject(unusable);
    expect(fault.message).toContain('synchronous_commit');
  });

  it('says whether the server refuses us or does not answer, and never the password', async () => {
    const secret = 'hunter-of-snarks';
    const wrong = [
      {
        address: addressWith((to) => {
          to.username = 'stranger';
          to.password = secret;
        }),
        issues: unusable,
      },
      { address: addressWith((to) => (to.pathname = '/no_such_database')), issues: unusable },
    ];
    const port = await freePort();
    wrong.push({
      address: addressWith((to) => {
        to.password = secret;
        to.port = String(port);
      }),
      issues: unavailable,
    });
    for (const { address, issues } of wrong) {
      const fault = await faultOf(open({ url: address }));
      expect(fault).toMatchObject(issues);
      expect(inspect(fault, { depth: 10, showHidden: true })).not.toMatch(/hunter-of-snarks|in-tests-only/);
    }
  });
});

describe('the PostgreSQL store in use', () => {
  it('holds no more connections than it may', async () => {
    const store = await open({ connectionsMax: 3 });
    await Promise.all(Array.from({ length: 60 }, (_, n) => store.commit(commitNamed(`n${n}`))));
    const [counted] = await runSql(
      url,
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ginnel'`,
    );
    expect(counted?.n).toBe(3);
    expect(await store.counts()).toMatchObject({ resources: 60 });
  });

  it('goes on when another process has added a column under its prepared statements', async () => {
    const store = await open();
    await store.commit(commitNamed('one'));
    const before = await store.message('m-one');
    await runSql(url, 'ALTER TABLE message ADD COLUMN colour TEXT');
    expect(await store.message('m-one')).toEqual(before);
    expect(await store.commit(commitNamed('two'))).toEqual({ ok: true });
    await runSql(url, 'ALTER TABLE message DROP COLUMN colour');
    expect(await store.message('m-one')).toEqual(before);
  });

  it('answers that it is unavailable when a statement may not end, and serves the next', async () => {
    const store = await open({ url: addressWith((to) => to.searchParams.set('statement_timeout', '200')) });
    const release = await lock('version');
    expect(await faultOf(store.commit(commitNamed('one')))).toMatchObject(unavailable);
    await release();
    expect(await store.commit(commitNamed('one'))).toEqual({ ok: true });
  });

  it('tries again what a deadlock has undone', async () => {
    await runSql(url, `ALTER DATABASE ${nameOf(url)} SET deadlock_timeout = '100ms'`);
    const store = await open();
    const other = new Client({ connectionString: url });
    await other.connect();
    const insert = (id: string) =>
      other.query(
        `INSERT INTO version (type, id, version, last_updated, deleted, content)
          VALUES ('ServiceRequest', $1, 1, '2026-01-05T09:00:00.000Z', 0, '{}')`,
        [id],
      );
    await other.query('BEGIN');
    await insert('b');
    // It has a, and waits for b; the other has b and asks for a.
    const committed = store.commit(commitOf({ writes: [sampleWrite('a'), sampleWrite('b')], audit: [] }));
    await waitsForLock();
    const collided = insert('a');
    const outcome = await Promise.allSettled([collided]);
    await other.query(outcome[0]?.status === 'fulfilled' ? 'COMMIT' : 'ROLLBACK');
    await other.end();
    // Whichever of the two was undone, the commit was told what is so now.
    const expected = outcome[0]?.status === 'fulfilled' ? { ok: false, conflict: 'version' } : { ok: true };
    expect(await committed).toEqual(expected);
  });

  it('puts in what is derived from a resource again where a repair has just put it in', async () => {
    const store = await open();
    const index = [token('code', 'x')];
    await store.commit(commitOf({ writes: [sampleWrite('a', { index })], audit: [] }));
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query('BEGIN');
    await other.query(`DELETE FROM token WHERE type = 'ServiceRequest' AND id = 'a'`);
    await other.query(
      `INSERT INTO token (type, param, code, system, id) VALUES ('ServiceRequest', 'code', 'x', '', 'a')`,
    );
    const committed = store.commit(commitOf({ writes: [sampleWrite('a', { version: 2, index })], audit: [] }));
    await waitsForLock();
    await other.query('COMMIT');
    await other.end();
    expect(await committed).toEqual({ ok: true });
    expect((await store.search(searchOf([tokenFilter('code', 'x')]))).matches.map(({ id }) => id)).toEqual(['a']);
  });

  async function waitsForLock(): Promise<void> {
    for (let waiting: unknown = 0; waiting === 0; ) {
      const [counted] = await runSql(
        url,
        `SELECT count(*)::int AS n FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'ginnel' AND wait_event_type = 'Lock'`,
      );
      waiting = counted?.n;
    }
  }

  it('says of a key that PostgreSQL cannot index what is wrong with it', async () => {
    const store = await open();
    // Random, for PostgreSQL would compress what repeats itself.
    const key = Array.from({ length: 600 }, () => Math.random().toString(36).slice(2, 10)).join('');
    const commit = commitOf({ message: sampleMessage('m1', { key }), writes: [sampleWrite('r1')] });
    expect(await faultOf(store.commit(commit))).toMatchObject({ issues: [{ code: 'resource-invalid' }] });
    expect(await store.read('ServiceRequest', 'r1')).toBeUndefined();
  });

  it('lets nothing of what PostgreSQL says about keys into an error or the log', async () => {
    const stream = new PassThrough();
    const store = await open({ log: createLog({ level: 'debug', pretty: false, stream }) });
    const twice = [sampleAudit('9990000018'), sampleAudit('9990000018')];
    const fault = await faultOf(store.commit(commitOf({ audit: twice })));
    expect(fault).toMatchObject({ issues: [{ code: 'internal-error' }] });
    expect(inspect(fault, { depth: 10, showHidden: true })).not.toContain('9990000018');
    const logged = String(stream.read());
    expect(logged).toContain('23505');
    expect(logged).not.toContain('9990000018');
  });

  it('finishes what it has accepted before it closes, and refuses more than may wait', async () => {
    const store = await open();
    const asked = LIMITS.storeQueueMax + 10;
    const outcomes = Promise.allSettled(
      Array.from({ length: asked }, (_, n) =>
        store.setPartnerState({ partner: `p${n}`, paused: true, openUntil: null }),
      ),
    );
    await Promise.all([store.close(), store.close()]);
    expect((await outcomes).filter(({ status }) => status === 'rejected')).toHaveLength(10);
    expect(await runSql(url, 'SELECT count(*)::int AS n FROM partner_state')).toEqual([{ n: LIMITS.storeQueueMax }]);
  });
});

describe('a PostgreSQL server that goes away', () => {
  /** Keeps committing until it is told to stop; what failed must have failed as unavailable. */
  function keepCommitting(store: Store): { stop(): Promise<{ acknowledged: string[]; failed: GinnelError[] }> } {
    let stopped = false;
    const acknowledged: string[] = [];
    const failed: GinnelError[] = [];
    const clients = Array.from({ length: 6 }, async (_, client) => {
      for (let n = 0; !stopped; n += 1) {
        const name = `${client}-${n}`;
        try {
          await store.commit(commitOf({ message: sampleMessage(name), writes: [sampleWrite(name)] }));
          acknowledged.push(name);
        } catch (fault) {
          if (!(fault instanceof GinnelError)) throw fault;
          failed.push(fault);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    });
    return {
      stop: async () => {
        stopped = true;
        await Promise.all(clients);
        return { acknowledged, failed };
      },
    };
  }

  async function expectKept(store: Store, acknowledged: readonly string[]): Promise<void> {
    expect(acknowledged.length).toBeGreaterThan(0);
    for (const name of acknowledged) expect(await store.read('ServiceRequest', name), name).toBeDefined();
    const { resources, messagesAccepted } = await store.counts();
    expect(resources).toBe(messagesAccepted);
  }

  it('costs those whose connections are cut an unavailable store, and nobody else', async () => {
    const store = await open();
    const committing = keepCommitting(store);
    for (let round = 0; round < 5; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await runSql(
        url,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'ginnel'`,
      );
    }
    const { acknowledged, failed } = await committing.stop();
    for (const fault of failed) expect(fault).toMatchObject(unavailable);
    await expectKept(store, acknowledged);
  });

  it('is missed while it restarts, and found again when it is back', async (context) => {
    if (server.restart === undefined) context.skip('The server of DATABASE_URL_TEST is not ours to restart.');
    const store = await open();
    await store.commit(commitNamed('before'));
    const committing = keepCommitting(store);
    await server.restart?.(async () => {
      expect(await faultOf(store.ping())).toMatchObject(unavailable);
      expect(await faultOf(store.read('ServiceRequest', 'r-before'))).toMatchObject(unavailable);
    });
    await expect.poll(() => store.ping().then(() => 'back', String)).toBe('back');
    expect(await store.read('ServiceRequest', 'r-before')).toBeDefined();
    expect(await store.commit(commitOf({ writes: [sampleWrite('after')] }))).toEqual({ ok: true });
    const { acknowledged, failed } = await committing.stop();
    expect(failed.length).toBeGreaterThan(0);
    for (const fault of failed) expect(fault).toMatchObject(unavailable);
    for (const name of acknowledged) expect(await store.read('ServiceRequest', name), name).toBeDefined();
  });
});
