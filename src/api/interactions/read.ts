import { refuse } from '../../kernel/errors.ts';
import type { StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { resourceAnswer } from '../resource-answer.ts';
import { applyView, readView, type View } from '../search/view.ts';
import { matchesVersion, readVersionMatch } from '../version-match.ts';

/** https://hl7.org/fhir/R4/http.html#read, conditional as in #cread. */
export async function read(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const stored = await parts.store.read(request.type, request.id);
  if (stored === undefined) throw refuse('resource-not-found', `There is no ${request.type} with this id.`);
  if (stored.deleted) throw refuse('resource-gone', `This ${request.type} has been deleted.`);
  const view = viewOf(request, parts);
  const answer = resourceAnswer(200, stored);
  if (isKnown(stored, request)) return { ...answer, status: 304, body: '' };
  return { ...answer, body: applyView(stored.content, stored.type, view, parts.definitions) };
}

/** `_summary` and `_elements` (https://hl7.org/fhir/R4/http.html#parameters). */
function viewOf({ type, query }: FhirRequest, { definitions }: ApiParts): View {
  const given = (name: string): string | undefined => query.find(([one]) => one === name)?.[1];
  const view = readView(type, given('_summary'), given('_elements'), definitions);
  if (view.kind === 'count') throw refuse('parameter-invalid', 'One resource is not counted.');
  return view;
}

/** Of the two conditions the version goes before the time (RFC 9110 section 13.2.2); a time is good to the second. */
function isKnown(stored: StoredResource, request: FhirRequest): boolean {
  const versions = readVersionMatch('If-None-Match', request.header('if-none-match'));
  if (versions !== undefined) return matchesVersion(versions, stored);
  const since = Date.parse(request.header('if-modified-since') ?? '');
  return Math.floor(Date.parse(stored.lastUpdated) / 1000) * 1000 <= since;
}
