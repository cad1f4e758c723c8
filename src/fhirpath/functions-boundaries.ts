import { Decimal } from './decimal.ts';
import { asDecimal, asQuantity, comparable } from './equality.ts';
import { EvaluationError } from './evaluation-error.ts';
import { type FunctionRule, type FunctionTable, plain, withArguments } from './function-rule.ts';
import { wholeNumber } from './functions-subsetting.ts';
import { type Items, onlyOf } from './items.ts';
import { kindOf } from './operators.ts';
import { areComparable, Quantity } from './quantity.ts';
import { daysIn, type Precision, parseDateTime, Temporal } from './temporal.ts';

/** Digits of a year, month, day, hour, minute, second and millisecond as `precision()` counts them. */
const DATE_DIGITS: readonly number[] = [4, 6, 8, 10, 12, 14, 17];
const TIME_DIGITS: readonly number[] = [0, 0, 0, 2, 4, 6, 9];
const DECIMAL_DIGITS_DEFAULT = 8;
const DECIMAL_DIGITS_MAX = 28;
/** Where a date-time states no offset, its earliest and latest are those of the zones farthest east and west. */
const EASTMOST_MINUTES = 14 * 60;
const WESTMOST_MINUTES = -12 * 60;

/** Of the version of the standard that follows N1. */
export const BOUNDARIES: FunctionTable = {
  lowBoundary: boundary('low'),
  highBoundary: boundary('high'),
  precision: plain((input) => {
    const value = dateOr(comparable(onlyOf(input, 'precision()')));
    if (value instanceof Temporal) return digitsOf(value)[value.precision - 1];
    return asDecimal(value)?.scale;
  }),
  comparable: withArguments(1, 1, (input, [other]) => {
    const left = comparable(onlyOf(input, 'comparable()'));
    const right = comparable(onlyOf(other, 'comparable()'));
    if (left === undefined || right === undefined) return undefined;
    const [one, two] = [asQuantity(left), asQuantity(right)];
    return one !== undefined && two !== undefined && areComparable(one, two);
  }),
};

type Side = 'low' | 'high';

function boundary(side: Side): FunctionRule {
  const where = `${side}Boundary()`;
  return withArguments(0, 1, (input, [precision]) => {
    const value = dateOr(comparable(onlyOf(input, where)));
    const digits = precision === undefined ? undefined : wholeNumber(precision, where);
    if (value === undefined || (precision !== undefined && digits === undefined)) return undefined;
    return boundaryOf(value, digits, side, where);
  });
}

function boundaryOf(value: unknown, digits: number | undefined, side: Side, where: string): Items {
  if (value instanceof Temporal) return temporalBoundary(value, digits, side);
  const number = asDecimal(value);
  if (number !== undefined) return decimalBoundary(number, digits ?? DECIMAL_DIGITS_DEFAULT, side);
  const quantity = asQuantity(value);
  if (quantity === undefined) {
    throw new EvaluationError('mapping-failed', `${where} takes a number, a date or a quantity, not ${kindOf(value)}.`);
  }
  const bound = decimalBoundary(quantity.value, digits ?? DECIMAL_DIGITS_DEFAULT, side);
  return bound && new Quantity(bound, quantity.unit, quantity.calendar);
}

/** Half of the last digit's worth to either side, then to the digits asked for, away from the value. */
function decimalBoundary(value: Decimal, digits: number, side: Side): Decimal | undefined {
  if (digits < 0 || digits > DECIMAL_DIGITS_MAX) return undefined;
  const half = new Decimal(side === 'low' ? -5n : 5n, value.scale + 1);
  const bound = value.plus(half);
  // A number too small to show at all with so few digits is nought.
  if (digits > 0 && value.towards('zero', digits).digits === 0n && digits < value.scale) return new Decimal(0n, digits);
  return bound?.towards(side === 'low' ? 'floor' : 'ceiling', digits);
}

function temporalBoundary(value: Temporal, digits: number | undefined, side: Side): Temporal | undefined {
  const table = digitsOf(value);
  const finest = value.kind === 'Date' ? 3 : 7;
  const wanted = digits === undefined ? finest : table.indexOf(digits) + 1;
  if (wanted < 1 || wanted > finest || (value.kind === 'Time' && wanted < 4)) return undefined;
  const parts: [number, number, number, number, number, number, number] = [...value.parts];
  if (side === 'high') {
    if (value.precision < 2) parts[1] = 12;
    if (value.precision < 3) parts[2] = daysIn(parts[0], parts[1]);
    if (value.precision < 4) parts[3] = 23;
    if (value.precision < 5) parts[4] = 59;
    if (value.precision < 6) parts[5] = 59;
    if (value.precision < 7) parts[6] = 999;
  }
  const zone = side === 'low' ? EASTMOST_MINUTES : WESTMOST_MINUTES;
  const offset = value.kind !== 'DateTime' || wanted < 4 ? undefined : (value.offset ?? zone);
  return new Temporal(value.kind, parts, wanted as Precision, offset);
}

function digitsOf(value: Temporal): readonly number[] {
  return value.kind === 'Time' ? TIME_DIGITS : DATE_DIGITS;
}

/** JSON has no dates: a string that is one is meant as one here. */
function dateOr(value: unknown): unknown {
  return typeof value === 'string' ? (parseDateTime(value) ?? value) : value;
}
