import { CURSOR_PARAMETER, parseSearch } from '../../fhir/parse-search.ts';
import type { SearchRequest } from '../../fhir/search-request.ts';
import { GinnelError, type Issue, type IssueCode, refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirRequest } from '../exchange.ts';
import { readPrefer } from '../prefer.ts';
import { type Include, readInclude } from './include.ts';
import { readView, type View } from './view.ts';

type Pair = readonly [name: string, value: string];

/** A search with what its answer is to hold. */
export interface AskedSearch {
  readonly search: SearchRequest;
  readonly includes: readonly Include[];
  readonly view: View;
  /** The parameters that were heeded, as they came; of a further page, those of the first. */
  readonly query: readonly Pair[];
  /** The address of the further page that is asked for, as it came. */
  readonly page?: string | undefined;
  /** What was passed over because the client asked for that. */
  readonly ignored: readonly Issue[];
}

const PASSED_OVER: readonly IssueCode[] = ['parameter-unknown', 'parameter-unsupported'];

/**
 * Strict unless the client says `Prefer: handling=lenient` (https://hl7.org/fhir/R4/search.html#errors): a misspelt
 * parameter that is passed over widens the result. Lenient passes over what we do not know or do not have, and the
 * answer says so; a value that is wrong is an error in any case.
 */
export function readSearch(request: FhirRequest, parts: ApiParts): AskedSearch {
  const page = request.query.find(([name]) => name === CURSOR_PARAMETER)?.[1];
  if (page !== undefined) return readPage(page, request, parts);
  if (readPrefer(request.header('prefer')).handling === 'strict') {
    return { ...readParameters(request.type, request.query, parts), ignored: [] };
  }
  const ignored: Issue[] = [];
  const heeded = request.query.filter((pair) => {
    try {
      readParameters(request.type, [pair], parts);
    } catch (fault) {
      if (!(fault instanceof GinnelError) || !fault.issues.every(({ code }) => PASSED_OVER.includes(code))) return true;
      ignored.push(...fault.issues.map((one): Issue => ({ ...one, severity: 'warning' })));
      return false;
    }
    return true;
  });
  if (ignored.length > LIMITS.searchParametersMax) {
    throw refuse('parameter-invalid', `More than ${LIMITS.searchParametersMax} parameters are unknown here.`);
  }
  return { ...readParameters(request.type, heeded, parts), ignored };
}

/**
 * The address of a page holds the whole search, so that nothing can be added to it but how many resources are wanted
 * on the page, which some clients say again.
 */
function readPage(page: string, { type, query, identity }: FhirRequest, parts: ApiParts): AskedSearch {
  const more = query.find(([name]) => !['_format', '_pretty', '_count', CURSOR_PARAMETER].includes(name));
  if (more !== undefined || query.filter(([name]) => name === CURSOR_PARAMETER).length > 1) {
    throw refuse('parameter-invalid', 'The address of a page takes no other parameters. Follow it as it is.');
  }
  const { query: first, place } = parts.pageLinks.open(page, type, identity);
  const count = query.filter(([name]) => name === '_count');
  const asked = readParameters(
    type,
    [...first.filter(([name]) => name !== '_count' || count.length === 0), ...count],
    parts,
  );
  return { ...asked, search: { ...asked.search, after: place }, page, ignored: [] };
}

function readParameters(type: string, query: readonly Pair[], parts: ApiParts): Omit<AskedSearch, 'ignored' | 'page'> {
  const includes: Include[] = [];
  const single = new Map<string, string>();
  const rest: Pair[] = [];
  for (const [name, value] of query) {
    const [base = ''] = name.split(':', 1);
    if (base === '_include' || base === '_revinclude') includes.push(readInclude(name, value, type, parts.definitions));
    else if (name === '_summary' || name === '_elements') {
      if (single.has(name)) throw refuse('parameter-invalid', `${name} may stand in a search once.`);
      single.set(name, value);
    } else rest.push([name, value]);
  }
  if (includes.length > LIMITS.searchParametersMax) {
    throw refuse('parameter-invalid', `A search has at most ${LIMITS.searchParametersMax} parameters.`);
  }
  const parsed = parseSearch(type, rest, parts.definitions, { baseUrl: parts.fhirBase });
  if (!parsed.ok) throw new GinnelError(parsed.issues);
  const view = readView(type, single.get('_summary'), single.get('_elements'), parts.definitions);
  const search = view.kind === 'count' ? { ...parsed.value, count: 0, total: true } : parsed.value;
  return { search, includes, view, query };
}
