import type { SearchRequest, SearchSort, SortKind } from '../../fhir/search-request.ts';
import { refuse } from '../../kernel/errors.ts';
import { isJsonObject } from '../../kernel/json.ts';
import { FENCE, joinSql, type Sql, type SqlValue, sql, TESTED } from './statement.ts';

const fence: Sql = { text: FENCE, params: [] };
const tested: Sql = { text: TESTED, params: [] };

/**
 * The order of a search: its keys, and at last the id, each either way. The id makes it total, so that a page can
 * start after a resource (keyset) and is the same however much others write meanwhile.
 */
export interface SearchOrder {
  readonly keys: readonly OrderKey[];
  readonly id: Way;
}

export type Way = 'up' | 'down';

export interface OrderKey {
  readonly param: string;
  /** Undefined: the time of last update. */
  readonly kind: SortKind | undefined;
  readonly way: Way;
}

/** The resource that a page starts behind: `back` for a page that ends before it. */
export interface SearchPlace {
  readonly keys: readonly SqlValue[];
  readonly id: string;
  readonly back: boolean;
}

const PLACE_CHARS_MAX = 16_384;

export function orderOf(sort: SearchRequest['sort']): SearchOrder {
  const upTo = sort.findIndex(({ param }) => param === '_id');
  // What follows the id cannot matter any more, and a key that stands again decides nothing.
  const heeded = upTo === -1 ? sort : sort.slice(0, upTo);
  const keys = heeded.filter((one, at) => heeded.findIndex(({ param }) => param === one.param) === at);
  return { keys: keys.map(keyOf), id: wayOf(sort[upTo]) };
}

function keyOf(sort: SearchSort): OrderKey {
  return { param: sort.param, kind: sort.kind, way: wayOf(sort) };
}

function wayOf(sort: SearchSort | undefined): Way {
  return sort?.descending === true ? 'down' : 'up';
}

/** Whether the order is that of an index of resources, by time or by id alone. */
export function isPlainOrder({ keys }: SearchOrder): boolean {
  return keys.length === 0 || (keys.length === 1 && keys[0]?.kind === undefined);
}

const COLUMNS: Readonly<Record<SortKind, readonly [table: string, column: string]>> = {
  token: ['token', 'code'],
  uri: ['token', 'code'],
  reference: ['reference', 'target'],
  string: ['string', 'folded'],
  date: ['date', 'low'],
  quantity: ['quantity', 'low'],
};

/** Sorts behind every text and every number that an index holds. */
const TEXT_LAST = '\u{10FFFF}';
const NUMBER_LAST = Number.MAX_SAFE_INTEGER;
const QUANTITY_LAST = Number.MAX_VALUE;

/** A resource's own value of a key: the one that comes first in the order, or what sorts last where it has none. */
export function valueOfKey({ param, kind, way }: OrderKey, type: string, id: Sql): Sql {
  if (kind === undefined) return sql`(SELECT x.last_updated FROM resource x WHERE x.type = ${type} AND x.id = ${id})`;
  const [table, column] = COLUMNS[kind];
  const picked: Sql = { text: way === 'up' ? 'min(y.value)' : 'max(y.value)', params: [] };
  const values: Sql = { text: `x.${column} AS value FROM ${table} x`, params: [] };
  return sql`coalesce((SELECT ${picked} FROM (SELECT ${values}
    WHERE x.type = ${type} AND x.id = ${id} AND x.param ${tested} = ${param} ${fence}) y), ${lastOf(kind, way)})`;
}

function lastOf(kind: SortKind, way: Way): SqlValue {
  if (kind === 'date') return way === 'up' ? NUMBER_LAST : -NUMBER_LAST;
  if (kind === 'quantity') return way === 'up' ? QUANTITY_LAST : -QUANTITY_LAST;
  return way === 'up' ? TEXT_LAST : '';
}

/** `ORDER BY` of these columns, turned round for a page that ends before its place. */
export function orderBy(order: SearchOrder, keys: readonly Sql[], id: Sql, back: boolean): Sql {
  const ways = [...order.keys.map(({ way }) => way), order.id];
  return joinSql(
    [...keys, id].map((column, at) => sql`${column} ${(ways[at] === 'up') === back ? sql`DESC` : sql`ASC`}`),
    ', ',
  );
}

/** Strictly behind `place`; said as a bound on the first column, which an index can use, and an exception within it. */
export function behindPlace(order: SearchOrder, place: SearchPlace, keys: readonly Sql[], id: Sql): Sql {
  const columns = [...keys, id];
  const ways = [...order.keys.map(({ way }) => way), order.id];
  const values = [...place.keys, place.id];
  return columns.reduceRight<Sql>((rest, column, at) => {
    const value = values[at] ?? null;
    const up = (ways[at] === 'up') !== place.back;
    const beyond = up ? sql`${column} > ${value}` : sql`${column} < ${value}`;
    if (rest.text === '') return beyond;
    const bound = up ? sql`${column} >= ${value}` : sql`${column} <= ${value}`;
    return sql`${bound} AND (${beyond} OR ${rest})`;
  }, sql``);
}

/** `SearchPage.next`: opaque to clients, and good for the same order only. */
export function encodePlace({ keys, id, back }: SearchPlace, order: SearchOrder): string {
  return Buffer.from(JSON.stringify({ order: nameOf(order), keys, id, back })).toString('base64url');
}

/** Throws `parameter-invalid` for anything that `encodePlace` did not make for this order. */
export function decodePlace(text: string, order: SearchOrder): SearchPlace {
  const body = text.length > PLACE_CHARS_MAX ? undefined : parseJson(Buffer.from(text, 'base64url').toString());
  if (isJsonObject(body) && body.order === nameOf(order)) {
    const { id, back } = body;
    const keys: unknown[] = Array.isArray(body.keys) ? body.keys : [];
    const fits = keys.length === order.keys.length && keys.every((key, at) => isOfKind(key, order.keys[at]?.kind));
    if (typeof id === 'string' && typeof back === 'boolean' && fits) return { keys: keys as SqlValue[], id, back };
  }
  throw refuse('parameter-invalid', 'This is not the address of a page of this search. Start from its first page.');
}

function isOfKind(key: unknown, kind: SortKind | undefined): boolean {
  return typeof key === (kind === 'date' || kind === 'quantity' ? 'number' : 'string');
}

function nameOf({ keys, id }: SearchOrder): string {
  return [...keys.map(({ param, way }) => `${way} ${param}`), id].join(',');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
