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
  /** For many rows of a resource, which may go as lists: PostgreSQL's types of the columns that are not text. */
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
      const end = Math.min(start + ROWS_MAX, rows.length);
      const params: SqlValue[] = [];
      for (let at = start; at < end; at += 1) for (const value of rows[at] ?? []) params.push(value);
      statements.push({ text: texts[end - start - 1] ?? '', params, ...fixed });
    }
    return statements;
  };
}

/** Columns that say which resource a row is of. */
const SHARED: ReadonlySet<string> = new Set(['type', 'id', 'patient']);

function listInsert(
  table: string,
  columns: string,
  types: NonNullable<InsertOptions['lists']>,
  suffix: string,
): ListInsert {
  const names = columns.split(',').map((name) => name.trim());
  const own = names.filter((name) => !SHARED.has(name));
  const shared = names.filter((name) => SHARED.has(name));
  const lists = own.map((name) => `?::${types[name] ?? 'text'}[]`).join(', ');
  const values = names.map((name) => (SHARED.has(name) ? `o.${name}` : `r.${name}`)).join(', ');
  return {
    text: `INSERT INTO ${table} (${columns}) SELECT ${values}
      FROM unnest(?::integer[], ${lists}) AS r (owner_number, ${own.join(', ')})
      JOIN unnest(${shared.map(() => '?::text[]').join(', ')}) WITH ORDINALITY AS o (${shared.join(', ')}, owner_number)
        USING (owner_number) ${suffix}`.trimEnd(),
    own: own.map((name) => names.indexOf(name)),
    shared: shared.map((name) => names.indexOf(name)),
  };
}
