import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Prepared } from './prepare.ts';

/** A copy of the seeded store, as a floor uses it: as durable as Ginnel's, and nothing between it and the statements. */
export function openFloorDatabase(folder: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, 'ginnel.db'));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -32000; PRAGMA wal_autocheckpoint = 4000`);
  return database;
}

/** Writes the rows of one request of a work, in one transaction. */
export type WriteRows = (work: string) => void;

/** Prepared once; of each request only the values that must be new are made. */
export function prepareWrites(database: DatabaseSync, templates: Prepared['templates']): WriteRows {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const prepared = new Map<string, StatementSync>();
  const works = new Map(
    Object.entries(templates).map(([work, template]) => [
      work,
      template.map(({ text, params }) => {
        const statement = prepared.get(text) ?? database.prepare(text);
        prepared.set(text, statement);
        return { statement, params };
      }),
    ]),
  );
  let requests = 0;
  return (work) => {
    const statements = works.get(work);
    if (statements === undefined) throw new Error(`nothing was recorded of ${work}`);
    requests += 1;
    begin.run();
    for (const { statement, params } of statements) {
      const values = params.map((param): SQLInputValue => {
        if ('same' in param) return param.same;
        const start = `${requests}:${param.fresh}:`;
        return start + param.pattern.slice(start.length);
      });
      statement.run(...values);
    }
    commit.run();
  };
}
