import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { type Statement, sql } from '../../src/store/sql/statement.ts';
import { type Connection, openConnection } from '../../src/store/sqlite/connection.ts';
import { createGroupCommit, type GroupCommit } from '../../src/store/sqlite/group-commit.ts';

let folder = '';
let connection: Connection;
let writes: GroupCommit;
let transactions = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ginnel-store-'));
  const opened = openConnection(folder, false);
  opened.exec('CREATE TABLE thing (name TEXT PRIMARY KEY, body BLOB)');
  transactions = 0;
  connection = {
    ...opened,
    run: (statement) => {
      if (statement.text === 'COMMIT') transactions += 1;
      return opened.run(statement);
    },
  };
  writes = createGroupCommit(connection, silentLog);
});
afterEach(async () => {
  await writes.close();
  connection.close();
  await rm(folder, { recursive: true });
});

function insert(name: string, bytes = 0): Statement {
  return { ...sql`INSERT INTO thing (name, body) VALUES (${name}, ${new Uint8Array(bytes)})`, breach: 'version' };
}

function names(): unknown[] {
  return connection.run(sql`SELECT name FROM thing ORDER BY name`).rows.map(({ name }) => name);
}

describe('group commit', () => {
  it('puts what arrives in one turn into as few transactions as its bound allows', async () => {
    const many = LIMITS.storeGroupMax * 2 + 1;
    await Promise.all(Array.from({ length: many }, (_, n) => writes.apply([insert(`n${n}`)])));
    expect(transactions).toBe(3);
    expect(names()).toHaveLength(many);
  });

  it('takes back a broken list whole, and leaves its neighbours alone', async () => {
    const results = await Promise.all([
      writes.apply([insert('a')]),
      writes.apply([insert('b'), insert('a')]),
      writes.apply([insert('c')]),
    ]);
    expect(results).toEqual([
      { ok: true, rows: [[]] },
      { ok: false, breach: 'version' },
      { ok: true, rows: [[]] },
    ]);
    expect(names()).toEqual(['a', 'c']);
  });

  it('takes a list that touches fewer rows than it must for broken', async () => {
    await writes.apply([insert('a')]);
    const rename: Statement = { ...sql`UPDATE thing SET name = 'z' WHERE name = ${'b'}`, rows: 1, breach: 'stale' };
    expect(await writes.apply([insert('c'), rename])).toEqual({ ok: false, breach: 'stale' });
    expect(names()).toEqual(['a']);
  });

  it('gives back the rows that statements return', async () => {
    const applied = await writes.apply([insert('a'), sql`UPDATE thing SET name = 'b' RETURNING name`]);
    expect(applied).toEqual({ ok: true, rows: [[], [expect.objectContaining({ name: 'b' })]] });
  });

  it('tells nobody that they are safe when the disk is full, and goes on when there is room', async () => {
    await writes.apply([insert('before')]);
    const pages = connection.run(sql`PRAGMA page_count`).rows[0]?.page_count;
    connection.exec(`PRAGMA max_page_count = ${Number(pages) + 4}`);
    const outcomes = await Promise.allSettled([
      writes.apply([insert('small')]),
      writes.apply([insert('large', 1_000_000)]),
      writes.apply([insert('last')]),
    ]);
    const safe = ['small', 'large', 'last'].filter((_, index) => outcomes[index]?.status === 'fulfilled');
    expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: { issues: [{ code: 'store-unavailable' }] } });
    expect(names()).toEqual(['before', ...safe].toSorted());
    connection.exec('PRAGMA max_page_count = 1000000');
    expect(await writes.apply([insert('after', 1_000_000)])).toMatchObject({ ok: true });
    expect(names()).toContain('after');
  });
});
