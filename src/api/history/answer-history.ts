import { CURSOR_PARAMETER } from '../../fhir/parse-search.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { applyView } from '../search/view.ts';
import { type AskedHistory, printPlace } from './read-history.ts';

/** Of which versions it is the history. */
export interface HistoryOf {
  readonly types: readonly string[];
  readonly id?: string | undefined;
  /** Below the FHIR base: `Patient/1/_history`. */
  readonly path: string;
  /** How many versions there are in all, where that is known. */
  readonly total?: number | undefined;
}

/**
 * One page of a history as a Bundle (https://hl7.org/fhir/R4/http.html#history). The next page begins behind the last
 * version of this one, so that it is the same however much others write meanwhile.
 */
export async function answerHistory(
  of: HistoryOf,
  asked: AskedHistory,
  request: FhirRequest,
  parts: ApiParts,
): Promise<FhirAnswer> {
  const { types, id } = of;
  const sealPlace = (last: StoredResource): string =>
    parts.pageLinks.seal({ query: [], place: printPlace(last) }, of.path, request.identity);
  const count = asked.view.kind === 'count' ? 0 : asked.count;
  // One more than is given tells whether there is another page.
  const limit = count === 0 ? 0 : count + 1;
  const found = await request.reader.changes({ types, id, ...asked.page, limit });
  const [page, last] = cut(found, count);
  const frame = JSON.stringify({
    resourceType: 'Bundle',
    type: 'history',
    timestamp: parts.clock.now().toISOString(),
    ...(of.total === undefined || !asked.whole ? {} : { total: of.total }),
    link: [
      { relation: 'self', url: urlOf(of.path, request, parts) },
      ...(last === undefined ? [] : [{ relation: 'next', url: urlOf(of.path, request, parts, sealPlace(last)) }]),
    ],
  });
  const entries = page.map((stored) => entryText(stored, asked, parts));
  return {
    status: 200,
    body: entries.length === 0 ? frame : `${frame.slice(0, -1)},"entry":[${entries.join(',')}]}`,
    headers: {},
    disclosed: {
      patients: [...new Set(page.flatMap(({ patient }) => patient ?? []))],
      resources: page.map((stored) => `${stored.type}/${stored.id}/_history/${stored.version}`),
      whose: page.map(({ patient }) => patient),
      queryNames: [...new Set(request.query.map(([name]) => name))],
    },
  };
}

/** The versions of this page, and the last of them where more follow. A page is as long as memory allows it to be. */
function cut(found: readonly StoredResource[], count: number): [StoredResource[], StoredResource | undefined] {
  let chars = 0;
  const page: StoredResource[] = [];
  for (const stored of found.slice(0, count)) {
    chars += stored.content.length;
    if (page.length > 0 && chars > LIMITS.bundleAnswerCharsMax) break;
    page.push(stored);
  }
  return [page, page.length < found.length ? page.at(-1) : undefined];
}

function urlOf(path: string, { query }: FhirRequest, { fhirBase }: ApiParts, place?: string): string {
  const pairs = query
    .filter(([name]) => place === undefined || name !== CURSOR_PARAMETER)
    .map(([name, value]): [string, string] => [name, value]);
  if (place !== undefined) pairs.push([CURSOR_PARAMETER, place]);
  const text = new URLSearchParams(pairs).toString();
  return `${fhirBase}/${path}${text === '' ? '' : `?${text}`}`;
}

/** Resources are set in as the text they are stored as, so that nothing changes on the way out. */
function entryText(stored: StoredResource, { view }: AskedHistory, { definitions, fhirBase }: ApiParts): string {
  const { type, id, version, lastUpdated, deleted, content } = stored;
  const [method, url, status] = deleted
    ? ['DELETE', `${type}/${id}`, '204']
    : version === 1
      ? ['POST', type, '201']
      : ['PUT', `${type}/${id}`, '200'];
  const frame = JSON.stringify({
    fullUrl: `${fhirBase}/${type}/${id}`,
    request: { method, url },
    response: { status, lastModified: lastUpdated, etag: `W/"${version}"` },
  });
  if (deleted) return frame;
  return `${frame.slice(0, -1)},"resource":${applyView(content, type, view, definitions)}}`;
}
