import { Decimal } from './decimal.ts';
import { asDecimal, asQuantity, comparable } from './equality.ts';
import { EvaluationError } from './evaluation-error.ts';
import { type FunctionTable, plain, withArguments } from './function-rule.ts';
import { wholeNumber } from './functions-subsetting.ts';
import { type Items, isTree, onlyOf } from './items.ts';
import { Quantity } from './quantity.ts';

/** Digits after the point of what a double computes; beyond them are only artefacts of binary. */
const REAL_DIGITS = 12;
const ROUND_MAX = 28;

/** http://hl7.org/fhirpath/N1/#math */
export const MATH: FunctionTable = {
  abs: plain((input) => {
    const value = comparable(onlyOf(input, 'abs()'));
    if (typeof value === 'number' && Number.isSafeInteger(value)) return Math.abs(value);
    if (value instanceof Quantity) return new Quantity(value.value.absolute(), value.unit, value.calendar);
    if (isTree(value)) {
      const quantity = asQuantity(value);
      if (quantity) return new Quantity(quantity.value.absolute(), quantity.unit, quantity.calendar);
    }
    return numberOf(input, 'abs()')?.absolute();
  }),
  ceiling: plain((input) => integerOf(numberOf(input, 'ceiling()')?.towards('ceiling'))),
  floor: plain((input) => integerOf(numberOf(input, 'floor()')?.towards('floor'))),
  truncate: plain((input) => integerOf(numberOf(input, 'truncate()')?.towards('zero'))),
  round: withArguments(0, 1, (input, [precision]) => {
    const value = numberOf(input, 'round()');
    const digits = precision === undefined ? 0 : wholeNumber(precision, 'round()');
    if (value === undefined || digits === undefined) return undefined;
    if (digits < 0 || digits > ROUND_MAX) {
      throw new EvaluationError('mapping-failed', `round() takes 0 to ${ROUND_MAX} digits.`);
    }
    return value.rounded(digits);
  }),
  exp: plain((input) => real(numberOf(input, 'exp()'), Math.exp)),
  ln: plain((input) => real(numberOf(input, 'ln()'), Math.log)),
  log: withArguments(1, 1, (input, [base]) => {
    const number = numberOf(base, 'log()')?.toNumber();
    return number === undefined
      ? undefined
      : real(numberOf(input, 'log()'), (value) => Math.log(value) / Math.log(number));
  }),
  power: withArguments(1, 1, (input, [exponent]) => {
    const value = numberOf(input, 'power()');
    const power = numberOf(exponent, 'power()');
    if (value === undefined || power === undefined) return undefined;
    const exact = wholePower(value, power);
    if (exact !== undefined) return exact.scale === 0 ? (integerOf(exact) ?? undefined) : exact;
    return real(value, (base) => base ** power.toNumber());
  }),
  sqrt: plain((input) => real(numberOf(input, 'sqrt()'), Math.sqrt)),
};

function numberOf(items: Items, where: string): Decimal | undefined {
  const value = comparable(onlyOf(items, where));
  if (value === undefined) return undefined;
  const number = asDecimal(value);
  if (number === undefined) throw new EvaluationError('mapping-failed', `${where} takes a number.`);
  return number;
}

function integerOf(value: Decimal | undefined): number | undefined {
  const number = value?.toNumber();
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
}

/** What only a double can compute; empty where it has no answer. */
function real(value: Decimal | undefined, apply: (value: number) => number): Decimal | undefined {
  if (value === undefined) return undefined;
  const result = apply(value.toNumber());
  if (!Number.isFinite(result)) return undefined;
  const places = Math.abs(result) >= 1e15 ? 0 : REAL_DIGITS;
  return Decimal.parse(result.toFixed(places))?.trimmed();
}

/** Exact for small whole exponents. */
function wholePower(value: Decimal, power: Decimal): Decimal | undefined {
  if (!power.isWhole() || power.digits < 0n) return undefined;
  const count = power.toNumber();
  if (count > 64) return undefined;
  let result: Decimal | undefined = new Decimal(1n, 0);
  for (let done = 0; done < count && result !== undefined; done += 1) result = result.times(value);
  return result;
}
