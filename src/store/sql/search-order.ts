import type { SearchRequest } from '../../fhir/search-request.ts';
import { refuse } from '../../kernel/errors.ts';
import { isJsonObject } from '../../kernel/json.ts';

/**
 * The order of a search: by id, or by last update and then by id, each either way. The id makes it total, so that a
 * page can start after a resource (keyset) and is the same however much others write meanwhile.
 */
export interface SearchOrder {
  /** Undefined: by id alone. */
  readonly lastUpdated: 'up' | 'down' | undefined;
  readonly id: 'up' | 'down';
}

/** The last resource of a page. */
export interface SearchPlace {
  readonly id: string;
  readonly lastUpdated: string;
}

const PLACE_CHARS_MAX = 1_024;

export function orderOf(sort: SearchRequest['sort']): SearchOrder {
  const upTo = sort.findIndex(({ param }) => param === '_id');
  // What follows the id cannot matter any more.
  const heeded = upTo === -1 ? sort : sort.slice(0, upTo + 1);
  const byTime = heeded.find(({ param }) => param === '_lastUpdated');
  const byId = heeded.find(({ param }) => param === '_id');
  return {
    lastUpdated: byTime === undefined ? undefined : byTime.descending ? 'down' : 'up',
    id: byId?.descending === true ? 'down' : 'up',
  };
}

/** `SearchPage.next`: opaque to clients, and good for the same order only. */
export function encodePlace(place: SearchPlace, order: SearchOrder): string {
  const body = { order: nameOf(order), id: place.id, lastUpdated: place.lastUpdated };
  return Buffer.from(JSON.stringify(body)).toString('base64url');
}

/** Throws `parameter-invalid` for anything that `encodePlace` did not make for this order. */
export function decodePlace(text: string, order: SearchOrder): SearchPlace {
  const body = text.length > PLACE_CHARS_MAX ? undefined : parseJson(Buffer.from(text, 'base64url').toString());
  if (isJsonObject(body) && body.order === nameOf(order)) {
    const { id, lastUpdated } = body;
    if (typeof id === 'string' && typeof lastUpdated === 'string') return { id, lastUpdated };
  }
  throw refuse('parameter-invalid', 'This is not the address of a page of this search. Start from its first page.');
}

function nameOf({ lastUpdated, id }: SearchOrder): string {
  return lastUpdated === undefined ? id : `${lastUpdated} ${id}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
