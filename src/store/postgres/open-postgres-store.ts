import { join } from 'node:path';
import { Client, Pool } from 'pg';
import { refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { describeFault, type Log, silentLog } from '../../kernel/log.ts';
import { readMigrations } from '../sql/migrations.ts';
import { createSqlStore } from '../sql/sql-store.ts';
import type { Store } from '../store.ts';
import { createPostgresDriver } from './driver.ts';
import { toOpeningError } from './faults.ts';
import { checkServer, findMissing, migrate } from './migrate.ts';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:5432/database`, with `?sslmode=verify-full` where the network is not ours. */
  readonly url: string;
  readonly log?: Log | undefined;
  /** Connections that this process may hold at once. */
  readonly connectionsMax?: number | undefined;
  /** Apply what is missing, as it is done unless told; else a store that is older than this Ginnel is refused. */
  readonly migrate?: boolean | undefined;
}

/** A connection that has lain idle is given up, and none grows so old that it keeps to a server that was replaced. */
const IDLE_MS = 60_000;
const LIFETIME_SECONDS = 30 * 60;

/**
 * Opens the store of several gateway processes. The database must be there; its tables are made. Throws
 * `store-unusable` when database and Ginnel do not fit each other or the database refuses us, `store-unavailable` when
 * it does not answer.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, log = silentLog, connectionsMax = LIMITS.storeConnectionsMax } = options;
  const connection = {
    connectionString: url,
    application_name: 'ginnel',
    connectionTimeoutMillis: LIMITS.storeConnectMs,
    keepAlive: true,
  };
  await prepareDatabase(new Client(connection), options.migrate ?? true);
  const pool = new Pool({
    ...connection,
    max: connectionsMax,
    statement_timeout: LIMITS.storeStatementMs,
    // The server ends what takes too long; this is for a server that says nothing any more.
    query_timeout: LIMITS.storeStatementMs + LIMITS.storeConnectMs,
    idleTimeoutMillis: IDLE_MS,
    maxLifetimeSeconds: LIFETIME_SECONDS,
  });
  // A connection that ends while nobody uses it is replaced when one is needed; one in use tells its user.
  pool.on('error', (fault) => log.warn('store.connection-lost', { fault: describeFault(fault) }));
  pool.on('connect', (client) => client.on('error', () => {}));
  return createSqlStore(createPostgresDriver(pool, log));
}

/** On a connection without timeouts, for a migration may take its time. */
async function prepareDatabase(client: Client, migrates: boolean): Promise<void> {
  client.on('error', () => {});
  try {
    await client.connect();
    await checkServer(client);
    const migrations = readMigrations(join(import.meta.dirname, 'migrations'));
    if (migrates) await migrate(client, migrations);
    else if ((await findMissing(client, migrations)).length > 0) {
      throw refuse('store-unusable', 'The store is older than this Ginnel. Migrate it: ginnel store migrate.');
    }
  } catch (fault) {
    throw toOpeningError(fault);
  } finally {
    await client.end();
  }
}
