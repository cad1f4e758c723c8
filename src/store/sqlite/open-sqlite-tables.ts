import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from '../../kernel/errors.ts';
import { BATCH_CHARS_MAX, BATCH_ROWS_MAX, type StoreTables, sizeOf, type Table } from '../maintain/tables.ts';
import type { Row } from '../sql/driver.ts';
import { FIND_UNFINISHED_COPY, readMigrations } from '../sql/migrations.ts';
import { number, text } from '../sql/rows.ts';
import { type Sql, sql } from '../sql/statement.ts';
import { type Connection, openConnection, STORE_FILE } from './connection.ts';
import { retryWhileBusy, toStoreError } from './faults.ts';
import { findMissing, hasMigrations, migrate } from './migrate.ts';

/** Room is given back when it is this share of the file: to do so writes the whole file anew. */
const SHRINK_SHARE = 0.1;
/** Damages that are named; what follows the first is mostly its consequence. */
const DAMAGES_MAX = 20;

export interface SqliteTablesOptions {
  /** Folder of the store's file `ginnel.db`. */
  readonly folder: string;
  /** Make the file where it is missing. */
  readonly create?: boolean;
}

/** Throws `store-unavailable` where there is no store and none is to be made. */
export function openSqliteTables({ folder, create = false }: SqliteTablesOptions): StoreTables {
  if (!create && !existsSync(join(folder, STORE_FILE))) {
    throw refuse('store-unavailable', `There is no store in ${folder}: it has no ${STORE_FILE}.`);
  }
  const migrations = readMigrations(join(import.meta.dirname, 'migrations'));
  const connection = guard(() => openConnection(folder, false));
  const inTransaction = async <T>(begin: string, action: () => Promise<T>): Promise<T> => {
    guard(() => retryWhileBusy(() => connection.exec(begin)));
    try {
      const result = await action();
      connection.exec('COMMIT');
      return result;
    } catch (fault) {
      if (connection.inTransaction()) connection.exec('ROLLBACK');
      throw toStoreError(fault);
    }
  };
  const run = (statement: Sql) => guard(() => connection.run(statement));

  return {
    engine: 'SQLite',
    pendingMigrations: async () =>
      guard(() => (hasMigrations(connection) ? findMissing(connection, migrations) : migrations)),
    migrate: async () => guard(() => migrate(connection, migrations)),
    isCopyUnfinished: async () => hasMigrations(connection) && run(FIND_UNFINISHED_COPY).rows.length > 0,
    tables: async () => guard(() => listTables(connection)),
    run: async (statement) => run(statement),
    write: (action) => inTransaction('BEGIN IMMEDIATE', action),
    snapshot: (action) => inTransaction('BEGIN', action),
    rowsOf: (statement) => batchesOf(connection, statement),
    insert: async ({ name, columns }, rows) => {
      const places = columns.map(() => '?').join(', ');
      const statement = `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${places}) ON CONFLICT DO NOTHING`;
      for (const params of rows) run({ text: statement, params });
    },
    lastNumberOf: async ({ name, counted }) => {
      if (counted === undefined) return 0;
      const [kept] = hasTable(connection, 'sqlite_sequence')
        ? run(sql`SELECT seq FROM sqlite_sequence WHERE name = ${name}`).rows
        : [];
      const [last] = run({ text: `SELECT coalesce(max(${counted}), 0) AS seq FROM ${name}`, params: [] }).rows;
      return Math.max(kept === undefined ? 0 : number(kept, 'seq'), last === undefined ? 0 : number(last, 'seq'));
    },
    countOnFrom: async ({ name, counted }, last) => {
      // Only a table with AUTOINCREMENT remembers; the others count on from their last row, and lose none.
      if (counted === undefined || !isRemembered(connection, name)) return;
      if (run(sql`UPDATE sqlite_sequence SET seq = max(seq, ${last}) WHERE name = ${name}`).touched > 0) return;
      run(sql`INSERT INTO sqlite_sequence (name, seq) VALUES (${name}, ${last})`);
    },
    findDamage: async () => {
      const damages = run({ text: `PRAGMA integrity_check(${DAMAGES_MAX})`, params: [] }).rows;
      const keys = run(sql`SELECT "table" AS name, count(*) AS n FROM pragma_foreign_key_check GROUP BY 1`).rows;
      return [
        ...damages.map((row) => text(row, 'integrity_check')).filter((damage) => damage !== 'ok'),
        ...keys.map((row) => `${number(row, 'n')} rows of ${text(row, 'name')} refer to rows that are not there`),
      ];
    },
    shrink: async () => {
      const page = (name: string): number =>
        Number(Object.values(run({ text: `PRAGMA ${name}`, params: [] }).rows[0] ?? {})[0]);
      if (page('freelist_count') >= page('page_count') * SHRINK_SHARE) {
        guard(() => retryWhileBusy(() => connection.exec('VACUUM')));
      }
      guard(() => connection.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
    },
    close: async () => connection.close(),
  };
}

function guard<T>(action: () => T): T {
  try {
    return action();
  } catch (fault) {
    throw toStoreError(fault);
  }
}

function hasTable(connection: Connection, name: string): boolean {
  return connection.run(sql`SELECT 1 AS n FROM sqlite_schema WHERE type = 'table' AND name = ${name}`).rows.length > 0;
}

function isRemembered(connection: Connection, name: string): boolean {
  const [table] = connection.run(sql`SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ${name}`).rows;
  return table !== undefined && /\bAUTOINCREMENT\b/i.test(text(table, 'sql'));
}

function listTables(connection: Connection): Table[] {
  const names = connection.run(sql`SELECT name FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'migration' ORDER BY name`).rows;
  return names.map((row) => {
    const name = text(row, 'name');
    // A hidden column is one that is made from others.
    const columns = connection.run(sql`SELECT name, type, pk FROM pragma_table_xinfo(${name}) WHERE hidden = 0`).rows;
    const keyed = columns
      .filter((column) => number(column, 'pk') > 0)
      .sort((one, other) => number(one, 'pk') - number(other, 'pk'));
    const [only, another] = keyed;
    const counted = only !== undefined && another === undefined && text(only, 'type') === 'INTEGER';
    return {
      name,
      columns: columns.map((column) => text(column, 'name')).sort(),
      key: keyed.map((column) => text(column, 'name')),
      counted: counted ? text(only, 'name') : undefined,
    };
  });
}

async function* batchesOf(connection: Connection, statement: Sql): AsyncGenerator<readonly Row[]> {
  let batch: Row[] = [];
  let size = 0;
  for (const row of guard(() => connection.iterate(statement))) {
    batch.push(row);
    size += sizeOf(row);
    if (batch.length < BATCH_ROWS_MAX && size < BATCH_CHARS_MAX) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}
