import type { SearchRequest } from '../../fhir/search-request.ts';
import { andAccess } from './access-filter.ts';
import { currentRows } from './filter-rows.ts';
import { leadingRows, rankFilter, testFilter } from './search-filters.ts';
import {
  behindPlace,
  decodePlace,
  isPlainOrder,
  orderBy,
  orderOf,
  type SearchOrder,
  type SearchPlace,
  valueOfKey,
} from './search-order.ts';
import { FENCE, joinSql, limitSql, type Sql, sql } from './statement.ts';

const fence: Sql = { text: FENCE, params: [] };

/**
 * One page of a search, and one resource more, by which the caller sees whether there is another page. The most
 * selective filter leads and the others are tested row by row; the resources themselves are read for the page alone.
 * CROSS JOIN says in which order: the hits first. A page that ends before its place comes in reverse. Throws
 * `parameter-invalid` when `after` is not a page of ours. `more`: columns that are to stand behind.
 */
export function buildSearch(request: SearchRequest, more: Sql = sql``): Sql {
  const order = orderOf(request.sort);
  const place = placeOf(request);
  const hits = isPlainOrder(order) ? plainHits(request, order, place) : sortedHits(request, order, place);
  const keys = keyColumns(order, sql`hit`);
  const values = keys.map((key) => sql`, ${key}`);
  return sql`SELECT v.type, v.id, v.version, v.last_updated, v.deleted, v.content, v.patient${joinSql(values, '')}${more}
    FROM (${hits}) hit CROSS JOIN resource c CROSS JOIN version v
    WHERE c.type = ${request.type} AND c.id = hit.id
      AND v.type = c.type AND v.id = c.id AND v.version = c.version
    ORDER BY ${orderBy(order, keys, sql`hit.id`, place?.back === true)}`;
}

/** Where the page of a request starts; undefined for the first. */
export function placeOf({ after, sort }: SearchRequest): SearchPlace | undefined {
  return after === undefined ? undefined : decodePlace(after, orderOf(sort));
}

/** How many resources a search finds, whatever page is asked for. */
export function buildCount(request: SearchRequest): Sql {
  const { from, distinct, id, where } = hitsOf(request, false);
  return sql`SELECT count(*) AS total FROM (SELECT ${distinct} ${id} FROM ${from} WHERE ${where}) hit`;
}

function keyColumns({ keys }: SearchOrder, table: Sql): Sql[] {
  return keys.map((_, at) => ({ text: `${table.text}.k${at}`, params: [] }));
}

/** In the order of the resources' own columns. */
function plainHits(request: SearchRequest, order: SearchOrder, place: SearchPlace | undefined): Sql {
  const { from, distinct, id, lastUpdated, where } = hitsOf(request, order.keys.length > 0);
  const keys = order.keys.map(() => lastUpdated);
  const columns = order.keys.length === 0 ? sql`${id} AS id` : sql`${lastUpdated} AS k0, ${id} AS id`;
  const behind = place === undefined ? sql`` : sql` AND ${behindPlace(order, place, keys, id)}`;
  return sql`SELECT ${distinct} ${columns} FROM ${from} WHERE ${where}${behind}
      ORDER BY ${orderBy(order, keys, id, place?.back === true)} LIMIT ${limitSql(pageLimit(request.count))}`;
}

/** In the order of values that stand in the index: all hits, each with its values. */
function sortedHits(request: SearchRequest, order: SearchOrder, place: SearchPlace | undefined): Sql {
  const { from, distinct, id, where } = hitsOf(request, false);
  const keys = keyColumns(order, sql`h`);
  const values = order.keys.map((key, at) => {
    const name: Sql = { text: `k${at}`, params: [] };
    return sql`, ${valueOfKey(key, request.type, sql`d.id`)} AS ${name}`;
  });
  const behind = place === undefined ? sql`` : sql` WHERE ${behindPlace(order, place, keys, sql`h.id`)}`;
  return sql`SELECT h.* FROM (SELECT d.id${joinSql(values, '')}
        FROM (SELECT ${distinct} ${id} AS id FROM ${from} WHERE ${where}) d ${fence}) h${behind}
      ORDER BY ${orderBy(order, keys, sql`h.id`, place?.back === true)} LIMIT ${limitSql(pageLimit(request.count))}`;
}

/** Steps, so that there are few texts of a search, whatever pages are asked for. */
const PAGE_LIMITS = [2, 3, 6, 11, 21, 51, 101, 201];

/** Rows to look for: one more than the page at least, by which one sees whether there is another. */
function pageLimit(count: number): number {
  return PAGE_LIMITS.find((limit) => limit > count) ?? count + 1;
}

interface Hits {
  readonly from: Sql;
  /** An index may hold several rows of one resource; the table of resources does not. */
  readonly distinct: Sql;
  readonly id: Sql;
  readonly lastUpdated: Sql;
  readonly where: Sql;
}

function hitsOf({ type, filters, access }: SearchRequest, withTime: boolean): Hits {
  const ranked = filters
    .map((filter) => ({ filter, rank: rankFilter(filter) ?? Number.POSITIVE_INFINITY }))
    .sort((one, other) => one.rank - other.rank);
  const leads = ranked[0] !== undefined && ranked[0].rank !== Number.POSITIVE_INFINITY;
  const leader = leads ? ranked[0]?.filter : undefined;
  const rows = leader === undefined ? currentRows(type, 0) : leadingRows(leader, type);
  const id = sql`${rows.alias}.id`;
  const distinct = rows.ofResources ? sql`` : sql`DISTINCT`;
  const tests = ranked.slice(leads ? 1 : 0).map(({ filter }) => testFilter(filter, type, id, 1));
  const allowed = andAccess(access, { type, id, patient: sql`${rows.alias}.patient`, depth: 0 }, testFilter);
  const where = sql`${joinSql([rows.where, ...tests], ' AND ')}${allowed}`;
  if (!withTime || rows.ofResources) {
    return { from: rows.from, distinct, id, lastUpdated: sql`${rows.alias}.last_updated`, where };
  }
  return {
    from: sql`${rows.from} CROSS JOIN resource r`,
    distinct,
    id,
    lastUpdated: sql`r.last_updated`,
    where: sql`${where} AND r.type = ${type} AND r.id = ${id}`,
  };
}
