import type { ClientBase, Connection, FieldDef, Submittable } from 'pg';
import type { Row } from '../sql/driver.ts';
import type { SqlValue } from '../sql/statement.ts';
import type { Prepared } from './rewrite.ts';

/** What a connection holds prepared, by name, with the columns of its rows where they are of interest. */
export type KnownStatements = Map<string, readonly FieldDef[]>;

/** Why a batch failed, and which of its statements did; undefined when it was none of them. */
export class BatchFailure extends Error {
  readonly index: number | undefined;

  constructor(index: number | undefined, cause: unknown) {
    super('batch failed', { cause });
    this.index = index;
  }
}

export type BatchRows = readonly (readonly Row[])[];

/**
 * Statements that are sent at once with a single Sync behind them, and so are one transaction in one round trip: the
 * first that fails takes back those before it, and those behind it are passed over. Only what is returned is
 * described, and a statement with a name once for a connection.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class Batch implements Submittable {
  readonly rows: Row[][];
  /** How many rows each statement has inserted, changed, deleted or returned. */
  readonly touched: number[] = [];
  /** pg puts one of its own in its place, to see to its timeout. */
  callback: (fault: unknown) => void;
  readonly #statements: readonly Prepared[];
  readonly #known: KnownStatements;
  #completed = 0;
  #fields: readonly FieldDef[] = [];
  #described = false;

  constructor(statements: readonly Prepared[], known: KnownStatements, callback: (fault: unknown) => void) {
    this.#statements = statements;
    this.#known = known;
    this.callback = callback;
    this.rows = statements.map(() => []);
  }

  submit(connection: Connection): void {
    const parsed = new Set<string>();
    const { messages, sender } = collectMessages(connection);
    for (const { name, text, values, returnsRows } of this.#statements) {
      const known = name !== '' && this.#known.has(name);
      if (!known && !parsed.has(name)) {
        // A batch that failed may have left it prepared. To close what is not there is no error.
        if (name !== '') sender.close({ type: 'S', name }, true);
        sender.parse({ name, text, types: [] }, true);
        if (name !== '') parsed.add(name);
      }
      sender.bind({ portal: '', statement: name, values: [...values] }, true);
      if (returnsRows && !known) sender.describe({ type: 'P', name: '' }, true);
      sender.execute({ portal: '' }, true);
    }
    sender.sync();
    if (connection.stream.writable) connection.stream.write(Buffer.concat(messages));
  }

  handleRowDescription({ fields }: { readonly fields: readonly FieldDef[] }): void {
    this.#fields = fields;
    this.#described = true;
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const statement = this.#statements[this.#completed];
    if (statement?.returnsRows !== true) return;
    const columns = this.#described ? this.#fields : (this.#known.get(statement.name) ?? []);
    const row: Record<string, SqlValue> = {};
    columns.forEach(({ name, dataTypeID }, index) => {
      row[name] = parseValue(fields[index] ?? null, dataTypeID);
    });
    this.rows[this.#completed]?.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    // `INSERT 0 5`, `DELETE 5`, `SELECT 5`: the last word, where it is a number.
    this.touched[this.#completed] = Number(text.slice(text.lastIndexOf(' ') + 1)) || 0;
    const name = this.#statements[this.#completed]?.name ?? '';
    if (name !== '' && !this.#known.has(name)) this.#known.set(name, this.#fields);
    this.#fields = [];
    this.#described = false;
    this.#completed += 1;
  }

  handleError(fault: unknown): void {
    const index = this.#completed < this.#statements.length ? this.#completed : undefined;
    this.callback(new BatchFailure(index, fault));
  }

  handleReadyForQuery(): void {
    this.callback(undefined);
  }
}

/** A connection's messages as it would send them: one piece is cheaper to send than many, even gathered by the socket. */
function collectMessages(connection: Connection): { readonly messages: Buffer[]; readonly sender: Connection } {
  const messages: Buffer[] = [];
  const stream = { writable: true, write: (message: Buffer) => messages.push(message) > 0 };
  return { messages, sender: Object.create(connection, { stream: { value: stream } }) as Connection };
}

/** One statement on a connection that nobody else uses, within the transaction that is open there or in one of its own. */
export function runAlone(
  client: ClientBase,
  statement: Prepared,
): Promise<{ readonly rows: readonly Row[]; readonly touched: number }> {
  return new Promise((resolve, reject) => {
    const batch = new Batch([statement], new Map(), (fault) => {
      if (fault === undefined) resolve({ rows: batch.rows[0] ?? [], touched: batch.touched[0] ?? 0 });
      else reject(fault instanceof BatchFailure ? fault.cause : fault);
    });
    client.query(batch);
  });
}

/** https://www.postgresql.org/docs/current/catalog-pg-type.html: bigint, smallint, integer, real, double; bytea; the rest is text. */
function parseValue(text: string | null, type: number): SqlValue {
  if (text === null) return null;
  if (type === 20 || type === 21 || type === 23 || type === 700 || type === 701) return Number(text);
  return type === 17 ? Buffer.from(text.slice(2), 'hex') : text;
}
