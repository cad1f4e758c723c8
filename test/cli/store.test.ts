import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import { commitNamed } from '../store/support/named-commit.ts';
import { freePort } from '../support/free-port.ts';
import { runSql, startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { EXAMPLE } from '../support/test-gateway.ts';
import { ginnel } from './support.ts';

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-store-'));
  folders.push(folder);
  return folder;
}

async function filledFolder(): Promise<string> {
  const folder = newFolder();
  const store = openSqliteStore({ folder });
  for (const name of ['one', 'two']) await store.commit(commitNamed(name));
  await store.close();
  return folder;
}

function tamper(folder: string, text: string): void {
  const database = new DatabaseSync(join(folder, 'ginnel.db'));
  database.exec(text);
  database.close();
}

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
});
afterAll(async () => {
  await server.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('ginnel store', () => {
  it('migrates when it is told to, and says before what it would do', async () => {
    for (const address of [undefined, await server.createBareDatabase()]) {
      const env = { GINNEL_DATA: newFolder(), ...(address === undefined ? {} : { DATABASE_URL: address }) };
      const planned = await ginnel(['store', 'migrate', '--dry-run'], env);
      expect(planned).toMatchObject({ code: 0, err: '' });
      expect(planned.out).toMatch(/^000001-resources {2}to be applied\n000002-messages {2}to be applied\n/);
      // A gateway that may not migrate refuses such a store.
      const refused = await ginnel(['messages'], { ...env, GINNEL_MIGRATE: 'never' });
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.err).toContain('ginnel store migrate');
      expect((await ginnel(['store', 'migrate'], env)).out).toBe(planned.out.replaceAll('to be applied', 'applied'));
      expect(await ginnel(['store', 'migrate'], env)).toEqual({
        code: 0,
        out: 'There is nothing to migrate.\n',
        err: '',
      });
      expect(await ginnel(['messages'], { ...env, GINNEL_MIGRATE: 'never' })).toMatchObject({ code: 0 });
    }
  });

  it('copies from one engine to the other and back, and refuses a target that is not empty', async () => {
    const [from, back, url] = [await filledFolder(), newFolder(), await server.createBareDatabase()];
    const env = { GINNEL_DATA: from, DATABASE_URL: url };
    const there = await ginnel(['store', 'copy', '--from', from, '--to', 'DATABASE_URL'], env);
    expect(there).toMatchObject({ code: 0, err: '' });
    expect(there.out).toMatch(/^version +2 rows +sha256 [0-9a-f]{16}$/m);
    expect(there.out).toMatch(/^Every table has equal counts and hashes\.\n$/m);
    const again = await ginnel(['store', 'copy', '--from', url, '--to', back], env);
    expect(again).toEqual(there);
    const refused = await ginnel(['store', 'copy', '--from', from, '--to', back], env);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('store-unusable');
  });

  it('never prints a password', async () => {
    const url = new URL(await server.createBareDatabase());
    url.password = 'hunter-of-snarks';
    url.username = 'stranger';
    const nobody = `postgres://ginnel:hunter-of-snarks@127.0.0.1:${await freePort()}/none`;
    const from = await filledFolder();
    for (const to of [url.href, nobody]) {
      const ran = await ginnel(['store', 'copy', '--from', from, '--to', to], {});
      expect(ran).toMatchObject({ code: 1, out: '' });
      expect(ran.err).toMatch(/store-(?:unusable|unavailable)/);
      expect(ran.err).not.toContain('hunter');
    }
  });

  it('says what is wrong with a store, mends what can be mended, and has audited that', async () => {
    const folder = await filledFolder();
    const env = { GINNEL_DATA: folder, GINNEL_CONFIG: EXAMPLE };
    // The samples of the store's own tests hang together by name only: their rows are made those of their content first.
    tamper(folder, `UPDATE delivery SET resource_id = 'r-' || substr(id, 3)`);
    await ginnel(['store', 'check', '--all', '--repair'], env);
    expect(await ginnel(['store', 'check', '--all'], env)).toMatchObject({ code: 0, err: '' });
    tamper(folder, 'UPDATE lane SET waiting = 9');
    const found = await ginnel(['store', 'check'], env);
    expect(found).toMatchObject({ code: 1 });
    expect(found.err).toMatch(/^error store-lane-wrong at district-nurses, lane lane of one: /);
    expect(found.out).toBe('2 findings, 0 mended; index rows of 2 resources compared (a sample).\n');
    const mended = await ginnel(['store', 'check', '--repair'], env);
    expect(mended).toMatchObject({ code: 0, err: '' });
    expect(mended.out).toMatch(/^0 findings, 2 mended;/);
    const store = openSqliteStore({ folder });
    const last = (await store.audit()).at(-1)?.content;
    await store.close();
    expect(last).toContain('repair-store');
  });

  it('removes what has outlived its retention, says how much, and has audited that', async () => {
    const folder = await filledFolder();
    const env = { GINNEL_DATA: folder, GINNEL_CONFIG: EXAMPLE };
    const none = 'message bodies, 0 deliveries, 0 assertion ids, 0 orphans';
    expect((await ginnel(['store', 'compact', '--dry-run'], env)).out).toBe(`Would be removed: 0 ${none}.\n`);
    const days = ['--message-body-days', '1'];
    expect((await ginnel(['store', 'compact', '--dry-run', ...days], env)).out).toBe(`Would be removed: 2 ${none}.\n`);
    expect(await ginnel(['store', 'compact', ...days], env)).toEqual({
      code: 0,
      out: `Removed: 2 ${none}.\n`,
      err: '',
    });
    const store = openSqliteStore({ folder });
    const last = (await store.audit()).at(-1)?.content;
    await store.close();
    expect(last).toContain('compact-store');
    expect(await ginnel(['store', 'compact', '--delivery-days', '0'], env)).toMatchObject({ code: 2 });
  });

  it('asks what is to be done, and where, when it is not said', async () => {
    for (const argv of [
      [],
      ['shred'],
      ['toString'],
      ['copy'],
      ['copy', '--from', 'a', '--to', 'a'],
      ['check', '--al'],
    ]) {
      expect(await ginnel(['store', ...argv], {}), argv.join(' ')).toMatchObject({ code: 2, out: '' });
    }
    const missing = await ginnel(['store', 'copy', '--from', join(newFolder(), 'nothing'), '--to', newFolder()], {});
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.err).toContain('There is no store');
  });

  it('leaves the audit of a store that it was copied to as closed to changes as it was', async () => {
    const url = await server.createBareDatabase();
    await ginnel(['store', 'copy', '--from', await filledFolder(), '--to', url], {});
    await expect(runSql(url, 'DELETE FROM audit')).rejects.toThrow('append-only');
  });
});
