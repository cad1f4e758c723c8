import { LIMITS } from '../../kernel/limits.ts';
import { FENCE, IN_SET, ROWS, SKIP_LOCKED, type Sql, type SqlValue, type Statement, TESTED } from '../sql/statement.ts';

/** A statement as PostgreSQL takes it. */
export interface Prepared {
  /** What it is kept prepared as on a connection; empty for one that is planned anew each time. */
  readonly name: string;
  readonly text: string;
  /** Whether its rows are of interest; then they have to be described. */
  readonly returnsRows: boolean;
  readonly values: readonly (string | Buffer | null)[];
}

/** Rewrites our SQL for PostgreSQL, and names what is worth keeping prepared. */
export interface Rewriter {
  /** For a fixed text: one of a list that is applied, or a read of one thing. */
  named(statement: Statement): Prepared;
  /** For a text that was composed for one request. */
  unnamed(statement: Sql): Prepared;
}

export function createRewriter(): Rewriter {
  // Texts depend on shapes alone, and shapes are bounded; what is beyond the bound is not named.
  const known = new Map<string, Omit<Prepared, 'values'>>();
  /** The same by our text, in which numbers of rows are literals. */
  const seen = new Map<string, { readonly prepared: Omit<Prepared, 'values'>; readonly limits: readonly string[] }>();
  const keep = (text: string, rows: number | undefined): Omit<Prepared, 'values'> => {
    const key = rows === undefined ? text : `${rows} ${text}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const full = known.size >= LIMITS.storeStatementsMax;
    const prepared = {
      name: full ? '' : `g${known.size}`,
      ...rewrite({ text, params: [], ...(rows === undefined ? {} : { rows }) }),
    };
    if (!full) known.set(key, prepared);
    return prepared;
  };
  return {
    named: ({ text, params, rows }) => {
      const key = rows === undefined ? text : `${rows} ${text}`;
      let one = seen.get(key);
      if (one === undefined) {
        const limits: string[] = [];
        const bound = text.replaceAll(NUMBER_OF_ROWS, (_, count: string) => {
          limits.push(count);
          return ROWS;
        });
        one = { prepared: keep(bound, rows), limits };
        if (seen.size >= LIMITS.storeTextsMax) seen.clear();
        seen.set(key, one);
      }
      return { ...one.prepared, values: [...params.map(toWire), ...one.limits] };
    },
    unnamed: (statement) => ({ name: '', ...rewrite(statement), values: statement.params.map(toWire) }),
  };
}

const NUMBER_OF_ROWS = /(\d+) \/\* rows \*\//g;

function rewrite({ text, rows }: Statement): Pick<Prepared, 'text' | 'returnsRows'> {
  let count = 0;
  // No text of ours has a question mark that is not a placeholder.
  const numbered = text
    .replaceAll('?', () => `$${++count}`)
    .replaceAll(SKIP_LOCKED, 'FOR UPDATE SKIP LOCKED')
    .replaceAll(FENCE, 'OFFSET 0')
    .replaceAll(TESTED, "|| ''")
    .replaceAll(IN_SET.start, '= ANY (ARRAY (')
    .replaceAll(IN_SET.end, '))')
    // Where the number itself stands before it, nothing is bound.
    .replaceAll(/(\d+ )?\/\* rows \*\//g, (_, literal?: string) => literal?.trim() ?? `$${++count}`);
  if (rows !== undefined) {
    // Counted by the database, so that too few rows stop the list before it is committed.
    const counted = `WITH touched AS (${numbered} RETURNING 1) SELECT require_rows(count(*), ${rows}) FROM touched`;
    return { text: counted, returnsRows: false };
  }
  return { text: numbered, returnsRows: /^\s*(?:SELECT|WITH|FETCH)\b|\bRETURNING\b/.test(text) };
}

/** PostgreSQL's text cannot hold U+0000. It becomes the replacement character, in what is stored and in what is sought. */
function toWire(value: SqlValue): string | Buffer | null {
  if (value === null) return null;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\u{FFFD}') : value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
