import { isJsonObject, type JsonValue } from '../kernel/json.ts';
import type { Definitions } from './definitions.ts';
import type { DateRow, IndexRow, ReferenceRow, StringRow, TokenRow } from './index-row.ts';
import { parseReference } from './references.ts';
import { type DateRange, joinRanges, parseDateRange } from './search-dates.ts';
import type { SearchKind } from './search-params.ts';
import { cutText, foldText } from './search-strings.ts';

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
export function rowsOf(kind: SearchKind, param: string, found: FoundValue, context: IndexContext): IndexRow[] {
  switch (kind) {
    case 'token':
      return tokenRows(param, found, context);
    case 'reference':
      return referenceRows(param, found.value, context);
    case 'date':
      return dateRows(param, found.value);
    case 'string':
      return stringRows(param, found.value);
  }
}

/** https://hl7.org/fhir/R4/search.html#token */
function tokenRows(param: string, { value, valueSet }: FoundValue, { definitions }: IndexContext): TokenRow[] {
  const row = (system: JsonValue | undefined, code: JsonValue | undefined): TokenRow[] =>
    typeof code === 'string' && code !== ''
      ? [{ kind: 'token', param, system: typeof system === 'string' ? system : '', code: cutText(code) }]
      : [];
  if (typeof value === 'boolean') return row('', String(value));
  if (typeof value === 'string') return row(impliedSystem(value, valueSet, definitions), value);
  if (!isJsonObject(value)) return [];
  if (Array.isArray(value.coding)) {
    return value.coding.filter(isJsonObject).flatMap((coding) => row(coding.system, coding.code));
  }
  if ('code' in value) return row(value.system, value.code);
  // A ContactPoint's system is the kind of address, not a namespace.
  const contact = ['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other'].includes(String(value.system));
  return row(contact ? '' : value.system, value.value);
}

/** A bare code means the system of its value set, where all of that set is of one system. */
function impliedSystem(code: string, valueSet: string | undefined, definitions: Definitions): string {
  const systems = valueSet === undefined ? undefined : definitions.valueSet(valueSet);
  for (const [system, codes] of systems ?? []) if (codes.has(code)) return system;
  return '';
}

/** https://hl7.org/fhir/R4/search.html#reference */
function referenceRows(param: string, value: JsonValue, context: IndexContext): ReferenceRow[] {
  const row = (targetType: string, target: string): ReferenceRow => ({
    kind: 'reference',
    param,
    targetType,
    target: cutText(target),
  });
  if (typeof value === 'string') {
    const unversioned = value.split('|', 1)[0] ?? value;
    return unversioned === value ? [row('', value)] : [row('', value), row('', unversioned)];
  }
  if (!isJsonObject(value)) return [];
  const rows: ReferenceRow[] = [];
  if (typeof value.reference === 'string' && !value.reference.startsWith('#')) {
    const own = readOwnReference(value.reference, context);
    rows.push(own === undefined ? row('', value.reference) : row(own.type, own.id));
  }
  const { identifier } = value;
  if (isJsonObject(identifier) && typeof identifier.value === 'string') {
    rows.push(row('', `${typeof identifier.system === 'string' ? identifier.system : ''}|${identifier.value}`));
  }
  return rows;
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
  const ranges: (DateRange | undefined)[] = [];
  if (typeof value === 'string') ranges.push(parseDateRange(value));
  else if (isJsonObject(value)) {
    ranges.push(periodOf(value));
    // Timing: each stated event, and the bounds of what repeats.
    if (Array.isArray(value.event)) ranges.push(...value.event.map(rangeOf));
    if (isJsonObject(value.repeat)) ranges.push(periodOf(value.repeat.boundsPeriod));
  }
  return ranges.filter((range) => range !== undefined).map((range) => ({ kind: 'date', param, ...range }));
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
