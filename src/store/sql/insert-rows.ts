import type { Breach, ListInsert, SqlValue, Statement } from './statement.ts';

/** Rows in one statement. A list of any length is cut into these, so that a table has this many shapes at most. */
const ROWS_MAX = 16;

/** Builds the statements that insert rows into one table. */
export type RowInsert = (rows: readonly (readonly SqlValue[])[]) => Statement[];

interface InsertOptions {
  /** Such as an ON CONFLICT clause. */
  readonly suffix?: string;
  /** What a broken key means. */
  readonly breach?: Breach;
  /** For short values in many rows, which may go as lists: PostgreSQL's types of the columns that are not text. */
  readonly lists?: Readonly<Record<string, 'bigint' | 'double precision' | 'integer'>>;
}

/** An insert of many rows: `columns` as SQL lists them. Its texts are made here, once. */
export function createRowInsert(
  table: string,
  columns: string,
  { suffix = '', breach, lists: types }: InsertOptions = {},
): RowInsert {
  const row = `(${columns.split(',').map(() => '?')})`;
  const texts = Array.from({ length: ROWS_MAX }, (_, index) => {
    const values = Array.from({ length: index + 1 }, () => row).join(', ');
    return `INSERT INTO ${table} (${columns}) VALUES ${values} ${suffix}`.trimEnd();
  });
  const lists = types === undefined ? undefined : listInsert(table, columns, types, suffix);
  const fixed = { ...(breach === undefined ? {} : { breach }), ...(lists === undefined ? {} : { lists }) };
  return (rows) => {
    const statements: Statement[] = [];
    for (let start = 0; start < rows.length; start += ROWS_MAX) {
      const chunk = rows.slice(start, start + ROWS_MAX);
      const text = texts[chunk.length - 1] ?? '';
      statements.push({ text, params: chunk.flat(), ...fixed });
    }
    return statements;
  };
}

function listInsert(
  table: string,
  columns: string,
  types: NonNullable<InsertOptions['lists']>,
  suffix: string,
): ListInsert {
  const names = columns.split(',').map((name) => name.trim());
  const lists = names.map((name) => `?::${types[name] ?? 'text'}[]`).join(', ');
  return {
    text: `INSERT INTO ${table} (${columns}) SELECT * FROM unnest(${lists}) ${suffix}`.trimEnd(),
    columns: names.length,
  };
}
