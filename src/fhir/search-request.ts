import type { AccessLimits } from './search-access.ts';

/**
 * A search as a value, between the URL and the store (https://hl7.org/fhir/R4/search.html). Filters are joined by AND,
 * the values of one filter by OR.
 */
export interface SearchRequest {
  readonly type: string;
  readonly filters: readonly SearchFilter[];
  /** Resources on a page; 0 asks for the total alone. */
  readonly count: number;
  /** Which page: `SearchPage.next` or `SearchPage.previous` of another. */
  readonly after?: string | undefined;
  /** Empty: by id, which is the order of creation. */
  readonly sort: readonly SearchSort[];
  readonly total: boolean;
  /** What the caller may find of the type; undefined where the gateway itself asks. The API's reader sets it. */
  readonly access?: AccessLimits | undefined;
}

/** What a parameter's values are sorted by. */
export type SortKind = 'token' | 'reference' | 'date' | 'string' | 'quantity' | 'uri';

/**
 * One key of the order. Of several values the lowest counts, descending the highest; what has none comes last either
 * way.
 */
export type SearchSort =
  | { readonly param: '_id' | '_lastUpdated'; readonly kind?: undefined; readonly descending: boolean }
  | { readonly param: string; readonly kind: SortKind; readonly descending: boolean };

export type SearchFilter =
  | IdFilter
  | LastUpdatedFilter
  | TokenFilter
  | ReferenceFilter
  | DateFilter
  | StringFilter
  | TextFilter
  | QuantityFilter
  | UriFilter
  | CompositeFilter
  | MissingFilter
  | AnyFilter
  | ChainFilter
  | HasFilter;

export interface IdFilter {
  readonly kind: 'id';
  readonly values: readonly string[];
}

export interface LastUpdatedFilter {
  readonly kind: 'lastUpdated';
  readonly values: readonly DateValue[];
}

export interface TokenFilter {
  readonly kind: 'token';
  readonly param: string;
  readonly not: boolean;
  readonly values: readonly TokenValue[];
}

/** `code` (system undefined), `|code` (system empty), `system|code`, `system|` (code undefined). */
export interface TokenValue {
  readonly system?: string | undefined;
  readonly code?: string | undefined;
}

export interface ReferenceFilter {
  readonly kind: 'reference';
  readonly param: string;
  readonly values: readonly ReferenceValue[];
}

/** `targetType` undefined: any type with that id. */
export interface ReferenceValue {
  readonly targetType?: string | undefined;
  readonly target: string;
}

/** https://hl7.org/fhir/R4/search.html#prefix */
export const SEARCH_PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;
export type SearchPrefix = (typeof SEARCH_PREFIXES)[number];

/**
 * `low` inclusive and `high` exclusive: the range the given precision covers, milliseconds since 1970 UTC; for `ap`
 * already widened by the tolerance.
 */
export interface DateValue {
  readonly prefix: SearchPrefix;
  readonly low: number;
  readonly high: number;
}

export interface DateFilter {
  readonly kind: 'date';
  readonly param: string;
  readonly values: readonly DateValue[];
}

export interface StringFilter {
  readonly kind: 'string';
  readonly param: string;
  readonly match: 'starts' | 'exact' | 'contains';
  /** Folded unless `match` is `exact`. */
  readonly values: readonly string[];
}

/** `code:text=…`: what stands beside a code begins with one of these, folded. */
export interface TextFilter {
  readonly kind: 'text';
  readonly param: string;
  readonly values: readonly string[];
}

/** A number has no unit: system and code undefined. */
export interface QuantityFilter {
  readonly kind: 'quantity';
  readonly param: string;
  readonly values: readonly QuantityValue[];
}

/** `low` inclusive and `high` exclusive: what the digits leave open; for `ap` the tolerance, both ends in it. */
export interface QuantityValue {
  readonly prefix: SearchPrefix;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Undefined: of any system. */
  readonly system?: string | undefined;
  /** Undefined: in any unit. */
  readonly code?: string | undefined;
}

export interface UriFilter {
  readonly kind: 'uri';
  readonly param: string;
  /** `below`: the address or what is in the folder that it names. */
  readonly match: 'exact' | 'below';
  readonly values: readonly string[];
}

/** https://hl7.org/fhir/R4/search.html#composite: parts that one place of the resource has together. */
export interface CompositeFilter {
  readonly kind: 'composite';
  readonly param: string;
  readonly values: readonly (readonly PartValue[])[];
}

export type PartValue =
  | { readonly kind: 'token'; readonly value: TokenValue }
  | { readonly kind: 'reference'; readonly value: ReferenceValue }
  | { readonly kind: 'date'; readonly value: DateValue }
  | { readonly kind: 'quantity'; readonly value: QuantityValue }
  /** Folded. */
  | { readonly kind: 'string'; readonly value: string };

export interface MissingFilter {
  readonly kind: 'missing';
  readonly param: string;
  readonly index: 'token' | 'reference' | 'date' | 'string' | 'quantity' | 'uri' | 'composite';
  readonly missing: boolean;
}

/** One of these, at least. */
export interface AnyFilter {
  readonly kind: 'any';
  readonly filters: readonly SearchFilter[];
}

/** `_has:Observation:patient:code=…`: a resource of `source`, which refers to this one by `param`, matches `filter`. */
export interface HasFilter {
  readonly kind: 'has';
  readonly source: string;
  readonly param: string;
  readonly filter: SearchFilter;
  /** As in a `ChainFilter`: what the caller may find of `source`. */
  readonly access?: AccessLimits | undefined;
}

/** `subject:Patient.identifier=…`: a reference to a resource of `targetType` that itself matches `filter`. */
export interface ChainFilter {
  readonly kind: 'chain';
  readonly param: string;
  readonly targetType: string;
  readonly filter: SearchFilter;
  /**
   * What the caller may find of the type that is looked into. Every filter that looks into another type has it, set by
   * `src/access/narrow-search.ts`, and the store holds the other resource to it with `testAccess`.
   */
  readonly access?: AccessLimits | undefined;
}

/** Id of the one patient that a search names, whose record it then finds. */
export function patientSearched({ filters }: Pick<SearchRequest, 'filters'>): string | undefined {
  for (const filter of filters) {
    if (filter.kind !== 'reference' || (filter.param !== 'patient' && filter.param !== 'subject')) continue;
    const [value, another] = filter.values;
    if (value?.targetType === 'Patient' && another === undefined) return value.target;
  }
  return undefined;
}

/** Every type that a search looks into: its own, those that it follows references to, and those that it is referred from. */
export function typesSearched({ type, filters }: Pick<SearchRequest, 'type' | 'filters'>): string[] {
  return [...new Set([type, ...filters.flatMap(followed)])];
}

function followed(filter: SearchFilter): string[] {
  switch (filter.kind) {
    case 'chain':
      return [filter.targetType, ...followed(filter.filter)];
    case 'has':
      return [filter.source, ...followed(filter.filter)];
    case 'any':
      return filter.filters.flatMap(followed);
    default:
      return [];
  }
}
