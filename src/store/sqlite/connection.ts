import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { LIMITS } from '../../kernel/limits.ts';
import type { Row } from '../sql/driver.ts';
import type { Sql } from '../sql/statement.ts';
import { retryWhileBusy } from './faults.ts';

export const STORE_FILE = 'ginnel.db';

/** How long SQLite waits for another process, and ours stands still. Beyond it the caller waits, and other work goes on. */
const BUSY_BLOCKING_MS = 50;

export interface Connection {
  /** Runs one statement: the rows it returns, and how many rows it touched. */
  run(statement: Sql): { readonly rows: readonly Row[]; readonly touched: number };
  /** The rows of one statement, read as they are asked for. */
  iterate(statement: Sql): Iterable<Row>;
  /** Runs text of ours, which may hold several statements and takes no parameters. */
  exec(text: string): void;
  /** False between transactions, and after a fault so grave that SQLite has rolled back by itself. */
  inTransaction(): boolean;
  close(): void;
}

/**
 * Opens the store's file, which is made where it is missing, readable by the gateway's own user alone. Write-ahead
 * log, flushed to disk by every commit before it returns.
 */
export function openConnection(folder: string, readonly: boolean): Connection {
  const file = join(folder, STORE_FILE);
  if (!readonly) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
  }
  const database = new DatabaseSync(file, { readOnly: readonly, timeout: BUSY_BLOCKING_MS });
  try {
    database.enableDefensive(true);
    // Only the first process finds another mode, and another that opens the file with it makes it wait.
    if (!readonly) retryWhileBusy(() => database.exec('PRAGMA journal_mode = WAL'));
    database.exec(`PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -32000; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864`);
  } catch (fault) {
    database.close();
    throw fault;
  }
  return createConnection(database);
}

interface Prepared {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

function createConnection(database: DatabaseSync): Connection {
  // A map keeps the order of insertion: what is used moves to its end, what is at its start is dropped.
  const prepared = new Map<string, Prepared>();
  const prepare = (text: string): Prepared => {
    const known = prepared.get(text);
    if (known !== undefined) {
      prepared.delete(text);
      prepared.set(text, known);
      return known;
    }
    const statement = database.prepare(text);
    const made = { statement, returnsRows: statement.columns().length > 0 };
    if (prepared.size >= LIMITS.storeStatementsMax) {
      for (const oldest of prepared.keys()) {
        prepared.delete(oldest);
        break;
      }
    }
    prepared.set(text, made);
    return made;
  };
  return {
    run: ({ text, params }) => {
      const { statement, returnsRows } = prepare(text);
      if (!returnsRows) return { rows: [], touched: Number(statement.run(...params).changes) };
      const rows = statement.all(...params) as Row[];
      return { rows, touched: rows.length };
    },
    // A statement of its own: one that is being stepped through must not be run again.
    iterate: ({ text, params }) => database.prepare(text).iterate(...params) as Iterable<Row>,
    exec: (text) => database.exec(text),
    inTransaction: () => database.isTransaction,
    close: () => database.close(),
  };
}
