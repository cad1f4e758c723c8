import { decide, refuseDenied } from '../../auth/decide.ts';
import { toOperationOutcome } from '../../fhir/outcome.ts';
import { CURSOR_PARAMETER } from '../../fhir/parse-search.ts';
import { typesSearched } from '../../fhir/search-request.ts';
import type { Issue } from '../../kernel/errors.ts';
import type { SearchPage } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { findIncluded } from '../search/find-included.ts';
import { type AskedSearch, readSearch } from '../search/read-search.ts';
import { searchEntryText, searchsetText } from '../search/searchset.ts';
import { applyView } from '../search/view.ts';

/** https://hl7.org/fhir/R4/http.html#search by GET and by POST `_search`. */
export async function search(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const asked = readSearch(request, parts);
  // What a chain looks into is told by what it finds.
  const decision = decide(request.identity, { interaction: 'search', types: typesSearched(asked.search) });
  if (!decision.allowed) throw refuseDenied(decision);
  const page = await request.reader.search(asked.search);
  const included = await findIncluded(asked.includes, page.matches, request, parts);
  const { definitions, fhirBase } = parts;
  const entries = [
    ...page.matches.map((match) => {
      const content = applyView(match.content, match.type, asked.view, definitions);
      return searchEntryText({ ...match, content }, 'match', fhirBase);
    }),
    ...included.resources.map((one) => searchEntryText(one, 'include', fhirBase)),
    ...outcomeEntry([...asked.ignored, ...included.issues]),
  ];
  const members = {
    timestamp: parts.clock.now().toISOString(),
    ...(page.total === undefined ? {} : { total: page.total }),
    link: linksOf(page, request, asked, parts),
  };
  const given = [...page.matches, ...included.resources];
  return {
    status: 200,
    body: searchsetText(members, entries),
    headers: {},
    disclosed: {
      patients: [...new Set(given.flatMap(({ patient }) => patient ?? []))],
      resources: given.map(({ type, id }) => `${type}/${id}`),
      queryNames: asked.query.map(([name]) => name),
    },
  };
}

function outcomeEntry(issues: readonly Issue[]): string[] {
  return issues.length === 0
    ? []
    : [JSON.stringify({ resource: toOperationOutcome(issues), search: { mode: 'outcome' } })];
}

/**
 * `self` holds the parameters that were heeded, so that a client sees what was searched; the other pages have addresses
 * that are sealed for this caller (https://hl7.org/fhir/R4/http.html#paging).
 */
function linksOf(
  page: SearchPage,
  { type, identity }: FhirRequest,
  { query, page: asked }: AskedSearch,
  { fhirBase, pageLinks }: ApiParts,
): { relation: string; url: string }[] {
  const urlOf = (pairs: AskedSearch['query']): string => {
    const text = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
    return `${fhirBase}/${type}${text === '' ? '' : `?${text}`}`;
  };
  const link = (relation: string, place?: string): { relation: string; url: string } => ({
    relation,
    url: urlOf([[CURSOR_PARAMETER, pageLinks.seal({ query, place }, type, identity)]]),
  });
  const self = { relation: 'self', url: urlOf(asked === undefined ? query : [[CURSOR_PARAMETER, asked]]) };
  const isWhole = asked === undefined && page.next === undefined;
  return [
    self,
    ...(isWhole ? [] : [link('first')]),
    ...(page.previous === undefined ? [] : [link('previous', page.previous)]),
    ...(page.next === undefined ? [] : [link('next', page.next)]),
  ];
}
