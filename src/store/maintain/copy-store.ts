import { refuse } from '../../kernel/errors.ts';
import { COPY_UNFINISHED, recordMigration } from '../sql/migrations.ts';
import { sql } from '../sql/statement.ts';
import { createRowSum, type RowHash } from './hash-rows.ts';
import { type StoreTables, selectAll, type Table } from './tables.ts';

export interface CopiedTable {
  readonly name: string;
  readonly from: RowHash;
  readonly to: RowHash;
}

export interface CopyResult {
  /** Of every table, what was read from the source and what the target holds in the end. */
  readonly tables: readonly CopiedTable[];
  /** Somebody wrote to the source while it was copied: what the target holds is the state at the beginning. */
  readonly sourceChanged: boolean;
  /** Every table has equal counts and hashes, and the target may be used. */
  readonly equal: boolean;
}

/**
 * Moves everything a store holds into another, which must be empty, or hold the beginning of the same copy. What is read
 * is one state of the source; what was written is read again in the end and compared. Until it is equal, no gateway
 * opens the target. Throws `store-unusable` when the two do not fit each other.
 */
export async function copyStore(
  source: StoreTables,
  target: StoreTables,
  tell: (table: CopiedTable) => void = () => {},
): Promise<CopyResult> {
  if ((await source.pendingMigrations()).length > 0) {
    throw refuse('store-unusable', 'The source is older than this Ginnel. Migrate it first: ginnel store migrate.');
  }
  const tables = await source.tables();
  // The same tables and columns; how each is keyed and counted is its database's own affair.
  const targets = new Map((await prepareTarget(target, tables)).map((table) => [table.name, table]));
  const targetOf = (table: Table): Table => targets.get(table.name) ?? table;
  const before = await lastNumbers(source, tables);
  const read = await source.snapshot(async () => {
    const sums = new Map<string, RowHash>();
    for (const table of tables) sums.set(table.name, await copyTable(source, table, target, targetOf(table)));
    return sums;
  });
  const copied: CopiedTable[] = [];
  await target.snapshot(async () => {
    for (const table of tables) {
      const from = read.get(table.name) ?? createRowSum([]).result();
      const one = { name: table.name, from, to: await sumTable(target, targetOf(table)) };
      copied.push(one);
      tell(one);
    }
  });
  const equal = copied.every(({ from, to }) => from.rows === to.rows && from.hash === to.hash);
  const sourceChanged = (await lastNumbers(source, tables)).join() !== before.join();
  if (equal) {
    await target.shrink();
    await target.run(sql`DELETE FROM migration WHERE number = ${COPY_UNFINISHED.number}`);
  }
  return { tables: copied, sourceChanged, equal };
}

async function prepareTarget(target: StoreTables, wanted: readonly Table[]): Promise<readonly Table[]> {
  const resumed = await target.isCopyUnfinished();
  if (!resumed) await target.migrate();
  const tables = await target.tables();
  const described = (list: readonly Table[]): string =>
    list.map(({ name, columns }) => `${name} (${columns.join(', ')})`).join('; ');
  if (described(tables) !== described(wanted)) {
    throw refuse(
      'store-unusable',
      'Source and target do not have the same tables and columns. Both must be stores of this version of Ginnel.',
    );
  }
  if (resumed) return tables;
  for (const { name } of tables) {
    const { rows } = await target.run({ text: `SELECT 1 AS n FROM ${name} LIMIT 1`, params: [] });
    if (rows.length === 0) continue;
    throw refuse('store-unusable', `The target is not empty: its table ${name} has rows. Name an empty one.`);
  }
  await target.run(recordMigration(COPY_UNFINISHED));
  return tables;
}

async function copyTable(source: StoreTables, table: Table, target: StoreTables, into: Table): Promise<RowHash> {
  const sum = createRowSum(table.columns);
  for await (const batch of source.rowsOf(selectAll(table))) {
    for (const row of batch) sum.add(row);
    await target.write(() =>
      target.insert(
        into,
        batch.map((row) => table.columns.map((column) => row[column] ?? null)),
      ),
    );
  }
  await target.countOnFrom(into, await source.lastNumberOf(table));
  return sum.result();
}

async function sumTable(store: StoreTables, table: Table): Promise<RowHash> {
  const sum = createRowSum(table.columns);
  for await (const batch of store.rowsOf(selectAll(table))) {
    for (const row of batch) sum.add(row);
  }
  return sum.result();
}

/** Whatever is written is audited, and audit events are counted. */
async function lastNumbers(store: StoreTables, tables: readonly Table[]): Promise<number[]> {
  const numbers: number[] = [];
  for (const table of tables) numbers.push(await store.lastNumberOf(table));
  return numbers;
}
