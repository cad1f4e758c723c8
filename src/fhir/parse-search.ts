import { GinnelError, type Issue, issue, refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { Definitions } from './definitions.ts';
import { parseFilter } from './parse-filter.ts';
import { RESULT_PARAMETERS } from './search-params.ts';
import type { SearchFilter, SearchRequest, SearchSort } from './search-request.ts';

/** Name of the parameter that holds a page's position: the store's cursor, which clients pass back as it came. */
export const CURSOR_PARAMETER = '_cursor';

export interface ParseSearchOptions {
  /** Our own FHIR base without trailing slash, so that an absolute reference below it is to a resource of ours. */
  readonly baseUrl?: string | undefined;
}

/**
 * The parameters of a search on one type, as they stand in its URL or form body, as a value
 * (https://hl7.org/fhir/R4/search.html). Whatever it does not know is an error that names it: a search in which a
 * misspelt parameter was passed over would answer with other people's records.
 */
export function parseSearch(
  type: string,
  query: Iterable<readonly [name: string, value: string]>,
  definitions: Definitions,
  options: ParseSearchOptions = {},
): Result<SearchRequest> {
  const issues: Issue[] = [];
  const filters: SearchFilter[] = [];
  const results = new Map<string, string>();
  if (!definitions.resourceTypes.has(type)) {
    return failure(issue('resource-type-unknown', 'This is not the name of a resource type of FHIR R4.'));
  }
  const context = { definitions, baseUrl: options.baseUrl };
  for (const [name, value] of query) {
    try {
      if (isResultParameter(name)) {
        if (results.has(name)) throw refuse('parameter-invalid', `${name} may stand in a search once.`);
        results.set(name, value);
      } else filters.push(parseFilter(type, name, value, context));
    } catch (fault) {
      if (!(fault instanceof GinnelError)) throw fault;
      issues.push(...fault.issues);
    }
    if (filters.length > LIMITS.searchParametersMax) {
      return failure(issue('parameter-invalid', `A search has at most ${LIMITS.searchParametersMax} parameters.`));
    }
    // One who sends nothing but mistakes hears about the first ones.
    if (issues.length >= LIMITS.searchParametersMax) return failure(...issues);
  }
  const count = readCount(results.get('_count'), issues);
  const sort = readSort(results.get('_sort'), issues);
  const total = readTotal(results.get('_total'), issues);
  if (issues.length > 0) return failure(...issues);
  return success({ type, filters, count, after: results.get(CURSOR_PARAMETER), sort, total });
}

/**
 * A route's criteria: a type and the search that a resource must match,
 * `ServiceRequest?category=http://snomed.info/sct|306167008&status=active`. What looks beyond the resource itself is
 * refused.
 */
export function parseCriteria(text: string, definitions: Definitions): Result<SearchRequest> {
  const mark = text.indexOf('?');
  const type = mark === -1 ? text : text.slice(0, mark);
  const query = [...new URLSearchParams(mark === -1 ? '' : text.slice(mark + 1))];
  const misplaced = query.find(([name]) => isResultParameter(name));
  if (misplaced !== undefined) {
    const told = `${misplaced[0]} is about the answer of a search; criteria say only what is found.`;
    return failure(issue('parameter-unsupported', told));
  }
  const parsed = parseSearch(type, query, definitions);
  if (parsed.ok && parsed.value.filters.some((filter) => filter.kind === 'chain')) {
    const told = 'Criteria look at the resource alone: they cannot follow a reference.';
    return failure(issue('parameter-unsupported', told));
  }
  return parsed;
}

function isResultParameter(name: string): boolean {
  return name === CURSOR_PARAMETER || RESULT_PARAMETERS.includes(name);
}

/** More than the most is answered with the most, as R4 allows. */
function readCount(text: string | undefined, issues: Issue[]): number {
  if (text === undefined) return LIMITS.searchCountDefault;
  if (!/^\d{1,9}$/.test(text)) issues.push(issue('parameter-invalid', '_count is a whole number, 0 or more.'));
  return Math.min(Number(text), LIMITS.searchCountMax);
}

function readSort(text: string | undefined, issues: Issue[]): SearchSort[] {
  if (text === undefined) return [];
  return text.split(',').flatMap((part) => {
    const descending = part.startsWith('-');
    const param = descending ? part.slice(1) : part;
    if (param === '_id' || param === '_lastUpdated') return [{ param, descending }];
    issues.push(issue('parameter-unsupported', '_sort takes _id and _lastUpdated, with - before for descending.'));
    return [];
  });
}

/** An estimate costs as much as the count itself here, so both give the exact total. */
function readTotal(text: string | undefined, issues: Issue[]): boolean {
  if (text !== undefined && !['none', 'estimate', 'accurate'].includes(text)) {
    issues.push(issue('parameter-invalid', '_total is none, estimate or accurate.'));
  }
  return text === 'estimate' || text === 'accurate';
}
