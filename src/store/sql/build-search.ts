import type { SearchRequest } from '../../fhir/search-request.ts';
import { currentRows, fromRows, leadingRows, rankFilter, testFilter } from './search-filters.ts';
import { decodePlace, orderOf, type SearchOrder, type SearchPlace } from './search-order.ts';
import { joinSql, type Sql, sql } from './statement.ts';

/**
 * One page of a search, and one resource more, by which the caller sees whether there is another page. The most
 * selective filter leads and the others are tested row by row; the resources themselves are read for the page alone.
 * CROSS JOIN says in which order: the hits first. Throws `parameter-invalid` when `after` is not a page of ours.
 */
export function buildSearch(request: SearchRequest): Sql {
  const order = orderOf(request.sort);
  const place = request.after === undefined ? undefined : decodePlace(request.after, order);
  const { from, distinct, id, lastUpdated, where } = hitsOf(request, order.lastUpdated !== undefined);
  const columns = order.lastUpdated === undefined ? sql`${id} AS id` : sql`${lastUpdated} AS last_updated, ${id} AS id`;
  const after = place === undefined ? sql`` : sql` AND ${startAfter(place, order, lastUpdated, id)}`;
  return sql`SELECT v.type, v.id, v.version, v.last_updated, v.deleted, v.content, v.patient
    FROM (SELECT ${distinct} ${columns} FROM ${from} WHERE ${where}${after}
      ORDER BY ${orderBy(order, lastUpdated, id)} LIMIT ${request.count + 1}) hit
    CROSS JOIN resource c CROSS JOIN version v
    WHERE c.type = ${request.type} AND c.id = hit.id
      AND v.type = ${request.type} AND v.id = hit.id AND v.version = c.version
    ORDER BY ${orderBy(order, sql`hit.last_updated`, sql`hit.id`)}`;
}

/** How many resources a search finds, whatever page is asked for. */
export function buildCount(request: SearchRequest): Sql {
  const { from, distinct, id, where } = hitsOf(request, false);
  return sql`SELECT count(*) AS total FROM (SELECT ${distinct} ${id} FROM ${from} WHERE ${where}) hit`;
}

interface Hits {
  readonly from: Sql;
  /** An index may hold several rows of one resource; the table of resources does not. */
  readonly distinct: Sql;
  readonly id: Sql;
  readonly lastUpdated: Sql;
  readonly where: Sql;
}

function hitsOf({ type, filters }: SearchRequest, withTime: boolean): Hits {
  const ranked = filters
    .map((filter) => ({ filter, rank: rankFilter(filter) ?? Number.POSITIVE_INFINITY }))
    .sort((one, other) => one.rank - other.rank);
  const leads = ranked[0] !== undefined && ranked[0].rank !== Number.POSITIVE_INFINITY;
  const leader = leads ? ranked[0]?.filter : undefined;
  const rows = leader === undefined ? currentRows(type) : leadingRows(leader, type);
  const id = sql`${rows.alias}.id`;
  const distinct = rows.table === 'resource' ? sql`` : sql`DISTINCT`;
  const tests = ranked.slice(leads ? 1 : 0).map(({ filter }) => testFilter(filter, type, id, 1));
  const where = joinSql([rows.where, ...tests], ' AND ');
  if (!withTime || rows.table === 'resource') {
    return { from: fromRows(rows), distinct, id, lastUpdated: sql`${rows.alias}.last_updated`, where };
  }
  return {
    from: sql`${fromRows(rows)} CROSS JOIN resource r`,
    distinct,
    id,
    lastUpdated: sql`r.last_updated`,
    where: sql`${where} AND r.type = ${type} AND r.id = ${id}`,
  };
}

function orderBy(order: SearchOrder, lastUpdated: Sql, id: Sql): Sql {
  const byId = sql`${id} ${direction(order.id)}`;
  return order.lastUpdated === undefined ? byId : sql`${lastUpdated} ${direction(order.lastUpdated)}, ${byId}`;
}

/** Strictly after `place`; said as a bound on the first column, which an index can use, and an exception within it. */
function startAfter(place: SearchPlace, order: SearchOrder, lastUpdated: Sql, id: Sql): Sql {
  const byId = order.id === 'up' ? sql`${id} > ${place.id}` : sql`${id} < ${place.id}`;
  if (order.lastUpdated === undefined) return byId;
  const at = place.lastUpdated;
  return order.lastUpdated === 'up'
    ? sql`${lastUpdated} >= ${at} AND (${lastUpdated} > ${at} OR ${byId})`
    : sql`${lastUpdated} <= ${at} AND (${lastUpdated} < ${at} OR ${byId})`;
}

function direction(way: 'up' | 'down'): Sql {
  return way === 'up' ? sql`ASC` : sql`DESC`;
}
