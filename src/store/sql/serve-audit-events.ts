import type { SearchRequest } from '../../fhir/search-request.ts';
import { refuse } from '../../kernel/errors.ts';
import { isJsonObject } from '../../kernel/json.ts';
import type { SearchPage, Store, StoredResource } from '../store.ts';
import {
  type AuditOrder,
  type AuditPosition,
  buildAuditCount,
  buildAuditRead,
  buildAuditSearch,
} from './audit-search.ts';
import type { Row, SqlDriver } from './driver.ts';
import { number, toAuditText, toResource } from './rows.ts';

const TYPE = 'AuditEvent';
const PLACE_CHARS_MAX = 512;

/**
 * The audit as resources of the type AuditEvent, of one version each, read from the audit itself: an event is written
 * once and indexed by its patient and time alone, because every read of a record pays for it.
 */
export function serveAuditEvents(store: Store, driver: SqlDriver): Store {
  const readEvent = async (id: string): Promise<StoredResource | undefined> =>
    (await driver.query(buildAuditRead(id))).map(toEvent)[0];
  return {
    ...store,
    commit: async (commit) => {
      if (commit.writes.some(({ type }) => type === TYPE)) {
        throw refuse('method-not-allowed', 'AuditEvents are written by the gateway alone. They are read and searched.');
      }
      return store.commit(commit);
    },
    read: (type, id) => (type === TYPE ? readEvent(id) : store.read(type, id)),
    readWithFacts: async (type, id, organisations) => {
      if (type !== TYPE) return store.readWithFacts(type, id, organisations);
      const stored = await readEvent(id);
      if (stored === undefined || stored.patient === null) return stored && { stored, facts: undefined };
      const [facts] = await store.patientFacts({ patients: [stored.patient], organisations });
      return { stored, facts };
    },
    readVersion: async (type, id, version) => {
      if (type !== TYPE) return store.readVersion(type, id, version);
      return version === 1 ? readEvent(id) : undefined;
    },
    history: async (type, id) => {
      if (type !== TYPE) return store.history(type, id);
      const event = await readEvent(id);
      return event === undefined ? [] : [event];
    },
    search: (request, asked) => (request.type === TYPE ? searchEvents(driver, request) : store.search(request, asked)),
  };
}

async function searchEvents(driver: SqlDriver, request: SearchRequest): Promise<SearchPage> {
  const order = orderOf(request);
  const counted = request.total || request.count === 0 ? await driver.search(buildAuditCount(request)) : [];
  const total = counted[0] === undefined ? {} : { total: number(counted[0], 'total') };
  if (request.count === 0) return { matches: [], ...total };
  const after = request.after === undefined ? undefined : decodePosition(request.after, order);
  const found = (await driver.search(buildAuditSearch(request, order, after))).map(toEvent);
  const matches = found.slice(0, request.count);
  const last = found.length > request.count ? matches.at(-1) : undefined;
  return { matches, ...total, ...(last === undefined ? {} : { next: encodePosition(last, order) }) };
}

function toEvent(row: Row): StoredResource {
  return toResource({ ...row, content: toAuditText(row).content });
}

/** By time, which is the order of ids too; the newest first where that is asked for. */
function orderOf({ sort }: SearchRequest): AuditOrder {
  const [first] = sort;
  if (first !== undefined && !['_id', '_lastUpdated', 'date'].includes(first.param)) {
    throw refuse(
      'parameter-unsupported',
      'AuditEvents are sorted by _lastUpdated, with - before it for the newest first.',
    );
  }
  return first?.descending === true ? 'down' : 'up';
}

function encodePosition({ lastUpdated, id }: StoredResource, order: AuditOrder): string {
  return Buffer.from(JSON.stringify({ audit: order, recorded: lastUpdated, id })).toString('base64url');
}

function decodePosition(text: string, order: AuditOrder): AuditPosition {
  let place: unknown;
  try {
    place = text.length > PLACE_CHARS_MAX ? undefined : JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    place = undefined;
  }
  if (isJsonObject(place) && place.audit === order) {
    const { recorded, id } = place;
    if (typeof recorded === 'string' && typeof id === 'string') return { recorded, id };
  }
  throw refuse('parameter-invalid', 'This is not the address of a page of this search. Start from its first page.');
}
