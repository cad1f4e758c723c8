import { isJsonObject, type JsonValue } from '../kernel/json.ts';
import type { Definitions } from './definitions.ts';
import {
  type DateRow,
  type IndexRow,
  identifierParam,
  type StringRow,
  type UriRow,
  type ValueRow,
} from './index-row.ts';
import { parseReference } from './references.ts';
import { type DateRange, joinRanges, parseDateRange } from './search-dates.ts';
import type { ValueKind } from './search-params.ts';
import { quantityRows } from './search-quantities.ts';
import { cutText, foldText } from './search-strings.ts';
import { tokenRows } from './search-tokens.ts';

/** A value that a search parameter's expression found. */
export interface FoundValue {
  readonly value: JsonValue;
  /** The value set bound as required, which gives a bare code its system. */
  readonly valueSet?: string | undefined;
}

export interface IndexContext {
  readonly definitions: Definitions;
  /** Our own FHIR base without trailing slash: an absolute reference below it is to a resource of ours. */
  readonly baseUrl: string | undefined;
}

/** The rows of one value of a search parameter. */
export function rowsOf(kind: ValueKind | 'uri', param: string, found: FoundValue, context: IndexContext): IndexRow[] {
  switch (kind) {
    case 'token':
      return tokenRows(param, found, context.definitions);
    case 'reference':
      return referenceRows(param, found.value, context);
    case 'date':
      return dateRows(param, found.value);
    case 'string':
      return stringRows(param, found.value);
    case 'number':
    case 'quantity':
      return quantityRows(param, found.value);
    case 'uri':
      return uriRows(param, found.value);
  }
}

/** The rows of a component of a composite: those that stand for the value itself. */
export function componentRows(
  kind: ValueKind,
  param: string,
  found: FoundValue,
  context: IndexContext,
): readonly ValueRow[] {
  return rowsOf(kind, param, found, context).filter(
    (row): row is ValueRow =>
      row.kind !== 'text' && row.kind !== 'uri' && row.kind !== 'composite' && row.param === param,
  );
}

/** https://hl7.org/fhir/R4/search.html#reference */
function referenceRows(param: string, value: JsonValue, context: IndexContext): IndexRow[] {
  // A canonical, or a uri that is used as one.
  if (typeof value === 'string') return withoutVersion(value).map((one) => referenceRow(param, one, context));
  if (!isJsonObject(value)) return [];
  const rows: IndexRow[] = [];
  const { reference, identifier } = value;
  if (typeof reference === 'string' && !reference.startsWith('#')) rows.push(referenceRow(param, reference, context));
  if (isJsonObject(identifier)) {
    // Who is meant is asked by the identifier itself, and not by its kind.
    const plain = identifier.type === undefined ? identifier : { ...identifier, type: null };
    for (const row of tokenRows(identifierParam(param), { value: plain }, context.definitions)) rows.push(row);
  }
  return rows;
}

function referenceRow(param: string, reference: string, context: IndexContext): IndexRow {
  const own = readOwnReference(reference, context);
  return { kind: 'reference', param, targetType: own?.type ?? '', target: cutText(own?.id ?? reference) };
}

/** A canonical may name a version (https://hl7.org/fhir/R4/references.html#canonical); it is found with it and without. */
function withoutVersion(canonical: string): string[] {
  const unversioned = canonical.split('|', 1)[0] ?? canonical;
  return unversioned === canonical || unversioned === '' ? [canonical] : [canonical, unversioned];
}

/** Type and id of a reference to a resource of ours; undefined for anybody else's, a urn, or what is no reference. */
export function readOwnReference(
  reference: string,
  { definitions, baseUrl }: IndexContext,
): { readonly type: string; readonly id: string } | undefined {
  const parsed = parseReference(reference, definitions.resourceTypes);
  if (parsed === undefined) return undefined;
  return parsed.base === undefined || parsed.base === `${baseUrl}/` ? parsed : undefined;
}

/** https://hl7.org/fhir/R4/search.html#date */
function dateRows(param: string, value: JsonValue): DateRow[] {
  const rows: DateRow[] = [];
  const add = (range: DateRange | undefined): void => {
    if (range !== undefined) rows.push({ kind: 'date', param, low: range.low, high: range.high });
  };
  if (typeof value === 'string') add(parseDateRange(value));
  else if (isJsonObject(value)) {
    add(periodOf(value));
    // Timing: each stated event, and the bounds of what repeats.
    if (Array.isArray(value.event)) for (const event of value.event) add(rangeOf(event));
    if (isJsonObject(value.repeat)) add(periodOf(value.repeat.boundsPeriod));
  }
  return rows;
}

function periodOf(value: JsonValue | undefined): DateRange | undefined {
  return isJsonObject(value) ? joinRanges(rangeOf(value.start), rangeOf(value.end)) : undefined;
}

function rangeOf(value: JsonValue | undefined): DateRange | undefined {
  return typeof value === 'string' ? parseDateRange(value) : undefined;
}

/** Parts of a HumanName and an Address that string search looks at. */
const TEXT_PARTS = [
  'text',
  'family',
  'given',
  'prefix',
  'suffix',
  'line',
  'city',
  'district',
  'state',
  'postalCode',
  'country',
];

/** https://hl7.org/fhir/R4/search.html#string */
function stringRows(param: string, value: JsonValue): StringRow[] {
  const texts =
    typeof value === 'string' ? [value] : isJsonObject(value) ? TEXT_PARTS.flatMap((part) => value[part] ?? []) : [];
  return texts.flatMap((text) => {
    const folded = typeof text === 'string' ? foldText(text) : '';
    return typeof text !== 'string' || folded === ''
      ? []
      : [{ kind: 'string', param, folded, exact: cutText(text) } satisfies StringRow];
  });
}

/** https://hl7.org/fhir/R4/search.html#uri. Those that are canonical may name a version, as `meta.profile` does. */
function uriRows(param: string, value: JsonValue): UriRow[] {
  if (typeof value !== 'string' || value === '') return [];
  return withoutVersion(value).map((uri) => ({ kind: 'uri', param, uri: cutText(uri) }));
}
