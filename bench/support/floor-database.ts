import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SqlValue } from '../../src/store/sql/statement.ts';
import { AUDITS_MAX } from './plan-all.ts';
import type { Prepared, TemplateParam } from './prepare.ts';

/** A copy of the seeded store, as a floor uses it: as durable as Ginnel's, and nothing between it and the statements. */
export function openFloorDatabase(folder: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, 'ginnel.db'));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -32000; PRAGMA wal_autocheckpoint = 4000`);
  return database;
}

/** The value of a parameter in the request of this number: what must be new is made. */
export function makeValue(param: TemplateParam, request: number): SqlValue {
  if ('same' in param) return param.same;
  if ('from' in param) return param.from + request * AUDITS_MAX;
  const start = `${request}:${param.fresh}:`;
  return start + param.pattern.slice(start.length);
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
      statement.run(...params.map((param) => makeValue(param, requests)));
    }
    commit.run();
  };
}
