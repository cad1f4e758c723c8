/**
 * A search as a value, between the URL and the store (https://hl7.org/fhir/R4/search.html). Filters are joined by AND,
 * the values of one filter by OR.
 */
export interface SearchRequest {
  readonly type: string;
  readonly filters: readonly SearchFilter[];
  /** Resources on a page; 0 asks for the total alone. */
  readonly count: number;
  /** Where the page starts: `SearchPage.next` of the page before. */
  readonly after?: string | undefined;
  /** Empty: by id, which is the order of creation. */
  readonly sort: readonly SearchSort[];
  readonly total: boolean;
}

export interface SearchSort {
  readonly param: '_id' | '_lastUpdated';
  readonly descending: boolean;
}

export type SearchFilter =
  | IdFilter
  | LastUpdatedFilter
  | TokenFilter
  | ReferenceFilter
  | DateFilter
  | StringFilter
  | MissingFilter
  | ChainFilter;

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
  /** `targetType` undefined: any type with that id. */
  readonly values: readonly { readonly targetType?: string | undefined; readonly target: string }[];
}

export type DatePrefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb';

/** `low` inclusive and `high` exclusive: the range the given precision covers, milliseconds since 1970 UTC. */
export interface DateValue {
  readonly prefix: DatePrefix;
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

export interface MissingFilter {
  readonly kind: 'missing';
  readonly param: string;
  readonly index: 'token' | 'reference' | 'date' | 'string';
  readonly missing: boolean;
}

/** `subject:Patient.identifier=…`: a reference to a resource of `targetType` that itself matches `filter`. */
export interface ChainFilter {
  readonly kind: 'chain';
  readonly param: string;
  readonly targetType: string;
  readonly filter: SearchFilter;
}
