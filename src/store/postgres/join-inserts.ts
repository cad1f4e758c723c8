import type { SqlValue, Statement } from '../sql/statement.ts';

/**
 * Inserts of one kind that follow each other become one, which takes the rows as a list for each column. Its text is the
 * same for any number of rows, so that a connection plans it once, and a group of commits binds six values instead of
 * hundreds.
 */
export function joinInserts(statements: readonly Statement[]): Statement[] {
  const joined: Statement[] = [];
  for (let at = 0; at < statements.length; ) {
    const first = statements[at];
    if (first?.lists === undefined) {
      if (first !== undefined) joined.push(first);
      at += 1;
      continue;
    }
    const { lists, breach } = first;
    let end = at + 1;
    while (statements[end]?.lists === lists) end += 1;
    const chunks = statements.slice(at, end).map(({ params }) => params);
    const params = Array.from({ length: lists.columns }, (_, column) => writeList(chunks, column, lists.columns));
    joined.push(breach === undefined ? { text: lists.text, params } : { text: lists.text, params, breach });
    at = end;
  }
  return joined;
}

/** One column of the rows as https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO has it. */
function writeList(chunks: readonly (readonly SqlValue[])[], column: number, columns: number): string {
  let list = '';
  for (const params of chunks) {
    for (let at = column; at < params.length; at += columns) {
      list += list === '' ? writeItem(params[at]) : `,${writeItem(params[at])}`;
    }
  }
  return `{${list}}`;
}

function writeItem(value: SqlValue | undefined): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw new TypeError('bytes do not go as lists');
  return value.includes('"') || value.includes('\\') ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : `"${value}"`;
}
