import { join } from 'node:path';
import { refuse } from '../../kernel/errors.ts';
import { type Log, silentLog } from '../../kernel/log.ts';
import type { Row } from '../sql/driver.ts';
import { readMigrations } from '../sql/migrations.ts';
import { createSqlStore } from '../sql/sql-store.ts';
import type { Sql } from '../sql/statement.ts';
import type { Store } from '../store.ts';
import { type Connection, openConnection } from './connection.ts';
import { toStoreError } from './faults.ts';
import { createGroupCommit } from './group-commit.ts';
import { findMissing, hasMigrations, migrate } from './migrate.ts';

export interface SqliteStoreOptions {
  /** Folder of the store's file `ginnel.db`; made where it is missing. */
  readonly folder: string;
  readonly log?: Log | undefined;
  /** Only look: nothing is made or migrated, and every write is refused. */
  readonly readonly?: boolean | undefined;
  /** Apply what is missing, as it is done unless told; else a store that is older than this Ginnel is refused. */
  readonly migrate?: boolean | undefined;
}

/**
 * Opens the embedded store. Several processes may have it open. Throws `store-unusable` when it does not fit this
 * version of Ginnel, `store-unavailable` when the file cannot be used.
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const { folder, log = silentLog, readonly = false } = options;
  const connection = prepareConnection(folder, readonly, options.migrate ?? !readonly);
  const writes = createGroupCommit(connection, log);
  let closing: Promise<void> | undefined;
  const query = async (statement: Sql): Promise<readonly Row[]> => {
    if (closing !== undefined) throw refuse('store-unavailable', 'The store is closed.');
    try {
      return connection.run(statement).rows;
    } catch (fault) {
      throw toStoreError(fault);
    }
  };
  return createSqlStore({
    query,
    search: query,
    apply: async (statements, audit) => {
      if (readonly) throw refuse('store-unavailable', 'The store was opened to be read only.');
      return writes.apply(statements, audit);
    },
    close: () => {
      closing ??= writes.close().then(() => connection.close());
      return closing;
    },
  });
}

function prepareConnection(folder: string, readonly: boolean, migrates: boolean): Connection {
  const migrations = readMigrations(join(import.meta.dirname, 'migrations'));
  let connection: Connection | undefined;
  try {
    connection = openConnection(folder, readonly);
    if (migrates) migrate(connection, migrations);
    else if (!hasMigrations(connection) || findMissing(connection, migrations).length > 0) {
      throw refuse('store-unusable', 'The store is older than this Ginnel. Migrate it: ginnel store migrate.');
    }
    return connection;
  } catch (fault) {
    connection?.close();
    throw toStoreError(fault);
  }
}
