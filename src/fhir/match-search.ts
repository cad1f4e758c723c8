import { type IndexRow, identifierParam } from './index-row.ts';
import {
  matchesDate,
  matchesParts,
  matchesQuantity,
  matchesReference,
  matchesString,
  matchesToken,
  matchesUri,
} from './match-values.ts';
import type { MissingFilter, SearchFilter, SearchRequest } from './search-request.ts';

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
    case 'text': {
      const rows = rowsOf('text', filter.param, target);
      return filter.values.some((value) => rows.some(({ folded }) => folded.startsWith(value)));
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
    case 'quantity': {
      const rows = rowsOf('quantity', filter.param, target);
      return filter.values.some((value) => rows.some((row) => matchesQuantity(value, row)));
    }
    case 'uri': {
      const rows = rowsOf('uri', filter.param, target);
      return filter.values.some((value) => rows.some((row) => matchesUri(filter.match, value, row)));
    }
    case 'composite': {
      const rows = rowsOf('composite', filter.param, target);
      return filter.values.some((value) => rows.some(({ parts }) => matchesParts(value, parts)));
    }
    case 'missing':
      return hasRows(filter, target) !== filter.missing;
    case 'any':
      return filter.filters.some((one) => matchesFilter(one, target));
    case 'chain':
    case 'has':
      // It is about another resource, which is not at hand. `parseCriteria` lets none through.
      return false;
  }
}

/** A code may be words alone, and a reference an identifier alone. */
function hasRows({ index, param }: MissingFilter, target: MatchTarget): boolean {
  if (rowsOf(index, param, target).length > 0) return true;
  if (index === 'token') return rowsOf('text', param, target).length > 0;
  return index === 'reference' && rowsOf('token', identifierParam(param), target).length > 0;
}

type RowOf<K extends IndexRow['kind']> = Extract<IndexRow, { readonly kind: K }>;

function rowsOf<K extends IndexRow['kind']>(kind: K, param: string, target: MatchTarget): RowOf<K>[] {
  return target.index.filter((row): row is RowOf<K> => row.kind === kind && row.param === param);
}
