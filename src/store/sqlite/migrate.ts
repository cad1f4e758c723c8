import { APPLIED_MIGRATIONS, type Migration, missingMigrations, recordMigration } from '../sql/migrations.ts';
import { sql } from '../sql/statement.ts';
import type { Connection } from './connection.ts';
import { retryWhileBusy } from './faults.ts';

/**
 * Brings the store to the last migration, each in a transaction of its own and recorded with its hash. Throws
 * `store-unusable` when the store was made by other migrations than these, which a newer Ginnel's would be.
 */
export function migrate(connection: Connection, migrations: readonly Migration[]): void {
  retryWhileBusy(() =>
    connection.exec(`CREATE TABLE IF NOT EXISTS migration (
      number INTEGER PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT`),
  );
  for (const migration of findMissing(connection, migrations)) {
    inTransaction(connection, () => {
      // Another process may have been first.
      if (!findMissing(connection, migrations).includes(migration)) return;
      connection.exec(migration.text);
      connection.run(recordMigration(migration));
    });
  }
}

/** What is still to be applied, in order. Throws `store-unusable` as `migrate` does. */
export function findMissing(connection: Connection, migrations: readonly Migration[]): Migration[] {
  return missingMigrations(connection.run(APPLIED_MIGRATIONS).rows, migrations);
}

/** False in a file that is new. */
export function hasMigrations(connection: Connection): boolean {
  return (
    connection.run(sql`SELECT 1 AS n FROM sqlite_schema WHERE type = 'table' AND name = 'migration'`).rows.length > 0
  );
}

function inTransaction(connection: Connection, action: () => void): void {
  retryWhileBusy(() => connection.exec('BEGIN IMMEDIATE'));
  try {
    action();
    connection.exec('COMMIT');
  } catch (fault) {
    if (connection.inTransaction()) connection.exec('ROLLBACK');
    throw fault;
  }
}
