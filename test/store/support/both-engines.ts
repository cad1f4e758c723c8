import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StoreTables } from '../../../src/store/maintain/tables.ts';
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts';
import { openPostgresTables } from '../../../src/store/postgres/open-postgres-tables.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts';
import { openSqliteTables } from '../../../src/store/sqlite/open-sqlite-tables.ts';
import type { Store } from '../../../src/store/store.ts';
import { runSql, startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

/** A new and empty place for a store, which nothing has opened yet. */
export interface Place {
  readonly address: string;
  openStore(): Promise<Store>;
  openTables(): Promise<StoreTables>;
  /** Runs SQL behind everybody's back. */
  tamper(text: string): Promise<void>;
  /** Names of all tables, as the database lists them. */
  tableNames(): Promise<string[]>;
}

export interface Engines {
  newPlace(engine: StoreTables['engine']): Promise<Place>;
  /** Closes what was opened and removes everything. */
  stop(): Promise<void>;
}

export async function startEngines(): Promise<Engines> {
  const server: TestPostgres = await startTestPostgres();
  const opened: { close(): Promise<void> }[] = [];
  const folders: string[] = [];
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    let closed: Promise<void> | undefined;
    const close = one.close.bind(one);
    opened.push(Object.assign(one, { close: () => (closed ??= close()) }));
    return one;
  };
  return {
    newPlace: async (engine) => {
      if (engine === 'PostgreSQL') {
        const url = await server.createBareDatabase();
        return {
          address: url,
          openStore: async () => keep(await openPostgresStore({ url })),
          openTables: async () => keep(await openPostgresTables(url)),
          tamper: async (text) => void (await runSql(url, text)),
          tableNames: async () =>
            (await runSql(url, `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`)).map(({ name }) =>
              String(name),
            ),
        };
      }
      const folder = await mkdtemp(join(tmpdir(), 'ginnel-place-'));
      folders.push(folder);
      const withFile = <T>(action: (database: DatabaseSync) => T): T => {
        const database = new DatabaseSync(join(folder, 'ginnel.db'));
        try {
          return action(database);
        } finally {
          database.close();
        }
      };
      return {
        address: folder,
        openStore: async () => keep(openSqliteStore({ folder })),
        openTables: async () => keep(openSqliteTables({ folder, create: true })),
        tamper: async (text) => withFile((database) => database.exec(text)),
        tableNames: async () =>
          withFile((database) => database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all())
            .map(({ name }) => String(name))
            .filter((name) => !name.startsWith('sqlite_')),
      };
    },
    stop: async () => {
      await Promise.all(opened.map((one) => one.close()));
      await server.stop();
      await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
    },
  };
}
