import { Decimal } from './decimal.ts';
import { SystemValue } from './system-value.ts';
import type { CalendarStep } from './temporal.ts';
import { readUnit } from './units.ts';

/** Calendar words (http://hl7.org/fhirpath/N1/#time-valued-quantities) and the UCUM code of those that have a fixed length. */
const CALENDAR: ReadonlyMap<string, { readonly step: CalendarStep; readonly steps: number; readonly ucum: string }> =
  new Map([
    ['year', { step: 'year', steps: 1, ucum: 'a' }],
    ['month', { step: 'month', steps: 1, ucum: 'mo' }],
    ['week', { step: 'day', steps: 7, ucum: 'wk' }],
    ['day', { step: 'day', steps: 1, ucum: 'd' }],
    ['hour', { step: 'hour', steps: 1, ucum: 'h' }],
    ['minute', { step: 'minute', steps: 1, ucum: 'min' }],
    ['second', { step: 'second', steps: 1, ucum: 's' }],
    ['millisecond', { step: 'millisecond', steps: 1, ucum: 'ms' }],
  ]);
/** UCUM codes that a date may be moved by; `a` and `mo` are of a fixed length and not calendar years and months. */
const UCUM_STEPS: ReadonlyMap<string, string> = new Map([
  ['wk', 'week'],
  ['d', 'day'],
  ['h', 'hour'],
  ['min', 'minute'],
  ['s', 'second'],
  ['ms', 'millisecond'],
]);

export function isCalendarUnit(word: string): boolean {
  return CALENDAR.has(singular(word));
}

function singular(word: string): string {
  return word.endsWith('s') && word.length > 3 ? word.slice(0, -1) : word;
}

/** A number with a unit: a UCUM code, or a calendar word such as `day`. */
export class Quantity extends SystemValue {
  readonly value: Decimal;
  readonly unit: string;
  /** The unit is a calendar word rather than a UCUM code. */
  readonly calendar: boolean;

  constructor(value: Decimal, unit: string, calendar: boolean) {
    super();
    this.value = value;
    this.unit = unit;
    this.calendar = calendar;
  }

  override toString(): string {
    return this.calendar ? `${this.value} ${this.unit}` : `${this.value} '${this.unit}'`;
  }

  /** As FHIR writes it (https://hl7.org/fhir/R4/datatypes.html#Quantity). */
  toJSON(): Record<string, unknown> {
    const value = this.value.toNumber();
    if (this.calendar) return { value, unit: this.unit };
    return { value, unit: this.unit, system: 'http://unitsofmeasure.org', code: this.unit };
  }
}

const TEXT = /^([+-]?[0-9]+(?:\.[0-9]+)?)(?:\s{1,10}(?:'([^']{1,64})'|([a-z]{1,12})))?$/;

/** `4.5 'mg'`, `4 days`, `4`; undefined for other text. */
export function parseQuantity(text: string): Quantity | undefined {
  if (text.length > 200) return undefined;
  const [, number, code, word] = TEXT.exec(text) ?? [];
  const value = number === undefined ? undefined : Decimal.parse(number);
  if (value === undefined) return undefined;
  if (word !== undefined) return isCalendarUnit(word) ? new Quantity(value, word, true) : undefined;
  return new Quantity(value, code ?? '1', false);
}

/** A FHIR Quantity as ours; undefined where it has no value, or a comparator that makes it a range. */
export function quantityOf(element: object): Quantity | undefined {
  const { value, code, unit, comparator } = element as Record<string, unknown>;
  const number = typeof value === 'number' ? Decimal.fromNumber(value) : undefined;
  if (number === undefined || comparator !== undefined) return undefined;
  const name = typeof code === 'string' ? code : unit;
  return new Quantity(number, typeof name === 'string' ? name : '1', false);
}

/** The two values in one unit, so that they can be compared; undefined where the units do not convert. */
export function alignQuantities(
  left: Quantity,
  right: Quantity,
  purpose: 'equality' | 'equivalence',
): { left: Decimal; right: Decimal } | undefined {
  const leftCode = ucumCode(left, purpose);
  const rightCode = ucumCode(right, purpose);
  if (leftCode === rightCode) return { left: left.value, right: right.value };
  const years = calendarYears(left, right);
  if (years !== undefined) return years;
  if (leftCode === undefined || rightCode === undefined) return undefined;
  const leftUnit = readUnit(leftCode);
  const rightUnit = readUnit(rightCode);
  if (leftUnit === undefined || rightUnit === undefined || leftUnit.dimension !== rightUnit.dimension) return undefined;
  // Both over the common denominator; for equivalence the finer value moves into the coarser unit, because its
  // digits are then rounded to those of the coarser one.
  const leftFactor = leftUnit.top.times(rightUnit.bottom);
  const rightFactor = rightUnit.top.times(leftUnit.bottom);
  if (leftFactor === undefined || rightFactor === undefined) return undefined;
  if (purpose === 'equality') {
    const scaledLeft = left.value.times(leftFactor);
    const scaledRight = right.value.times(rightFactor);
    return scaledLeft && scaledRight && { left: scaledLeft, right: scaledRight };
  }
  if (leftFactor.compare(rightFactor) >= 0) {
    const moved = right.value.times(rightFactor)?.dividedBy(leftFactor);
    return moved && { left: left.value, right: moved };
  }
  const moved = left.value.times(leftFactor)?.dividedBy(rightFactor);
  return moved && { left: moved, right: right.value };
}

export function areComparable(left: Quantity, right: Quantity): boolean {
  return alignQuantities(left, right, 'equality') !== undefined;
}

/** The unit as a UCUM code; a calendar year or month has none except for equivalence. */
function ucumCode(quantity: Quantity, purpose: 'equality' | 'equivalence'): string | undefined {
  if (!quantity.calendar) return quantity.unit;
  const word = singular(quantity.unit);
  if (purpose === 'equality' && (word === 'year' || word === 'month')) return word;
  return CALENDAR.get(word)?.ucum;
}

/** A calendar year is twelve calendar months, whatever their days. */
function calendarYears(left: Quantity, right: Quantity): { left: Decimal; right: Decimal } | undefined {
  const inMonths = (one: Quantity): Decimal | undefined => {
    const word = one.calendar ? singular(one.unit) : '';
    if (word === 'year') return one.value.times(new Decimal(12n, 0));
    return word === 'month' ? one.value : undefined;
  };
  const leftMonths = inMonths(left);
  const rightMonths = inMonths(right);
  return leftMonths && rightMonths && { left: leftMonths, right: rightMonths };
}

/**
 * The calendar steps that a date moves by; undefined for a unit that is no time, or no calendar time. Fractions count
 * for seconds and are dropped for all that is longer (http://hl7.org/fhirpath/N1/#datetime-arithmetic).
 */
export function calendarSteps(quantity: Quantity): { count: number; step: CalendarStep } | undefined {
  const word = CALENDAR.has(singular(quantity.unit)) ? singular(quantity.unit) : UCUM_STEPS.get(quantity.unit);
  const rule = word === undefined ? undefined : CALENDAR.get(word);
  if (rule === undefined) return undefined;
  if (rule.step === 'second') {
    const milliseconds = quantity.value.times(new Decimal(1000n, 0));
    if (milliseconds && !quantity.value.isWhole()) {
      return { count: milliseconds.towards('zero').toNumber(), step: 'millisecond' };
    }
  }
  return { count: quantity.value.towards('zero').toNumber() * rule.steps, step: rule.step };
}

/** Sum or difference in the unit of the left; undefined where the units do not convert. */
export function addQuantities(left: Quantity, right: Quantity, sign: 1 | -1): Quantity | undefined {
  const signed = sign === 1 ? right.value : right.value.negated();
  if (left.unit === right.unit && left.calendar === right.calendar) {
    const sum = left.value.plus(signed);
    return sum && new Quantity(sum, left.unit, left.calendar);
  }
  const one = new Quantity(new Decimal(1n, 0), left.unit, left.calendar);
  const aligned = alignQuantities(one, new Quantity(signed, right.unit, right.calendar), 'equality');
  const moved = aligned?.right.dividedBy(aligned.left);
  const sum = moved && left.value.plus(moved);
  return sum && new Quantity(sum, left.unit, left.calendar);
}

/** Product or quotient; the unit becomes `left.right` or `left/right`, and `1` where it cancels out. */
export function multiplyQuantities(left: Quantity, right: Quantity, operator: '*' | '/'): Quantity | undefined {
  const value = operator === '*' ? left.value.times(right.value) : left.value.dividedBy(right.value);
  if (value === undefined) return undefined;
  const leftUnit = ucumCode(left, 'equivalence') ?? '1';
  const rightUnit = ucumCode(right, 'equivalence') ?? '1';
  if (rightUnit === '1') return new Quantity(value, left.unit, left.calendar);
  if (operator === '*' && leftUnit === '1') return new Quantity(value, right.unit, right.calendar);
  if (operator === '/' && leftUnit === rightUnit) return new Quantity(value, '1', false);
  // UCUM reads from left to right, so that a quotient on the right of a quotient needs its parts turned round.
  const turned = operator === '*' ? rightUnit : rightUnit.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'));
  return new Quantity(value, `${leftUnit === '1' ? '' : leftUnit}${operator === '*' ? '.' : '/'}${turned}`, false);
}
