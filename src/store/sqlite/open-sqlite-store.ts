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
import { findMissing, migrate } from './migrate.ts';

export interface SqliteStoreOptions {
  /** Folder of the store's file `ginnel.db`; made where it is missing. */
  readonly folder: string;
  readonly log?: Log | undefined;
  /** Only look: nothing is made or migrated, and every write is refused. */
  readonly readonly?: boolean | undefined;
}

/**
 * Opens the embedded store. Several processes may have it open. Throws `store-unusable` when it does not fit this
 * version of Ginnel, `store-unavailable` when the file cannot be used.
 */
export function openSqliteStore({ folder, log = silentLog, readonly = false }: SqliteStoreOptions): Store {
  const connection = prepareConnection(folder, readonly);
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
    apply: async (statements) => {
      if (readonly) throw refuse('store-unavailable', 'The store was opened to be read only.');
      return writes.apply(statements);
    },
    close: () => {
      closing ??= writes.close().then(() => connection.close());
      return closing;
    },
  });
}

function prepareConnection(folder: string, readonly: boolean): Connection {
  const migrations = readMigrations(join(import.meta.dirname, 'migrations'));
  let connection: Connection | undefined;
  try {
    connection = openConnection(folder, readonly);
    if (!readonly) {
      migrate(connection, migrations);
    } else if (findMissing(connection, migrations).length > 0) {
      throw refuse(
        'store-unusable',
        'The store is older than this Ginnel. Open it once with the gateway to migrate it.',
      );
    }
    return connection;
  } catch (fault) {
    connection?.close();
    throw toStoreError(fault);
  }
}
