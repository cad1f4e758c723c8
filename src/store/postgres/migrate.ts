import type { Client } from 'pg';
import { refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { Row } from '../sql/driver.ts';
import { APPLIED_MIGRATIONS, type Migration, missingMigrations, recordMigration } from '../sql/migrations.ts';

/** The oldest PostgreSQL that has all we use. */
const SERVER_VERSION_MIN = 140_000;

/**
 * Brings the store to the last migration, each in a transaction of its own and recorded with its hash. Processes that
 * start at once take turns. A migration waits for tables that others use no longer than a write may take, lest it hold
 * up everybody behind it. Throws `store-unusable` when the store was made by other migrations than these.
 */
export async function migrate(client: Client, migrations: readonly Migration[]): Promise<void> {
  for (;;) {
    if ((await findMissing(client, migrations)).length === 0) return;
    await client.query('BEGIN');
    try {
      await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('ginnel migrations', 0))`);
      await client.query(`SET LOCAL lock_timeout = ${LIMITS.storeBusyMs}`);
      // Another process may have been first.
      const next = (await findMissing(client, migrations))[0];
      if (next !== undefined) {
        await client.query(`CREATE TABLE IF NOT EXISTS migration (
          number INTEGER PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, applied_at TEXT NOT NULL)`);
        await client.query(next.text);
        const { text, params } = recordMigration(next);
        let count = 0;
        await client.query(
          text.replaceAll('?', () => `$${++count}`),
          [...params],
        );
      }
      await client.query('COMMIT');
    } catch (fault) {
      await client.query('ROLLBACK').catch(() => {});
      throw fault;
    }
  }
}

/** What is still to be applied, in order. Throws `store-unusable` as `migrate` does. */
export async function findMissing(client: Client, migrations: readonly Migration[]): Promise<Migration[]> {
  if (!(await hasMigrations(client))) return missingMigrations([], migrations);
  return missingMigrations((await client.query<Row>(APPLIED_MIGRATIONS.text)).rows, migrations);
}

export async function hasMigrations(client: Client): Promise<boolean> {
  // Read from the catalogue's table: to_regclass may answer from before we waited for our turn.
  const { rows } = await client.query(
    `SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'migration'`,
  );
  return rows.length > 0;
}

/** Refuses a server that could not keep what we promise. */
export async function checkServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string; flush: string }>(`
    SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
      current_setting('synchronous_commit') AS flush`);
  const { version = 0, encoding = '', flush = '' } = rows[0] ?? {};
  if (version < SERVER_VERSION_MIN) throw refuse('store-unusable', 'PostgreSQL 14 or later is needed.');
  if (encoding !== 'UTF8') throw refuse('store-unusable', 'The database must have the encoding UTF8.');
  if (flush === 'off') {
    const text =
      'synchronous_commit is off: what is acknowledged could be lost. Set it to on, for the database or the user.';
    throw refuse('store-unusable', text);
  }
}
