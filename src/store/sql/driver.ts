import type { NewAudit } from '../store.ts';
import type { Breach, Sql, SqlValue, Statement } from './statement.ts';

/** A row as a database gives it: column names in `snake_case`, values not yet turned into ours. */
export type Row = Readonly<Record<string, SqlValue>>;

/** The rows that each statement returned (RETURNING), or what stopped the list. */
export type Applied =
  | { readonly ok: true; readonly rows: readonly (readonly Row[])[] }
  | { readonly ok: false; readonly breach: Breach };

/** What a database must do for `createSqlStore` to make a store of it. */
export interface SqlDriver {
  /** Reads what is committed. */
  query(statement: Sql): Promise<readonly Row[]>;
  /**
   * The same for a statement that was composed for one request. It is to be planned for its values and not kept
   * prepared: a plan for any values can be hundreds of times slower, and there is no end of such statements.
   */
  search(statement: Sql): Promise<readonly Row[]>;
  /**
   * Applies the statements in order, durably, all of them or none, and with them the audit events, each in its place in
   * the hash chain.
   */
  apply(statements: readonly Statement[], audit?: readonly NewAudit[]): Promise<Applied>;
  /** Commits that come together are to be given to it as one; else it makes groups of them by itself. */
  readonly sharesCommits?: boolean;
  close(): Promise<void>;
}
