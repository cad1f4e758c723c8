import type { AccessLimits } from '../../fhir/search-access.ts';
import type { AnyFilter, ChainFilter, HasFilter, SearchFilter } from '../../fhir/search-request.ts';
import { andAccess } from './access-filter.ts';
import { aliasAt, currentRows, indexRows, plainRows, type Rows, valueRows } from './filter-rows.ts';
import { FENCE, IN_SET, joinSql, type Sql, sql } from './statement.ts';

const fence: Sql = { text: FENCE, params: [] };
const setStart: Sql = { text: IN_SET.start, params: [] };
const setEnd: Sql = { text: IN_SET.end, params: [] };

/**
 * The order in which filters lead a search, the most selective first; undefined where a filter cannot lead, because it
 * is about the absence of rows. Led by the wrong one, a search over 20,000 resources is hundreds of times slower.
 */
export function rankFilter(filter: SearchFilter): number | undefined {
  switch (filter.kind) {
    case 'id':
      return 0;
    case 'token':
      if (filter.not) return undefined;
      if (filter.values.some(({ code }) => code === undefined)) return 9;
      return /^identifier$|:/.test(filter.param) ? 1 : 5;
    case 'reference':
      return filter.param === 'patient' || filter.param === 'subject' ? 2 : 3;
    case 'composite':
      return 4;
    case 'date':
      return 6;
    case 'quantity':
      return 6.2;
    case 'lastUpdated':
      return 6.5;
    case 'string':
      return filter.match === 'starts' ? 7 : 8;
    case 'text':
      return 7.5;
    case 'uri':
      // Every resource of a type may have the same profile.
      return filter.param.startsWith('_') ? 8.5 : 5;
    case 'missing':
      return undefined;
    case 'any': {
      const ranks = filter.filters.map(rankFilter);
      return ranks.includes(undefined) ? undefined : Math.max(0, ...ranks.map(Number));
    }
    case 'chain':
    case 'has': {
      const inner = rankFilter(filter.filter);
      return inner === undefined ? undefined : inner + 0.5;
    }
  }
}

/** The rows that lead a search. `filter` must have a rank. */
export function leadingRows(filter: SearchFilter, type: string, depth = 0): Rows {
  switch (filter.kind) {
    case 'chain':
      return leadingReferences(filter, type, depth);
    case 'has':
      return leadingTargets(filter, type, depth);
    case 'any':
      return leadingUnion(filter, type, depth);
    case 'missing':
      throw new Error('a filter about absence cannot lead');
    default:
      return plainRows(filter, type, depth);
  }
}

/** The ids of what the rows lead to, among what the caller may find. */
function leadingIds(filter: SearchFilter, type: string, depth: number, access?: AccessLimits): Sql {
  const { from, alias, where } = leadingRows(filter, type, depth);
  const row = { type, id: sql`${alias}.id`, patient: sql`${alias}.patient`, depth };
  return sql`SELECT ${row.id} FROM ${from} WHERE ${where}${andAccess(access, row, testFilter)}`;
}

/** Of a chain: the references to what its own filter leads to. */
function leadingReferences({ param, targetType, filter, access }: ChainFilter, type: string, depth: number): Rows {
  const alias = aliasAt(depth);
  const ids = leadingIds(filter, targetType, depth + 1, access);
  const test = sql`${alias}.target_type = ${targetType} AND ${alias}.target ${setStart}${ids}${setEnd}`;
  return indexRows('reference', type, param, depth, { test });
}

/** Of `_has`: what the resources refer to that its own filter leads to. */
function leadingTargets({ source, param, filter, access }: HasFilter, type: string, depth: number): Rows {
  const references = aliasAt(depth + 1);
  const ids = leadingIds(filter, source, depth + 2, access);
  const test = sql`${references}.id ${setStart}${ids}${setEnd} AND ${references}.target_type = ${type}`;
  const { from, where } = indexRows('reference', source, param, depth + 1, { test });
  return joinResources({ from, where }, sql`${references}.target`, type, depth);
}

function leadingUnion({ filters }: AnyFilter, type: string, depth: number): Rows {
  if (filters.length === 0) return currentRows(type, depth, sql`1 = 0`);
  const union = aliasAt(depth + 1);
  const ids = joinSql(
    filters.map((filter) => leadingIds(filter, type, depth + 2)),
    ' UNION ',
  );
  return joinResources({ from: sql`(${ids}) ${union}`, where: sql`1 = 1` }, sql`${union}.id`, type, depth);
}

/** The current resources that rows of another kind name. CROSS JOIN says in which order: those rows first. */
function joinResources({ from, where }: Pick<Rows, 'from' | 'where'>, id: Sql, type: string, depth: number): Rows {
  const current = currentRows(type, depth, sql`${aliasAt(depth)}.id = ${id}`);
  return {
    from: sql`${from} CROSS JOIN ${current.from}`,
    alias: current.alias,
    where: sql`${where} AND ${current.where}`,
    ofResources: false,
  };
}

/**
 * A condition that holds when the filter finds the resource of this type whose id is `id`. `depth` is greater than
 * that of the rows `id` belongs to, so that the two have different names.
 */
export function testFilter(filter: SearchFilter, type: string, id: Sql, depth: number): Sql {
  switch (filter.kind) {
    case 'any': {
      if (filter.filters.length === 0) return sql`1 = 0`;
      const tests = filter.filters.map((one) => testFilter(one, type, id, depth));
      return sql`(${joinSql(tests, ' OR ')})`;
    }
    case 'missing': {
      const tests = valueRows(filter, type, depth).map((rows) => existsRow(rows, id));
      const exists = sql`(${joinSql(tests, ' OR ')})`;
      return filter.missing ? sql`NOT ${exists}` : exists;
    }
    case 'chain':
      return testChain(filter, type, id, depth);
    case 'has':
      return testHas(filter, type, id, depth);
    default: {
      const exists = existsRow(plainRows(filter, type, depth, 'test'), id);
      return filter.kind === 'token' && filter.not ? sql`NOT ${exists}` : exists;
    }
  }
}

function existsRow({ from, alias, where }: Rows, id: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM ${from} WHERE ${where} AND ${alias}.id = ${id} ${fence})`;
}

function testChain({ param, targetType, filter, access }: ChainFilter, type: string, id: Sql, depth: number): Sql {
  const alias = aliasAt(depth);
  const target = sql`${alias}.target`;
  // A filter about absence holds for what does not exist, so the target is looked for as well.
  const current = currentRows(targetType, depth + 1);
  const row = { type: targetType, id: target, patient: sql`${current.alias}.patient`, depth: depth + 1 };
  const exists = sql`EXISTS (SELECT 1 FROM ${current.from} WHERE ${current.where}
    AND ${current.alias}.id = ${target}${andAccess(access, row, testFilter)} ${fence})`;
  const matches = testFilter(filter, targetType, target, depth + 1);
  const test = sql`${alias}.target_type = ${targetType} AND ${exists} AND ${matches}`;
  return existsRow(indexRows('reference', type, param, depth, { test, use: 'test' }), id);
}

/** Index rows are of current resources alone, so that the one that refers need not be looked for. */
function testHas({ source, param, filter, access }: HasFilter, type: string, id: Sql, depth: number): Sql {
  const alias = aliasAt(depth);
  const row = { type: source, id: sql`${alias}.id`, patient: sql`${alias}.patient`, depth };
  const matches = testFilter(filter, source, row.id, depth + 1);
  const test = sql`${alias}.target = ${id} AND ${alias}.target_type = ${type} AND ${matches}`;
  const { from, where } = indexRows('reference', source, param, depth, { test });
  return sql`EXISTS (SELECT 1 FROM ${from} WHERE ${where}${andAccess(access, row, testFilter)} ${fence})`;
}
