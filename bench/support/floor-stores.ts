import { randomUUID } from 'node:crypto';
import type { SQLInputValue } from 'node:sqlite';
import { Pool } from 'pg';
import { makeValue, openFloorDatabase, prepareWrites } from './floor-database.ts';
import type { Prepared } from './prepare.ts';

/** What a floor of `bench/fhir.ts` asks of its database, by nothing but the database's own client. */
export interface FloorStore {
  /** The rows that Ginnel writes for one request of a work, in one transaction. */
  writeRows(work: string): Promise<void>;
  read(type: string, id: string): Promise<string>;
  /** By the rows of a search index, as a server without one could not. */
  searchByPatient(type: string, patient: string): Promise<string[]>;
  /** One row for each content, in one transaction. */
  insertBare(contents: readonly string[]): Promise<void>;
  readBare(id: string): Promise<string>;
  searchBare(type: string, patient: string): Promise<string[]>;
}

const CURRENT = 'SELECT content FROM version WHERE type = ? AND id = ? ORDER BY version DESC LIMIT 1';
const BY_PATIENT = `SELECT v.content FROM reference f CROSS JOIN resource c CROSS JOIN version v
  WHERE f.type = ? AND f.param = 'patient' AND f.target = ? AND f.target_type = 'Patient'
    AND c.type = f.type AND c.id = f.id AND v.type = c.type AND v.id = c.id AND v.version = c.version`;
/** One table, with the content of every current resource in it. */
export const MAKE_BARE = `
  CREATE TABLE bare (id TEXT PRIMARY KEY, patient TEXT, type TEXT, content TEXT NOT NULL);
  INSERT INTO bare SELECT id, CASE type WHEN 'Patient' THEN id ELSE patient END, type, content FROM version
    WHERE true ON CONFLICT DO NOTHING;
  CREATE INDEX bare_patient ON bare (patient, type)`;
const INSERT_BARE = 'INSERT INTO bare (id, content) VALUES (?, ?)';
const READ_BARE = 'SELECT content FROM bare WHERE id = ?';
const SEARCH_BARE = 'SELECT content FROM bare WHERE patient = ? AND type = ?';

/** `bare`: its table is made first. */
export function openSqliteFloorStore(folder: string, templates: Prepared['templates'], bare: boolean): FloorStore {
  const database = openFloorDatabase(folder);
  if (bare) database.exec(MAKE_BARE);
  const write = prepareWrites(database, templates);
  const contents = (text: string) => {
    const statement = database.prepare(text);
    return (...params: SQLInputValue[]): string[] => statement.all(...params).map(({ content }) => String(content));
  };
  const [current, byPatient] = [contents(CURRENT), contents(BY_PATIENT)];
  const [readBare, searchBare] = bare ? [contents(READ_BARE), contents(SEARCH_BARE)] : [current, byPatient];
  const insert = bare ? database.prepare(INSERT_BARE) : undefined;
  const [begin, commit] = [database.prepare('BEGIN IMMEDIATE'), database.prepare('COMMIT')];
  return {
    writeRows: async (work) => write(work),
    read: async (type, id) => current(type, id)[0] ?? '',
    searchByPatient: async (type, patient) => byPatient(type, patient),
    insertBare: async (list) => {
      if (list.length > 1) begin.run();
      for (const content of list) insert?.run(randomUUID(), content);
      if (list.length > 1) commit.run();
    },
    readBare: async (id) => readBare(id)[0] ?? '',
    searchBare: async (type, patient) => searchBare(patient, type),
  };
}

/** Statements prepared by name; a transaction's are sent one behind the other without waiting for answers. */
export async function openPostgresFloorStore(
  url: string,
  templates: Prepared['templates'],
  bare: boolean,
): Promise<FloorStore> {
  const pool = new Pool({ connectionString: url, max: 10, pipeline: true } as ConstructorParameters<typeof Pool>[0]);
  if (bare) await pool.query(MAKE_BARE);
  const names = new Map<string, { readonly name: string; readonly text: string }>();
  const prepare = (text: string): { readonly name: string; readonly text: string } => {
    let count = 0;
    const known = names.get(text) ?? { name: `f${names.size}`, text: text.replaceAll('?', () => `$${++count}`) };
    names.set(text, known);
    return known;
  };
  const contents = async (text: string, values: unknown[]): Promise<string[]> =>
    (await pool.query<{ content: string }>({ ...prepare(text), values })).rows.map(({ content }) => content);
  const inTransaction = async (list: readonly { text: string; values: unknown[] }[]): Promise<void> => {
    const client = await pool.connect();
    try {
      await Promise.all([
        client.query('BEGIN'),
        ...list.map(({ text, values }) => client.query({ ...prepare(text), values })),
        client.query('COMMIT'),
      ]);
    } finally {
      client.release();
    }
  };
  let requests = 0;
  return {
    writeRows: (work) => {
      requests += 1;
      const n = requests;
      const list = templates[work]?.map(({ text, params }) => ({
        text,
        values: params.map((one) => makeValue(one, n)),
      }));
      if (list === undefined) throw new Error(`nothing was recorded of ${work}`);
      return inTransaction(list);
    },
    read: async (type, id) => (await contents(CURRENT, [type, id]))[0] ?? '',
    searchByPatient: (type, patient) => contents(BY_PATIENT, [type, patient]),
    insertBare: async (list) => {
      const rows = list.map((content) => ({ text: INSERT_BARE, values: [randomUUID(), content] }));
      if (rows.length > 1) await inTransaction(rows);
      else for (const { text, values } of rows) await pool.query({ ...prepare(text), values });
    },
    readBare: async (id) => (await contents(READ_BARE, [id]))[0] ?? '',
    searchBare: (type, patient) => contents(SEARCH_BARE, [patient, type]),
  };
}
