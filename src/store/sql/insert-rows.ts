import type { Breach, SqlValue, Statement } from './statement.ts';

/** Rows in one statement. A list of any length is cut into these, so that a table has this many shapes at most. */
const ROWS_MAX = 16;

/** Builds the statements that insert rows into one table. */
export type RowInsert = (rows: readonly (readonly SqlValue[])[]) => Statement[];

/**
 * An insert of many rows: `columns` as SQL lists them, `suffix` such as an ON CONFLICT clause, `breach` what a broken
 * key means. Its texts are made here, once.
 */
export function createRowInsert(
  table: string,
  columns: string,
  options: { readonly suffix?: string; readonly breach?: Breach } = {},
): RowInsert {
  const row = `(${columns.split(',').map(() => '?')})`;
  const texts = Array.from({ length: ROWS_MAX }, (_, index) => {
    const values = Array.from({ length: index + 1 }, () => row).join(', ');
    return `INSERT INTO ${table} (${columns}) VALUES ${values} ${options.suffix ?? ''}`.trimEnd();
  });
  return (rows) => {
    const statements: Statement[] = [];
    for (let start = 0; start < rows.length; start += ROWS_MAX) {
      const chunk = rows.slice(start, start + ROWS_MAX);
      const text = texts[chunk.length - 1] ?? '';
      const params = chunk.flat();
      statements.push(options.breach === undefined ? { text, params } : { text, params, breach: options.breach });
    }
    return statements;
  };
}
