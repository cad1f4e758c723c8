import type { Row } from '../sql/driver.ts';
import type { Migration } from '../sql/migrations.ts';
import type { Sql, SqlValue } from '../sql/statement.ts';

/**
 * A store's tables as its database has them: for moving, checking and clearing up, beside a gateway or without one. It
 * is one connection, and one call at a time; the tables come from the database's own catalogue, so that a table which
 * is added later cannot be forgotten. Errors are those of a store: `store-unavailable`, `store-unusable`.
 */
export interface StoreTables {
  readonly engine: 'SQLite' | 'PostgreSQL';
  /** What is still to be applied, in order. Throws `store-unusable` when others were applied than ours. */
  pendingMigrations(): Promise<readonly Migration[]>;
  migrate(): Promise<void>;
  /** Whether a copy into this store was begun and has not ended; no gateway opens it then. */
  isCopyUnfinished(): Promise<boolean>;
  /** Every table but `migration`, by name. */
  tables(): Promise<readonly Table[]>;
  /** Runs one statement. */
  run(statement: Sql): Promise<TableResult>;
  /** All of it or nothing. */
  write<T>(action: () => Promise<T>): Promise<T>;
  /** What `action` reads is the store as it stood when it began, whoever writes meanwhile. */
  snapshot<T>(action: () => Promise<T>): Promise<T>;
  /** Within a snapshot: the rows of a table, or of a statement, in batches of bounded size. */
  rowsOf(statement: Sql): AsyncIterable<readonly Row[]>;
  /** Rows in the order of `table.columns`. Those whose key is there already are passed over. */
  insert(table: Table, rows: readonly (readonly SqlValue[])[]): Promise<void>;
  /** The last number that a table has given to a row, also when that row is gone; 0 where it has given none. */
  lastNumberOf(table: Table): Promise<number>;
  /** Lets a table go on counting behind `last`. */
  countOnFrom(table: Table, last: number): Promise<void>;
  /** What the database finds wrong with its own files and keys, in its own words. */
  findDamage(): Promise<readonly string[]>;
  /** Gives room that deleted rows have left back to the disk, where enough of it has come together. */
  shrink(): Promise<void>;
  close(): Promise<void>;
}

export interface TableResult {
  readonly rows: readonly Row[];
  readonly touched: number;
}

export interface Table {
  readonly name: string;
  /** Those that are stored, by name; what the database makes from others is left out. */
  readonly columns: readonly string[];
  /** Columns of the primary key, in its order. */
  readonly key: readonly string[];
  /** The column whose numbers the database gives, each once. */
  readonly counted: string | undefined;
}

/** The rows of one batch, and about how many characters and bytes it may hold. */
export const BATCH_ROWS_MAX = 1_000;
export const BATCH_CHARS_MAX = 8 * 1024 * 1024;

/** About how much room a row takes. */
export function sizeOf(row: Row): number {
  let size = 0;
  for (const column in row) {
    const value = row[column];
    size += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8;
  }
  return size;
}

/** A table's rows in the order of its key: what refers to an earlier version comes behind it. */
export function selectAll({ name, columns, key }: Table): Sql {
  return { text: `SELECT ${columns.join(', ')} FROM ${name} ORDER BY ${key.join(', ')}`, params: [] };
}
