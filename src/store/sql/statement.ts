/** What can be bound to a placeholder. Times are ISO text, booleans are 0 and 1, lists and objects are JSON text. */
export type SqlValue = string | number | Uint8Array | null;

/**
 * Why a list of statements was not applied. `version`, `identifier` and `message` are the conflicts of a commit;
 * `stale`: the lease or the state it builds on is gone; `assertion`: the assertion was used before; `segment`: another
 * process has opened a segment of the audit under this number.
 */
export type Breach = 'version' | 'identifier' | 'message' | 'stale' | 'assertion' | 'segment';

/** Text and parameters. The text depends on the shape alone, so that a driver can keep it prepared. */
export interface Sql {
  readonly text: string;
  readonly params: readonly SqlValue[];
}

/**
 * One statement of a list that is applied whole or not at all. Its text is the same for every database; a driver
 * rewrites the `?` placeholders, `SKIP_LOCKED`, `FENCE`, `TESTED`, `IN_SET` and `ROWS` to its own.
 */
export interface Statement extends Sql {
  /** What it means when the statement breaks a unique or foreign key, or touches fewer rows than `rows`. */
  readonly breach?: Breach;
  /** The same insert with its rows as lists, for a database that takes them so. */
  readonly lists?: ListInsert;
  /** Rows that it must touch. Fewer is a breach, or a fault of ours where no breach is named. */
  readonly rows?: number;
}

/**
 * An insert of any number of rows, each of them of a resource. Its placeholders are lists: for each row the number of its
 * resource, then each of its own columns; and the columns of the resources, which their rows share.
 */
export interface ListInsert {
  readonly text: string;
  /** Where the columns stand in a row. */
  readonly own: readonly number[];
  readonly shared: readonly number[];
}

/** Where rows that another process has locked are to be passed over. SQLite has one writer and needs nothing there. */
export const SKIP_LOCKED = '/* skip locked */';

/**
 * At the end of a subquery that is to be run for each row as it stands. PostgreSQL would make a join of it, and without
 * fresh statistics a bad one; SQLite does as it is told.
 */
export const FENCE = '/* fence */';

/**
 * After a column that rows are to be tested by and not looked up by. PostgreSQL, while its statistics are young, takes an
 * index that starts with a parameter for as good as the one that starts with the resource, and walks every value of it.
 */
export const TESTED = '/* tested */';

/** Around a subquery whose rows are looked for first, and lead to rows that have one of them. */
export const IN_SET = { start: 'IN (/* set */', end: '/* end of set */)' } as const;

/**
 * Joins SQL: a value becomes a placeholder and its parameter, a piece of SQL is put in with its own parameters.
 * No value can reach the text of a statement.
 */
export function sql(texts: TemplateStringsArray, ...values: readonly (SqlValue | Sql)[]): Sql {
  let text = texts[0] ?? '';
  const params: SqlValue[] = [];
  values.forEach((value, index) => {
    if (isSql(value)) {
      text += value.text;
      for (const param of value.params) params.push(param);
    } else {
      text += '?';
      params.push(value);
    }
    text += texts[index + 1] ?? '';
  });
  return { text, params };
}

export function joinSql(parts: readonly Sql[], separator: string): Sql {
  return { text: parts.map(({ text }) => text).join(separator), params: parts.flatMap(({ params }) => params) };
}

/**
 * A word of ours as a literal, where there are few of its kind: to bind a text costs more than to look up a row. Anything
 * but letters is bound.
 */
export function wordSql(word: string): Sql {
  return /^[A-Za-z]{0,40}$/.test(word) ? { text: `'${word}'`, params: [] } : { text: '?', params: [word] };
}

/** Behind a number of rows that differs from request to request: PostgreSQL keeps one statement for all of them. */
export const ROWS = '/* rows */';

/** How many rows, as a literal: SQLite plans a statement anew at every run whose LIMIT is bound. */
export function limitSql(count: number): Sql {
  if (!Number.isSafeInteger(count) || count < 0) throw new TypeError('a limit is no whole number');
  return { text: `${count} ${ROWS}`, params: [] };
}

function isSql(value: SqlValue | Sql): value is Sql {
  return typeof value === 'object' && value !== null && 'text' in value;
}
