import type { ChangePlace, ChangeRequest, StoredResource } from '../store.ts';
import type { Row, SqlDriver } from './driver.ts';
import { text, toResource } from './rows.ts';
import { joinSql, limitSql, type Sql, sql } from './statement.ts';

const COLUMNS = sql`v.type, v.id, v.version, v.last_updated, v.deleted, v.content, v.patient`;

/** Types that are each looked at without asking first whether there is anything of them. */
const FEW_TYPES = 4;

/**
 * The walk over versions: of one resource by version, else by time, then by type, id and version, which is a total
 * order, so that a page can begin behind any version (keyset) whatever others write. Each type is read off its own
 * stretch of one index, up to the page's size; what they give together is put in order.
 */
export async function listChanges(driver: SqlDriver, request: ChangeRequest): Promise<StoredResource[]> {
  if (request.limit < 1 || request.types.length === 0) return [];
  const types = request.types.length > FEW_TYPES ? await typesHeld(driver, request.types) : request.types;
  if (types.length === 0) return [];
  return (await driver.search(buildChanges(request, types))).map(toResource);
}

/** Of the types, those of which there is or was a resource: a look at the first row of each. */
async function typesHeld(driver: SqlDriver, types: readonly string[]): Promise<string[]> {
  const looks = types.map(
    (type) => sql`SELECT ${type} AS type WHERE EXISTS (SELECT 1 FROM resource WHERE type = ${type})`,
  );
  const rows = await driver.search(joinSql(looks, ' UNION ALL '));
  return rows.map((row: Row) => text(row, 'type'));
}

/** One statement for a page of the walk over these types. */
export function buildChanges(request: ChangeRequest, types: readonly string[]): Sql {
  const pages = types.map((type) => sql`SELECT * FROM (${pageOf(request, type)}) p`);
  if (types.length === 1) return pageOf(request, types[0] ?? '');
  return sql`SELECT * FROM (${joinSql(pages, ' UNION ALL ')}) v ORDER BY ${orderBy(request, sql`v`)} LIMIT ${limitSql(request.limit)}`;
}

function pageOf(request: ChangeRequest, type: string): Sql {
  const { id, since, at, after, limit } = request;
  const conditions = [
    sql`v.type = ${type}`,
    ...(id === undefined ? [] : [sql`v.id = ${id}`]),
    ...(since === undefined ? [] : [sql`v.last_updated >= ${since}`]),
    ...(at === undefined ? [] : [currentWithin(at)]),
    ...(after === undefined ? [] : [behind(request, after, type)]),
  ];
  return sql`SELECT ${COLUMNS} FROM version v WHERE ${joinSql(conditions, ' AND ')}
    ORDER BY ${orderBy(request, sql`v`)} LIMIT ${limitSql(limit)}`;
}

/** Made before the end of the time, and not replaced before its beginning. */
function currentWithin({ low, high }: { readonly low: string; readonly high: string }): Sql {
  return sql`v.last_updated < ${high} AND NOT EXISTS (SELECT 1 FROM version n
    WHERE n.type = v.type AND n.id = v.id AND n.version = v.version + 1 AND n.last_updated <= ${low})`;
}

/** Strictly behind `place`: a bound on the first column, which the index can use, and what is behind it within that. */
function behind({ id, order }: ChangeRequest, place: ChangePlace, type: string): Sql {
  const newest = order === 'newest';
  if (id !== undefined) return newest ? sql`v.version < ${place.version}` : sql`v.version > ${place.version}`;
  const { lastUpdated } = place;
  if (type !== place.type) {
    const whole = newest ? type < place.type : type > place.type;
    if (newest) return whole ? sql`v.last_updated <= ${lastUpdated}` : sql`v.last_updated < ${lastUpdated}`;
    return whole ? sql`v.last_updated >= ${lastUpdated}` : sql`v.last_updated > ${lastUpdated}`;
  }
  return newest
    ? sql`v.last_updated <= ${lastUpdated} AND (v.last_updated < ${lastUpdated} OR v.id < ${place.id}
        OR (v.id = ${place.id} AND v.version < ${place.version}))`
    : sql`v.last_updated >= ${lastUpdated} AND (v.last_updated > ${lastUpdated} OR v.id > ${place.id}
        OR (v.id = ${place.id} AND v.version > ${place.version}))`;
}

function orderBy({ id, order }: ChangeRequest, of: Sql): Sql {
  const way = order === 'newest' ? sql`DESC` : sql`ASC`;
  if (id !== undefined) return sql`${of}.version ${way}`;
  return sql`${of}.last_updated ${way}, ${of}.type ${way}, ${of}.id ${way}, ${of}.version ${way}`;
}
