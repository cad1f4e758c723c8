import type { ListInsert, SqlValue, Statement } from '../sql/statement.ts';

/**
 * Inserts of one kind that follow each other become one, which takes the rows as a list for each column. Its text is the
 * same for any number of rows, so that a connection plans it once, and a group of commits binds a few values instead of
 * hundreds. What the rows of a resource share goes once for all of them: it was half of what went over the wire.
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
    const params = writeLists(chunks, lists);
    joined.push(breach === undefined ? { text: lists.text, params } : { text: lists.text, params, breach });
    at = end;
  }
  return joined;
}

/** The lists that a list insert is bound to: rows of one resource follow each other. */
function writeLists(chunks: readonly (readonly SqlValue[])[], { own, shared }: ListInsert): string[] {
  const columns = own.length + shared.length;
  const numbers: number[] = [];
  const lists: SqlValue[][] = own.map(() => []);
  const sharedLists: SqlValue[][] = shared.map(() => []);
  let number = 0;
  for (const params of chunks) {
    for (let start = 0; start < params.length; start += columns) {
      if (shared.some((at, list) => sharedLists[list]?.[number - 1] !== params[start + at])) {
        for (const [list, at] of shared.entries()) sharedLists[list]?.push(params[start + at] ?? null);
        number += 1;
      }
      numbers.push(number);
      for (let list = 0; list < own.length; list += 1) lists[list]?.push(params[start + (own[list] ?? 0)] ?? null);
    }
  }
  return [numbers, ...lists, ...sharedLists].map(writeList);
}

/**
 * As https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO has it, which is JSON in other brackets, but that an
 * escaped character stands for itself there. Nearly no list has one, and nothing writes texts faster than this.
 */
function writeList(values: readonly SqlValue[]): string {
  const text = JSON.stringify(values);
  return text.includes('\\') ? `{${values.map(writeItem).join(',')}}` : `{${text.slice(1, -1)}}`;
}

function writeItem(value: SqlValue): string {
  return typeof value === 'string' ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : String(value);
}
