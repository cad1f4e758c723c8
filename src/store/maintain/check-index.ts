import type { ResourceIndexer } from '../../fhir/index-resource.ts';
import { type Issue, issue } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { text } from '../sql/rows.ts';
import { sql } from '../sql/statement.ts';
import { CURRENT, type CurrentResource, deriveRows, findDifferent, toCurrent } from './fresh-rows.ts';
import type { StoreTables } from './tables.ts';

/** A resource that searches would not find as they should. */
export interface WrongIndex {
  readonly type: string;
  readonly id: string;
  readonly issues: readonly Issue[];
}

/**
 * Current resources whose rows in the index tables are not what today's extraction makes of them: after a fault, or
 * after an upgrade that extracts more. All of them, or a sample drawn by chance.
 */
export async function findWrongIndexes(
  tables: StoreTables,
  indexer: ResourceIndexer,
  all: boolean,
): Promise<{ readonly wrong: readonly WrongIndex[]; readonly compared: number }> {
  const wrong: WrongIndex[] = [];
  let compared = 0;
  const compare = async (current: CurrentResource): Promise<void> => {
    compared += 1;
    const issues = await compareRows(tables, indexer, current);
    if (issues.length > 0) wrong.push({ type: current.type, id: current.id, issues });
  };
  await tables.snapshot(async () => {
    if (all) {
      for await (const batch of tables.rowsOf(CURRENT)) {
        for (const row of batch) await compare(toCurrent(row));
      }
      return;
    }
    const drawn = await tables.run(
      sql`SELECT type, id FROM resource WHERE deleted = 0 ORDER BY random() LIMIT ${LIMITS.storeSampleMax}`,
    );
    for (const row of drawn.rows) {
      const of = sql`${CURRENT} AND r.type = ${text(row, 'type')} AND r.id = ${text(row, 'id')}`;
      for (const found of (await tables.run(of)).rows) await compare(toCurrent(found));
    }
  });
  return { wrong, compared };
}

async function compareRows(tables: StoreTables, indexer: ResourceIndexer, current: CurrentResource): Promise<Issue[]> {
  const { statements, wrongClaims } = await deriveRows(tables, indexer, current);
  const different = (await findDifferent(tables, current, statements)).filter((table) => table !== 'identifier');
  const at = `${current.type}/${current.id}`;
  const repair = 'Run ginnel store check --all --repair.';
  return [
    ...(different.length === 0
      ? []
      : [
          issue('store-index-wrong', `Its rows in ${different.join(', ')} are not those of its content. ${repair}`, {
            at,
          }),
        ]),
    ...(wrongClaims
      ? [
          issue('store-claim-wrong', `The identifiers that it alone may hold are not those it carries. ${repair}`, {
            at,
          }),
        ]
      : []),
  ];
}
