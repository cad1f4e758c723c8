import { CURSOR_PARAMETER } from '../../fhir/parse-search.ts';
import { parseDateRange } from '../../fhir/search-dates.ts';
import { refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';

/** https://hl7.org/fhir/R4/http.html#history of one resource: every version, the newest first, deletions too. */
export async function historyInstance(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const { count, since, before } = readParameters(request);
  const current = await parts.store.read(request.type, request.id);
  if (current === undefined) throw refuse('resource-not-found', `There never was a ${request.type} with this id.`);
  const first = Math.min(current.version, before - 1);
  const last = Math.max(first - count + 1, 1);
  const versions = Array.from({ length: Math.max(first - last + 1, 0) }, (_, index) => first - index);
  const read = await Promise.all(versions.map((version) => parts.store.readVersion(request.type, request.id, version)));
  const page = read.flatMap((stored) =>
    stored === undefined || Date.parse(stored.lastUpdated) < since ? [] : [stored],
  );
  const more = page.length === versions.length && last > 1 && count > 0;
  const urlOf = (cursor?: number): string => linkOf(request, parts.fhirBase, cursor);
  const frame = JSON.stringify({
    resourceType: 'Bundle',
    type: 'history',
    timestamp: parts.clock.now().toISOString(),
    // How many there are since then is not known before all have been looked at.
    ...(Number.isFinite(since) ? {} : { total: current.version }),
    link: [{ relation: 'self', url: urlOf() }, ...(more ? [{ relation: 'next', url: urlOf(last) }] : [])],
  });
  const entries = page.map((stored) => entryText(stored, parts.fhirBase)).join(',');
  return {
    status: 200,
    body: page.length === 0 ? frame : `${frame.slice(0, -1)},"entry":[${entries}]}`,
    headers: {},
    disclosed: {
      patients: [...new Set(page.flatMap(({ patient }) => patient ?? []))],
      resources: page.map(({ type, id, version }) => `${type}/${id}/_history/${version}`),
      queryNames: [...new Set(request.query.map(([name]) => name))],
    },
  };
}

interface Parameters {
  readonly count: number;
  /** Milliseconds since 1970; -Infinity unless told. */
  readonly since: number;
  /** The page begins below this version. */
  readonly before: number;
}

function readParameters({ query }: FhirRequest): Parameters {
  let count: number = LIMITS.searchCountDefault;
  let since = Number.NEGATIVE_INFINITY;
  let before = Number.MAX_SAFE_INTEGER;
  for (const [name, value] of query) {
    switch (name) {
      case '_count':
        if (!/^\d{1,9}$/.test(value)) throw refuse('parameter-invalid', '_count is a whole number, 0 or more.');
        count = Math.min(Number(value), LIMITS.searchCountMax);
        break;
      case '_since': {
        // A plus in a URL that was not written as %2B arrives as a space.
        const range = value.includes('T') ? parseDateRange(value.replace(' ', '+')) : undefined;
        if (range === undefined) throw refuse('parameter-invalid', '_since is an instant: 2026-03-01T09:00:00Z.');
        since = range.low;
        break;
      }
      case CURSOR_PARAMETER:
        if (!/^[1-9]\d{0,9}$/.test(value)) throw refuse('parameter-invalid', 'This is no page of this history.');
        before = Number(value);
        break;
      case '_format':
      case '_pretty':
        break;
      default:
        throw refuse('parameter-unsupported', 'A history takes _count and _since.');
    }
  }
  return { count, since, before };
}

function linkOf({ type, id, query }: FhirRequest, fhirBase: string, cursor: number | undefined): string {
  const pairs = query.filter(([name]) => cursor === undefined || name !== CURSOR_PARAMETER).map(([...pair]) => pair);
  if (cursor !== undefined) pairs.push([CURSOR_PARAMETER, String(cursor)]);
  const text = new URLSearchParams(pairs).toString();
  return `${fhirBase}/${type}/${id}/_history${text === '' ? '' : `?${text}`}`;
}

/** Resources are set in as the text they are stored as. */
function entryText({ type, id, version, lastUpdated, deleted, content }: StoredResource, fhirBase: string): string {
  const [method, url] = deleted
    ? ['DELETE', `${type}/${id}`]
    : version === 1
      ? ['POST', type]
      : ['PUT', `${type}/${id}`];
  const status = deleted ? '204' : version === 1 ? '201' : '200';
  const frame = JSON.stringify({
    fullUrl: `${fhirBase}/${type}/${id}`,
    request: { method, url },
    response: { status, lastModified: lastUpdated, etag: `W/"${version}"` },
  });
  return deleted ? frame : `${frame.slice(0, -1)},"resource":${content}}`;
}
