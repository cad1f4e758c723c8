/** What search looks at: the values of a resource's search parameters, extracted once when it is written. */
export type IndexRow = ValueRow | TextRow | UriRow | CompositeRow;

/** The rows that a component of a composite can be. */
export type ValueRow = TokenRow | ReferenceRow | DateRow | StringRow | QuantityRow;

/** https://hl7.org/fhir/R4/search.html#token */
export interface TokenRow {
  readonly kind: 'token';
  /** A parameter's code, or one of those that `identifierParam` and `ofTypeParam` make of it. */
  readonly param: string;
  /** Empty for a value without a system. */
  readonly system: string;
  readonly code: string;
}

/** https://hl7.org/fhir/R4/search.html#reference */
export interface ReferenceRow {
  readonly kind: 'reference';
  readonly param: string;
  /** `Patient`; empty for an absolute URL. */
  readonly targetType: string;
  /** The id, or the URL of an absolute reference. */
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

/**
 * A number or a quantity (https://hl7.org/fhir/R4/search.html#quantity): a point, or a range with both ends in it. A
 * quantity has a row by its unit's code, and one more by the unit's name where that is another; a number has no unit.
 */
export interface QuantityRow {
  readonly kind: 'quantity';
  readonly param: string;
  readonly low: number;
  readonly high: number;
  /** Empty where there is none. */
  readonly system: string;
  readonly code: string;
}

/** The words beside a code, folded, for `:text` (https://hl7.org/fhir/R4/search.html#modifiers). */
export interface TextRow {
  readonly kind: 'text';
  readonly param: string;
  readonly folded: string;
}

/** https://hl7.org/fhir/R4/search.html#uri */
export interface UriRow {
  readonly kind: 'uri';
  readonly param: string;
  readonly uri: string;
}

/** https://hl7.org/fhir/R4/search.html#composite: values that stand together, one of each component. */
export interface CompositeRow {
  readonly kind: 'composite';
  readonly param: string;
  readonly parts: readonly ValueRow[];
}

/** What the identifier in a reference is indexed as, for `subject:identifier`. No parameter's code has a colon. */
export function identifierParam(code: string): string {
  return `${code}:identifier`;
}

/** What an identifier with its type is indexed as, for `identifier:of-type`: the type's system, and `code|value`. */
export function ofTypeParam(code: string): string {
  return `${code}:of-type`;
}
