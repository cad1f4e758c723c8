import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import { commitNamed } from './support/named-commit.ts';

let folder = '';
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'ginnel-store-')), 'data');
});
afterEach(async () => {
  await rm(join(folder, '..'), { recursive: true });
});

function behind(text: string): unknown[] {
  const database = new DatabaseSync(join(folder, 'ginnel.db'));
  try {
    return database.prepare(text).all();
  } finally {
    database.close();
  }
}

const unusable = { issues: [{ code: 'store-unusable' }] };

function openingFails(options: { readonly?: boolean } = {}): unknown {
  try {
    openSqliteStore({ folder, ...options });
  } catch (fault) {
    return fault;
  }
  throw new Error('it opened');
}

describe('opening the SQLite store', () => {
  it('makes folder and file for our own user alone', async () => {
    const store = openSqliteStore({ folder });
    await store.commit(commitNamed('one'));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const file of ['ginnel.db', 'ginnel.db-wal', 'ginnel.db-shm']) {
      expect((await stat(join(folder, file))).mode & 0o777, file).toBe(0o600);
    }
    await store.close();
  });

  it('keeps a write-ahead log', async () => {
    const store = openSqliteStore({ folder });
    await store.close();
    expect(behind('PRAGMA journal_mode')).toMatchObject([{ journal_mode: 'wal' }]);
  });

  it('records each migration with its hash, and applies none twice', async () => {
    for (let turn = 0; turn < 2; turn += 1) await openSqliteStore({ folder }).close();
    const rows = behind('SELECT number, name, length(hash) AS length FROM migration ORDER BY number');
    expect(rows.length).toBeGreaterThanOrEqual(5);
    expect(rows[0]).toMatchObject({ number: 1, name: 'resources', length: 64 });
  });

  it('refuses a store that is newer than itself, and says so', async () => {
    await openSqliteStore({ folder }).close();
    behind(`INSERT INTO migration VALUES (999, 'of-the-future', 'x', '2030-01-01T00:00:00.000Z')`);
    const fault = openingFails();
    expect(fault).toMatchObject(unusable);
    expect(String(fault)).toContain('newer than this Ginnel: it has migration 999 (of-the-future)');
  });

  it('refuses a store that was made by other migrations', async () => {
    await openSqliteStore({ folder }).close();
    behind(`UPDATE migration SET hash = 'x' WHERE number = 2`);
    expect(openingFails()).toMatchObject(unusable);
  });

  it('reads, and writes nothing, when opened to be read only', async () => {
    const writer = openSqliteStore({ folder });
    await writer.commit(commitNamed('one'));
    const reader = openSqliteStore({ folder, readonly: true });
    expect(await reader.read('ServiceRequest', 'r-one')).toBeDefined();
    await expect(reader.commit(commitNamed('two'))).rejects.toMatchObject({ issues: [{ code: 'store-unavailable' }] });
    await reader.close();
    await writer.close();
  });

  it('makes nothing when it is to be read only and is not there', async () => {
    expect(openingFails({ readonly: true })).toMatchObject({ issues: [{ code: 'store-unavailable' }] });
    await expect(stat(folder)).rejects.toThrow('ENOENT');
  });

  it('says that a file which is no store cannot be used', async () => {
    await openSqliteStore({ folder }).close();
    await writeFile(
      join(folder, 'ginnel.db'),
      'this is not a database, and is longer than a page header is. '.repeat(20),
    );
    expect(openingFails()).toMatchObject({ issues: [{ code: 'store-unavailable' }] });
  });

  it('finishes what it has accepted before it closes', async () => {
    const store = openSqliteStore({ folder });
    const commits = Array.from({ length: LIMITS.storeGroupMax * 3 }, (_, n) => store.commit(commitNamed(`n${n}`)));
    await Promise.all([store.close(), store.close()]);
    expect(new Set((await Promise.all(commits)).map(({ ok }) => ok))).toEqual(new Set([true]));
    expect(behind('SELECT count(*) AS n FROM version')).toMatchObject([{ n: commits.length }]);
  });

  it('refuses more writes than may wait, and applies those it took', async () => {
    const store = openSqliteStore({ folder });
    const asked = LIMITS.storeQueueMax + 10;
    const outcomes = await Promise.allSettled(
      Array.from({ length: asked }, (_, n) =>
        store.setPartnerState({ partner: `p${n}`, paused: true, openUntil: null }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(10);
    expect(behind('SELECT count(*) AS n FROM partner_state')).toMatchObject([{ n: LIMITS.storeQueueMax }]);
    await store.close();
  });

  it('waits for another process that is writing, without standing still', async () => {
    const store = openSqliteStore({ folder });
    const other = new DatabaseSync(join(folder, 'ginnel.db'));
    other.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 5);
    const committed = store.commit(commitNamed('one'));
    const free = setTimeout(() => other.exec('ROLLBACK'), 400);
    expect(await committed).toEqual({ ok: true });
    clearInterval(ticking);
    clearTimeout(free);
    // Between two tries of SQLite's own, which block, other work goes on.
    expect(turns).toBeGreaterThan(3);
    other.close();
    await store.close();
  });
});
