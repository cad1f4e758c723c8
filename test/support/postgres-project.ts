import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { startTestPostgres, type TestPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The address of a database with the store's tables, to be copied; undefined where the tests are to use SQLite. */
    postgresTemplate: string | undefined;
  }
}

let postgres: TestPostgres | undefined;

/** One PostgreSQL server for all files of the project, with a database to copy. */
export async function setup(project: TestProject): Promise<void> {
  postgres = await startTestPostgres();
  project.provide('postgresTemplate', await postgres.takeDatabase());
}

export async function teardown(): Promise<void> {
  await postgres?.stop();
}

/** A copy of the template with nothing in it, and how to be rid of it. */
export async function copyDatabase(template: string): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const url = new URL(template);
  const name = `ginnel_api_${crypto.randomUUID().replaceAll('-', '')}`;
  const admin = new URL(template);
  admin.pathname = '/postgres';
  await run(admin.href, `CREATE DATABASE ${name} TEMPLATE ${url.pathname.slice(1)}`);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(admin.href, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function run(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
