import type { ResourceIndexer } from '../../fhir/index-resource.ts';
import { type Issue, type IssueCode, issue } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { Sql } from '../sql/statement.ts';
import { findWrongIndexes } from './check-index.ts';
import { QUEUE_RULES } from './check-queues.ts';
import { RESOURCE_RULES } from './check-resources.ts';
import { repairIndex } from './repair-index.ts';
import type { StoreTables } from './tables.ts';

/** One thing that must be so in every store, as the statement that finds where it is not. */
export interface Rule {
  readonly code: IssueCode;
  /** What is wrong and what to do. */
  readonly text: string;
  /** Finds at most as many as it is told; its columns tell `placeOf` where. */
  readonly find: (limit: number) => Sql;
  readonly placeOf: (row: Readonly<Record<string, unknown>>) => string;
  /** Makes right what one row of `find` tells of, from what else is there. Undefined where that cannot be derived. */
  readonly repair?: (tables: StoreTables, row: Readonly<Record<string, unknown>>) => Promise<void>;
}

export interface CheckOptions {
  readonly indexer: ResourceIndexer;
  /** Extract the index rows of every resource anew and compare them; else those of a sample. */
  readonly all: boolean;
  /** Mend what can be derived from what else is there. */
  readonly repair: boolean;
}

export interface CheckResult {
  /** What is wrong, and was not mended. */
  readonly issues: readonly Issue[];
  readonly repaired: number;
  /** Resources whose index rows were compared. */
  readonly compared: number;
}

/** Looks whether a store agrees with itself. It may be in use: what is read is one state of it. */
export async function checkStore(tables: StoreTables, { indexer, all, repair }: CheckOptions): Promise<CheckResult> {
  const damages = (await tables.findDamage()).map((damage) => issue('store-damaged', damage));
  const issues: Issue[] = [...damages];
  let repaired = 0;
  for (const rule of [...RESOURCE_RULES, ...QUEUE_RULES]) {
    const { rows } = await tables.run(rule.find(LIMITS.storeFindingsMax));
    for (const row of rows) {
      if (repair && rule.repair !== undefined) {
        await rule.repair(tables, row);
        repaired += 1;
      } else {
        issues.push(issue(rule.code, rule.text, { at: rule.placeOf(row) }));
      }
    }
  }
  const { wrong, compared } = await findWrongIndexes(tables, indexer, all);
  for (const one of wrong) {
    if (repair) repaired += (await repairIndex(tables, indexer, one)) ? 1 : 0;
    else issues.push(...one.issues);
  }
  return { issues, repaired, compared };
}
