import type { DateRow, IndexRow, ReferenceRow, StringRow, TokenRow } from './index-row.ts';
import type {
  DateValue,
  ReferenceFilter,
  SearchFilter,
  SearchRequest,
  StringFilter,
  TokenValue,
} from './search-request.ts';

/** The parts of a written resource that a search looks at. */
export interface MatchTarget {
  readonly type: string;
  readonly id: string;
  /** ISO 8601 instant. */
  readonly lastUpdated: string;
  readonly index: readonly IndexRow[];
}

export type SearchMatcher = (request: SearchRequest, target: MatchTarget) => boolean;

/** Answers for one resource in memory what the store answers for all: the same rows, the same rules. */
export function createMatcher(): SearchMatcher {
  return (request, target) =>
    request.type === target.type && request.filters.every((filter) => matchesFilter(filter, target));
}

function matchesFilter(filter: SearchFilter, target: MatchTarget): boolean {
  switch (filter.kind) {
    case 'id':
      return filter.values.includes(target.id);
    case 'lastUpdated': {
      const low = Date.parse(target.lastUpdated);
      return filter.values.some((value) => matchesDate(value, { low, high: low + 1 }));
    }
    case 'token': {
      const rows = rowsOf('token', filter.param, target);
      return filter.values.some((value) => rows.some((row) => matchesToken(value, row))) !== filter.not;
    }
    case 'reference': {
      const rows = rowsOf('reference', filter.param, target);
      return filter.values.some((value) => rows.some((row) => matchesReference(value, row)));
    }
    case 'date': {
      const rows = rowsOf('date', filter.param, target);
      return filter.values.some((value) => rows.some((row) => matchesDate(value, row)));
    }
    case 'string': {
      const rows = rowsOf('string', filter.param, target);
      return filter.values.some((value) => rows.some((row) => matchesString(filter.match, value, row)));
    }
    case 'missing':
      return (rowsOf(filter.index, filter.param, target).length === 0) === filter.missing;
    case 'chain':
      // It is about another resource, which is not at hand. `parseCriteria` lets none through.
      return false;
  }
}

interface RowsByKind {
  readonly token: TokenRow;
  readonly reference: ReferenceRow;
  readonly date: DateRow;
  readonly string: StringRow;
}

function rowsOf<K extends keyof RowsByKind>(kind: K, param: string, target: MatchTarget): RowsByKind[K][] {
  return target.index.filter((row): row is RowsByKind[K] => row.kind === kind && row.param === param);
}

function matchesToken({ system, code }: TokenValue, row: TokenRow): boolean {
  return (system === undefined || system === row.system) && (code === undefined || code === row.code);
}

function matchesReference({ targetType, target }: ReferenceFilter['values'][number], row: ReferenceRow): boolean {
  return target === row.target && (targetType === undefined || targetType === row.targetType);
}

function matchesString(match: StringFilter['match'], value: string, row: StringRow): boolean {
  if (match === 'exact') return row.exact === value;
  return match === 'contains' ? row.folded.includes(value) : row.folded.startsWith(value);
}

/** https://hl7.org/fhir/R4/search.html#prefix, both sides being ranges. */
function matchesDate({ prefix, low, high }: DateValue, row: Pick<DateRow, 'low' | 'high'>): boolean {
  const within = row.low >= low && row.high <= high;
  switch (prefix) {
    case 'eq':
      return within;
    case 'ne':
      return !within;
    case 'gt':
      return row.high > high;
    case 'lt':
      return row.low < low;
    case 'ge':
      return row.high > high || within;
    case 'le':
      return row.low < low || within;
    case 'sa':
      return row.low >= high;
    case 'eb':
      return row.high <= low;
  }
}
