import { GinnelError, type Issue, issue, refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { nearestName } from '../kernel/nearest-name.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { Definitions } from './definitions.ts';
import { parseFilter } from './parse-filter.ts';
import type { ParseContext } from './parse-parameter.ts';
import { RESULT_PARAMETERS, searchableParameters } from './search-params.ts';
import type { SearchFilter, SearchRequest, SearchSort } from './search-request.ts';

/** Name of the parameter that holds the address of a further page, which clients pass back as it came. */
export const CURSOR_PARAMETER = '_cursor';

export interface ParseSearchOptions {
  /** Our own FHIR base without trailing slash, so that an absolute reference below it is to a resource of ours. */
  readonly baseUrl?: string | undefined;
  /** Only the resource itself can be looked at: what follows a reference is refused. */
  readonly alone?: boolean | undefined;
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
  const context: ParseContext = { definitions, baseUrl: options.baseUrl, alone: options.alone };
  for (const [name, value] of query) {
    try {
      if (isResultParameter(name)) {
        if (name === CURSOR_PARAMETER) throw refuse('parameter-invalid', `${name} is no part of a search.`);
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
  const sort = readSort(type, results.get('_sort'), context, issues);
  const total = readTotal(results.get('_total'), issues);
  if (issues.length > 0) return failure(...issues);
  return success({ type, filters, count, sort, total });
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
  return parseSearch(type, query, definitions, { alone: true });
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

/** https://hl7.org/fhir/R4/search.html#sort */
function readSort(type: string, text: string | undefined, context: ParseContext, issues: Issue[]): SearchSort[] {
  if (text === undefined) return [];
  const parts = text.split(',');
  if (parts.length > LIMITS.searchSortKeysMax) {
    issues.push(issue('parameter-invalid', `_sort takes ${LIMITS.searchSortKeysMax} parameters at most.`));
    return [];
  }
  try {
    const keys = parts.map((part) => readSortKey(type, part, context));
    if (new Set(keys.map(({ param }) => param)).size === keys.length) return keys;
    issues.push(issue('parameter-invalid', '_sort names a parameter once: the first time decides.'));
    return [];
  } catch (fault) {
    if (!(fault instanceof GinnelError)) throw fault;
    issues.push(...fault.issues);
    return [];
  }
}

function readSortKey(type: string, text: string, context: ParseContext): SearchSort {
  const descending = text.startsWith('-');
  const param = descending ? text.slice(1) : text;
  if (param === '_id' || param === '_lastUpdated') return { param, descending };
  if (!/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(param)) {
    throw refuse('parameter-invalid', '_sort names search parameters, with - before one for descending: -date,status.');
  }
  const known = searchableParameters(type, context.definitions);
  const kind = known.find(({ code }) => code === param)?.type;
  if (kind === undefined) {
    const nearest = nearestName(
      param,
      known.map(({ code }) => code),
    );
    const hint = nearest === undefined ? '' : ` Is ${nearest} meant?`;
    throw refuse('parameter-unknown', `_sort names a search parameter that ${type} does not have.${hint}`);
  }
  if (kind === 'composite') throw refuse('parameter-unsupported', '_sort cannot take a parameter of several parts.');
  return { param, kind: kind === 'number' ? 'quantity' : kind, descending };
}

/** An estimate costs as much as the count itself here, so both give the exact total. */
function readTotal(text: string | undefined, issues: Issue[]): boolean {
  if (text !== undefined && !['none', 'estimate', 'accurate'].includes(text)) {
    issues.push(issue('parameter-invalid', '_total is none, estimate or accurate.'));
  }
  return text === 'estimate' || text === 'accurate';
}
