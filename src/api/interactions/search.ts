import { decide } from '../../auth/decide.ts';
import { toOperationOutcome } from '../../fhir/outcome.ts';
import { CURSOR_PARAMETER } from '../../fhir/parse-search.ts';
import { type Issue, refuse } from '../../kernel/errors.ts';
import type { SearchPage, StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { findIncluded } from '../search/include.ts';
import { type AskedSearch, readSearch } from '../search/read-search.ts';
import { applyView } from '../search/view.ts';
import { typesSearched } from '../writes/condition.ts';

/** https://hl7.org/fhir/R4/http.html#search by GET and by POST `_search`. */
export async function search(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const asked = readSearch(request, parts);
  // What a chain looks into is told by what it finds.
  const decision = decide(request.identity, { interaction: 'search', types: typesSearched(asked.search) });
  if (!decision.allowed) throw refuse('scope-insufficient', decision.reason);
  const page = await parts.store.search(asked.search);
  const included = await findIncluded(asked.includes, page.matches, request.identity, parts);
  const { definitions, fhirBase } = parts;
  const entries = [
    ...page.matches.map((match) => {
      const content = applyView(match.content, match.type, asked.view, definitions);
      return entryText({ ...match, content }, 'match', fhirBase);
    }),
    ...included.resources.map((one) => entryText(one, 'include', fhirBase)),
    ...outcomeEntry([...asked.ignored, ...included.issues]),
  ];
  const frame = JSON.stringify({
    resourceType: 'Bundle',
    type: 'searchset',
    timestamp: parts.clock.now().toISOString(),
    ...(page.total === undefined ? {} : { total: page.total }),
    link: linksOf(page, request.type, asked, fhirBase),
  });
  const given = [...page.matches, ...included.resources];
  return {
    status: 200,
    body: entries.length === 0 ? frame : `${frame.slice(0, -1)},"entry":[${entries.join(',')}]}`,
    headers: {},
    disclosed: {
      patients: [...new Set(given.flatMap(({ patient }) => patient ?? []))],
      resources: given.map(({ type, id }) => `${type}/${id}`),
      queryNames: asked.query.map(([name]) => name),
    },
  };
}

/** Resources are stored as text and are set in as they are, so that nothing changes on the way out. */
function entryText({ type, id, content }: StoredResource, mode: 'match' | 'include', fhirBase: string): string {
  const fullUrl = JSON.stringify(`${fhirBase}/${type}/${id}`);
  return `{"fullUrl":${fullUrl},"resource":${content},"search":{"mode":"${mode}"}}`;
}

function outcomeEntry(issues: readonly Issue[]): string[] {
  return issues.length === 0
    ? []
    : [JSON.stringify({ resource: toOperationOutcome(issues), search: { mode: 'outcome' } })];
}

/** Links hold the parameters that were heeded, so that a client sees what was searched. */
function linksOf(
  page: SearchPage,
  type: string,
  { query }: AskedSearch,
  fhirBase: string,
): { relation: string; url: string }[] {
  const urlOf = (pairs: AskedSearch['query']): string => {
    const text = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
    return `${fhirBase}/${type}${text === '' ? '' : `?${text}`}`;
  };
  const self = { relation: 'self', url: urlOf(query) };
  if (page.next === undefined) return [self];
  const without = query.filter(([name]) => name !== CURSOR_PARAMETER);
  return [self, { relation: 'next', url: urlOf([...without, [CURSOR_PARAMETER, page.next]]) }];
}
