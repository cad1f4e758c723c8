import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import type { QuantityRow } from './index-row.ts';
import { cutText } from './search-strings.ts';

/** Where a Money's currency comes from (https://hl7.org/fhir/R4/datatypes.html#Money). */
const CURRENCY_SYSTEM = 'urn:iso:std:iso:4217';

interface Unit {
  readonly system: string;
  readonly code: string;
}

type Interval = Pick<QuantityRow, 'low' | 'high'>;

/**
 * A number, Quantity, Range, Money or SampledData (https://hl7.org/fhir/R4/search.html#quantity). What is stored is
 * taken as exact; only what is asked has a precision. A value that is said to be less or more than a number is
 * everything on that side of it.
 */
export function quantityRows(param: string, value: JsonValue): QuantityRow[] {
  const row = (interval: Interval | undefined, units: readonly Unit[]): QuantityRow[] =>
    interval === undefined || interval.low > interval.high
      ? []
      : units.map(({ system, code }) => ({ kind: 'quantity', param, ...interval, system, code }));
  if (!isJsonObject(value)) return row(pointOf(value), [{ system: '', code: '' }]);
  if ('low' in value || 'high' in value) return row(rangeOf(value), unitsOf(value.low ?? value.high));
  if (isJsonObject(value.origin)) return row(spanOf(value, value.origin), unitsOf(value.origin));
  if (typeof value.currency === 'string') {
    return row(pointOf(value.value), [{ system: CURRENCY_SYSTEM, code: cutText(value.currency) }]);
  }
  return row(quantityOf(value), unitsOf(value));
}

/** By its code, and by its name where that is another: `5.4||mg` means either. */
function unitsOf(quantity: JsonValue | undefined): Unit[] {
  const { system, code, unit } = isJsonObject(quantity) ? quantity : {};
  const units: Unit[] = [];
  if (typeof code === 'string') {
    units.push({ system: typeof system === 'string' ? cutText(system) : '', code: cutText(code) });
  }
  if (typeof unit === 'string' && unit !== code) units.push({ system: '', code: cutText(unit) });
  return units.length === 0 ? [{ system: '', code: '' }] : units;
}

/** A decimal is a number, or its text where a number could not hold its digits. */
function numberOf(value: JsonValue | undefined): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function pointOf(value: JsonValue | undefined): Interval | undefined {
  const number = numberOf(value);
  return number === undefined ? undefined : { low: number, high: number };
}

function quantityOf({ value, comparator }: JsonObject): Interval | undefined {
  const point = pointOf(value);
  if (point === undefined) return undefined;
  if (comparator === '<' || comparator === '<=') return { ...point, low: Number.NEGATIVE_INFINITY };
  return comparator === '>' || comparator === '>=' ? { ...point, high: Number.POSITIVE_INFINITY } : point;
}

/** https://hl7.org/fhir/R4/datatypes.html#Range: open where it has no low or no high. */
function rangeOf({ low, high }: JsonObject): Interval | undefined {
  const from = isJsonObject(low) ? numberOf(low.value) : undefined;
  const to = isJsonObject(high) ? numberOf(high.value) : undefined;
  if (from === undefined && to === undefined) return undefined;
  return { low: from ?? Number.NEGATIVE_INFINITY, high: to ?? Number.POSITIVE_INFINITY };
}

/** https://hl7.org/fhir/R4/datatypes.html#SampledData: from the lowest of its points to the highest. */
function spanOf({ data, factor, lowerLimit, upperLimit }: JsonObject, origin: JsonObject): Interval | undefined {
  const base = numberOf(origin.value) ?? 0;
  const points = (typeof data === 'string' ? data.split(/\s+/u) : []).flatMap((text) => {
    if (text === 'L') return numberOf(lowerLimit) ?? [];
    if (text === 'U') return numberOf(upperLimit) ?? [];
    const point = numberOf(text);
    return point === undefined ? [] : base + point * (numberOf(factor) ?? 1);
  });
  if (points.length === 0) return undefined;
  return points.reduce<Interval>(
    ({ low, high }, point) => ({ low: Math.min(low, point), high: Math.max(high, point) }),
    { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY },
  );
}
