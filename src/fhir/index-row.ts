/** What search looks at: the values of a resource's search parameters, extracted once when it is written. */
export type IndexRow = TokenRow | ReferenceRow | DateRow | StringRow;

/** https://hl7.org/fhir/R4/search.html#token */
export interface TokenRow {
  readonly kind: 'token';
  readonly param: string;
  /** Empty for a value without a system. */
  readonly system: string;
  readonly code: string;
}

/** https://hl7.org/fhir/R4/search.html#reference */
export interface ReferenceRow {
  readonly kind: 'reference';
  readonly param: string;
  /** `Patient`; empty for an absolute URL or a logical reference. */
  readonly targetType: string;
  /** The id; the URL of an absolute reference; `system|value` of a logical one. */
  readonly target: string;
}

/** https://hl7.org/fhir/R4/search.html#date: the whole range that the value's precision covers, milliseconds since 1970 UTC, upper end exclusive. */
export interface DateRow {
  readonly kind: 'date';
  readonly param: string;
  readonly low: number;
  readonly high: number;
}

/** https://hl7.org/fhir/R4/search.html#string: folded (case, accents, spaces) for the usual match, with the exact text beside it. */
export interface StringRow {
  readonly kind: 'string';
  readonly param: string;
  readonly folded: string;
  readonly exact: string;
}
