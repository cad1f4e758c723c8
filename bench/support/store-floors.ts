import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { LIMITS } from '../../src/kernel/limits.ts';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import type { Statement } from '../../src/store/sql/statement.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { startTestPostgres } from '../../test/support/postgres.ts';

/** The same rows in the same tables, by nothing but the database's own client. */
export interface Floor {
  /** Applies lists of statements, each a transaction of its own, or as many in one as the store puts there. */
  commitAll(plans: readonly (readonly Statement[])[], concurrency: number): Promise<void>;
  read(type: string, id: string): unknown;
  /** Twenty resources by one index row each. */
  searchByPatient(patient: string): unknown;
  close(): Promise<void>;
}

/** A kind of store, with new and empty ones to measure. */
export interface StoreKind {
  readonly name: string;
  openStore(name: string): Promise<Store>;
  /** On the store of this name, or on a new one. */
  openFloor(name: string): Promise<Floor>;
  dispose(): Promise<void>;
}

const READ = 'SELECT * FROM version WHERE type = ? AND id = ? AND version = 1';
const SEARCH = `SELECT v.* FROM reference f JOIN version v ON v.type = f.type AND v.id = f.id
  WHERE f.type = 'ServiceRequest' AND f.param = 'patient' AND f.target = ? AND f.target_type = 'Patient' LIMIT 20`;

export function sqliteKind(folder: string): StoreKind {
  return {
    name: 'SQLite',
    openStore: async (name) => openSqliteStore({ folder: join(folder, name) }),
    openFloor: async (name) => {
      mkdirSync(join(folder, name), { recursive: true });
      await openSqliteStore({ folder: join(folder, name) }).close();
      return openSqliteFloor(join(folder, name, 'ginnel.db'));
    },
    dispose: async () => {},
  };
}

function openSqliteFloor(file: string): Floor {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA synchronous = FULL; PRAGMA cache_size = -32000; PRAGMA wal_autocheckpoint = 4000');
  const prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  const prepare = (text: string) => {
    const statement = prepared.get(text) ?? database.prepare(text);
    prepared.set(text, statement);
    return statement;
  };
  return {
    commitAll: async (plans, concurrency) => {
      const group = Math.min(concurrency, LIMITS.storeGroupMax);
      for (let start = 0; start < plans.length; start += group) {
        database.exec('BEGIN IMMEDIATE');
        for (const plan of plans.slice(start, start + group)) {
          for (const { text, params } of plan) prepare(text).run(...params);
        }
        database.exec('COMMIT');
      }
    },
    read: (type, id) => prepare(READ).get(type, id),
    searchByPatient: (patient) => prepare(SEARCH).all(patient),
    close: async () => database.close(),
  };
}

/** PostgreSQL as the tests start it, but as durable as it comes. */
export async function postgresKind(): Promise<StoreKind> {
  const server = await startTestPostgres({ durable: true });
  const urls = new Map<string, string>();
  const urlOf = async (name: string): Promise<string> => {
    const url = urls.get(name) ?? (await server.takeDatabase());
    urls.set(name, url);
    return url;
  };
  return {
    name: 'PostgreSQL',
    openStore: async (name) => openPostgresStore({ url: await urlOf(name) }),
    openFloor: async (name) => openPostgresFloor(await urlOf(name)),
    dispose: () => server.stop(),
  };
}

/** pg in its pipeline mode, with statements prepared by name, on as many connections as the store has. */
async function openPostgresFloor(url: string): Promise<Floor> {
  const clients = await Promise.all(
    Array.from({ length: LIMITS.storeConnectionsMax }, async () => {
      const client = new Client({ connectionString: url, pipeline: true });
      await client.connect();
      return client;
    }),
  );
  const names = new Map<string, { readonly name: string; readonly text: string }>();
  const prepare = (text: string) => {
    let count = 0;
    const known = names.get(text) ?? { name: `f${names.size}`, text: text.replaceAll('?', () => `$${++count}`) };
    names.set(text, known);
    return known;
  };
  let turn = 0;
  const query = (text: string, values: unknown[]): unknown => {
    turn += 1;
    return clients[turn % clients.length]?.query({ ...prepare(text), values });
  };
  return {
    commitAll: async (plans, concurrency) => {
      let next = 0;
      const work = async (client: Client): Promise<void> => {
        for (let plan = plans[next++]; plan !== undefined; plan = plans[next++]) {
          await Promise.all([
            client.query('BEGIN'),
            ...plan.map(({ text, params }) => client.query({ ...prepare(text), values: [...params] })),
            client.query('COMMIT'),
          ]);
        }
      };
      await Promise.all(clients.slice(0, concurrency).map(work));
    },
    read: (type, id) => query(READ, [type, id]),
    searchByPatient: (patient) => query(SEARCH, [patient]),
    close: async () => {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}
