import type { SearchRequest } from '../../fhir/search-request.ts';
import type { FactsAsked, SearchPage } from '../store.ts';
import { buildCount, buildSearch, placeOf } from './build-search.ts';
import type { Row, SqlDriver } from './driver.ts';
import { mayOpenRecord, opensRecord } from './open-record.ts';
import { factColumns, readFactColumns, readFactsOf, readMarks } from './patient-facts.ts';
import { number, text, toResource } from './rows.ts';
import { encodePlace, orderOf, type SearchOrder } from './search-order.ts';
import { sql } from './statement.ts';

/** One page, with the places from which those before and behind it are read. */
export async function runSearch(driver: SqlDriver, request: SearchRequest, asked?: FactsAsked): Promise<SearchPage> {
  const counted = request.total || request.count === 0 ? await driver.search(buildCount(request)) : [];
  const total = counted[0] === undefined ? {} : { total: number(counted[0], 'total') };
  if (request.count === 0) return { matches: [], ...total };
  const order = orderOf(request.sort);
  const place = placeOf(request);
  const found = (await searchRecord(driver, request, asked)) ?? (await searchRows(driver, request, asked));
  const page = found.slice(0, request.count);
  const more = found.length > request.count;
  const back = place?.back === true;
  if (back) page.reverse();
  // Where one goes on from a place, there is at least what lies on the other side of it.
  const [hasPrevious, hasNext] = back ? [more, true] : [place !== undefined, more];
  const [first, last] = [page[0], page.at(-1)];
  const known =
    asked === undefined || first === undefined
      ? {}
      : { facts: readFactColumns(first, asked) ?? (await readFactsOf(driver, asked)) };
  return {
    matches: page.map(toResource),
    ...known,
    ...total,
    ...(hasNext && last !== undefined ? { next: placeAt(last, order, false) } : {}),
    ...(hasPrevious && first !== undefined ? { previous: placeAt(first, order, true) } : {}),
  };
}

function searchRows(driver: SqlDriver, request: SearchRequest, asked?: FactsAsked): Promise<readonly Row[]> {
  const facts = asked === undefined ? sql`` : factColumns(sql`${asked.patient}`, asked.organisations);
  return (isPointSearch(request) ? driver.query : driver.search)(buildSearch(request, facts));
}

/**
 * The rows of a search for one patient's resources, found without a test of each, where the same statement says of the
 * record as a whole that the caller may find all of it, and they all are in it. Undefined where that is not so: then
 * each is tested.
 */
async function searchRecord(
  driver: SqlDriver,
  request: SearchRequest,
  asked: FactsAsked | undefined,
): Promise<readonly Row[] | undefined> {
  const { access } = request;
  if (asked === undefined || access === undefined || !isPointSearch(request)) return undefined;
  if (!mayOpenRecord(access, request.type)) return undefined;
  const facts = factColumns(sql`${asked.patient}`, asked.organisations);
  const rows = await driver.query(buildSearch({ ...request, access: undefined }, facts));
  const [first] = rows;
  if (first === undefined) return rows;
  const isOpen = opensRecord(access, readMarks(first, asked.organisations), asked.patient);
  return isOpen && rows.every(({ patient }) => patient === asked.patient) ? rows : undefined;
}

/**
 * By one reference or identifier alone and in the order of ids: there is one good plan for it, whatever the values, and
 * it is asked often enough to be worth keeping prepared.
 */
function isPointSearch({ filters, sort, after }: SearchRequest): boolean {
  const [filter, another] = filters;
  if (filter === undefined || another !== undefined || sort.length > 0 || after !== undefined) return false;
  if (filter.kind === 'reference') return filter.values.length === 1;
  return filter.kind === 'token' && filter.param === 'identifier' && !filter.not && filter.values.length === 1;
}

function placeAt(row: Row, order: SearchOrder, back: boolean): string {
  const keys = order.keys.map(({ kind }, at) =>
    kind === 'date' || kind === 'quantity' ? number(row, `k${at}`) : text(row, `k${at}`),
  );
  return encodePlace({ keys, id: text(row, 'id'), back }, order);
}
