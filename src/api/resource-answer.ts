import { refuse } from '../kernel/errors.ts';
import type { StoredResource } from '../store/store.ts';
import type { ApiParts } from './api-parts.ts';
import type { FhirAnswer, FhirRequest } from './exchange.ts';
import { applyView, readView, type View } from './search/view.ts';
import { matchesVersion, readVersionMatch } from './version-match.ts';

/** One resource as an answer, with the headers of https://hl7.org/fhir/R4/http.html#versioning. */
export function resourceAnswer(
  status: number,
  stored: StoredResource,
  headers: Record<string, string> = {},
): FhirAnswer {
  return {
    status,
    body: stored.content,
    headers: {
      ETag: `W/"${stored.version}"`,
      'Last-Modified': new Date(stored.lastUpdated).toUTCString(),
      ...headers,
    },
    disclosed: {
      patients: stored.patient === null ? [] : [stored.patient],
      resources: [`${stored.type}/${stored.id}`],
    },
  };
}

/**
 * One version as the answer to a reading: as much of it as is asked for, and nothing where the caller has it
 * (https://hl7.org/fhir/R4/http.html#cread).
 */
export function answerReading(stored: StoredResource, request: FhirRequest, parts: ApiParts): FhirAnswer {
  const view = viewOf(request, parts);
  const answer = resourceAnswer(200, stored);
  if (isKnown(stored, request)) return { ...answer, status: 304, body: '' };
  return { ...answer, body: applyView(stored.content, stored.type, view, parts.definitions) };
}

const ALL: View = { kind: 'all' };

/** `_summary` and `_elements` (https://hl7.org/fhir/R4/http.html#parameters). */
function viewOf({ type, query }: FhirRequest, { definitions }: ApiParts): View {
  if (query.length === 0) return ALL;
  const given = (name: string): string | undefined => query.find(([one]) => one === name)?.[1];
  const view = readView(type, given('_summary'), given('_elements'), definitions);
  if (view.kind === 'count') throw refuse('parameter-invalid', 'One resource is not counted.');
  return view;
}

/** Of the two conditions the version goes before the time (RFC 9110 section 13.2.2); a time is good to the second. */
function isKnown(stored: StoredResource, request: FhirRequest): boolean {
  const versions = readVersionMatch('If-None-Match', request.header('if-none-match'));
  if (versions !== undefined) return matchesVersion(versions, stored);
  const modified = request.header('if-modified-since');
  if (modified === undefined) return false;
  return Math.floor(Date.parse(stored.lastUpdated) / 1000) * 1000 <= Date.parse(modified);
}
