import { join } from 'node:path';
import { Client } from 'pg';
import { LIMITS } from '../../kernel/limits.ts';
import {
  BATCH_CHARS_MAX,
  BATCH_ROWS_MAX,
  type StoreTables,
  sizeOf,
  type Table,
  type TableResult,
} from '../maintain/tables.ts';
import type { Row } from '../sql/driver.ts';
import { FIND_UNFINISHED_COPY, readMigrations } from '../sql/migrations.ts';
import { number, text } from '../sql/rows.ts';
import { joinSql, type Sql, type SqlValue, sql } from '../sql/statement.ts';
import { runAlone } from './batch.ts';
import { toOpeningError, toStoreError } from './faults.ts';
import { checkServer, findMissing, hasMigrations, migrate } from './migrate.ts';
import { createRewriter } from './rewrite.ts';

/** Rows of the first batch, of which nothing is known yet. */
const ROWS_FIRST = 16;
/** Of one statement: the protocol counts parameters with 16 bits. */
const PARAMS_MAX = 60_000;

/** The tables of a PostgreSQL store. No statement of theirs is ended for taking long. */
export async function openPostgresTables(url: string): Promise<StoreTables> {
  const migrations = readMigrations(join(import.meta.dirname, 'migrations'));
  const client = new Client({
    connectionString: url,
    application_name: 'ginnel store',
    connectionTimeoutMillis: LIMITS.storeConnectMs,
    keepAlive: true,
  });
  client.on('error', () => {});
  const guard = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (fault) {
      throw toStoreError(fault);
    }
  };
  try {
    await client.connect();
    await checkServer(client);
  } catch (fault) {
    await client.end().catch(() => {});
    throw toOpeningError(fault);
  }
  const rewriter = createRewriter();
  const run = (statement: Sql): Promise<TableResult> => guard(() => runAlone(client, rewriter.unnamed(statement)));
  const inTransaction = async <T>(begin: string, action: () => Promise<T>): Promise<T> => {
    await guard(() => client.query(begin));
    try {
      const result = await action();
      await guard(() => client.query('COMMIT'));
      return result;
    } catch (fault) {
      await client.query('ROLLBACK').catch(() => {});
      throw fault;
    }
  };

  return {
    engine: 'PostgreSQL',
    pendingMigrations: () => guard(() => findMissing(client, migrations)),
    migrate: () => guard(() => migrate(client, migrations)),
    isCopyUnfinished: async () => (await hasMigrations(client)) && (await run(FIND_UNFINISHED_COPY)).rows.length > 0,
    tables: () => listTables(run),
    run,
    write: (action) => inTransaction('BEGIN', action),
    snapshot: (action) => inTransaction('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', action),
    rowsOf: (statement) => batchesOf(run, statement),
    insert: async (table, rows) => {
      const most = Math.floor(PARAMS_MAX / table.columns.length);
      for (let from = 0; from < rows.length; from += most) {
        await run(insertRows(table, rows.slice(from, from + most)));
      }
    },
    lastNumberOf: async ({ name, counted }) => {
      if (counted === undefined) return 0;
      const { rows } = await run(
        sql`SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(${name}, ${counted})::regclass), 0) AS last`,
      );
      return rows[0] === undefined ? 0 : number(rows[0], 'last');
    },
    countOnFrom: async ({ name, counted }, last) => {
      if (counted === undefined || last === 0) return;
      await run(sql`SELECT setval(pg_get_serial_sequence(${name}, ${counted})::regclass, ${last}::text::bigint)`);
    },
    // A server finds damage in its pages when it reads them; what else there is, amcheck and pg_checksums tell.
    findDamage: async () => [],
    shrink: async () => {
      for (const { name } of await listTables(run)) await guard(() => client.query(`VACUUM (ANALYZE) ${name}`));
    },
    close: () => client.end(),
  };
}

function insertRows({ name, columns, counted }: Table, rows: readonly (readonly SqlValue[])[]): Sql {
  const overriding = counted === undefined ? '' : 'OVERRIDING SYSTEM VALUE ';
  const places = `(${columns.map(() => '?').join(', ')})`;
  return joinSql(
    [
      { text: `INSERT INTO ${name} (${columns.join(', ')}) ${overriding}VALUES`, params: [] },
      { text: rows.map(() => places).join(', '), params: rows.flat() },
      { text: 'ON CONFLICT DO NOTHING', params: [] },
    ],
    ' ',
  );
}

async function listTables(run: (statement: Sql) => Promise<TableResult>): Promise<Table[]> {
  const { rows } = await run(sql`
    SELECT c.relname AS table_name, a.attname AS name, a.attidentity AS identity,
      coalesce(array_position(i.indkey::int2[], a.attnum), -1) AS place
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname <> 'migration' AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname COLLATE "C", a.attname COLLATE "C"`);
  const { rows: made } = await run(sql`SELECT attrelid::regclass::text AS table_name, attname AS name FROM pg_attribute
    WHERE attgenerated <> '' AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)`);
  const generated = new Set(made.map((row) => `${text(row, 'table_name')}.${text(row, 'name')}`));
  return [...Map.groupBy(rows, (row) => text(row, 'table_name'))].map(([name, columns]) => {
    const key = columns
      .filter((column) => number(column, 'place') >= 0)
      .sort((one, other) => number(one, 'place') - number(other, 'place'));
    const counted = columns.find((column) => text(column, 'identity') !== '');
    return {
      name,
      columns: columns.map((column) => text(column, 'name')).filter((column) => !generated.has(`${name}.${column}`)),
      key: key.map((column) => text(column, 'name')),
      counted: counted === undefined ? undefined : text(counted, 'name'),
    };
  });
}

/** By a cursor of the server, which lives as long as the transaction. As many rows at a time as fit. */
async function* batchesOf(
  run: (statement: Sql) => Promise<TableResult>,
  statement: Sql,
): AsyncGenerator<readonly Row[]> {
  await run({ text: `DECLARE rows_of NO SCROLL CURSOR FOR ${statement.text}`, params: statement.params });
  try {
    for (let count = ROWS_FIRST; ; ) {
      const { rows } = await run({ text: `FETCH ${count} FROM rows_of`, params: [] });
      if (rows.length === 0) return;
      yield rows;
      const mean = rows.reduce((sum, row) => sum + sizeOf(row), 0) / rows.length;
      count = Math.max(1, Math.min(BATCH_ROWS_MAX, count * 4, Math.floor(BATCH_CHARS_MAX / mean)));
    }
  } finally {
    // A transaction that has failed has closed it.
    await run({ text: 'CLOSE rows_of', params: [] }).catch(() => {});
  }
}
