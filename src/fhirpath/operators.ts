import type { BinaryOperator } from './ast.ts';
import { Decimal } from './decimal.ts';
import { asDecimal, asQuantity, comparable, equal, equalItems, equivalentItems, matchKinds } from './equality.ts';
import { EvaluationError } from './evaluation-error.ts';
import { boundText, type Items, isNone, isTree, listOf, onlyOf, truthOf } from './items.ts';
import { addQuantities, alignQuantities, calendarSteps, multiplyQuantities, Quantity } from './quantity.ts';
import { addSteps, compareTemporal, convertTemporal, parseDateTime, Temporal } from './temporal.ts';

/** An operator over two evaluated operands. `and`, `or`, `implies` and `|` are compiled apart: they look at less or more. */
type BinaryApply = (left: Items, right: Items) => Items;

/** http://hl7.org/fhirpath/N1/#operations */
export const BINARY: Readonly<Record<Exclude<BinaryOperator, '|' | 'and' | 'or' | 'implies'>, BinaryApply>> = {
  '=': equalItems,
  '!=': (left, right) => negated(equalItems(left, right)),
  '~': equivalentItems,
  '!~': (left, right) => !equivalentItems(left, right),
  '<': (left, right) => ordered(left, right, '<', (order) => order < 0),
  '<=': (left, right) => ordered(left, right, '<=', (order) => order <= 0),
  '>': (left, right) => ordered(left, right, '>', (order) => order > 0),
  '>=': (left, right) => ordered(left, right, '>=', (order) => order >= 0),
  in: (left, right) => isMember(left, right, 'in'),
  contains: (left, right) => isMember(right, left, 'contains'),
  xor: (left, right) => {
    const [one, other] = [truthOf(left, 'xor'), truthOf(right, 'xor')];
    return one === undefined || other === undefined ? undefined : one !== other;
  },
  '&': (left, right) =>
    boundText(
      (typeof left === 'string' ? left : textOf(left, '&')) + (typeof right === 'string' ? right : textOf(right, '&')),
    ),
  '+': (left, right) => arithmetic(left, right, '+', add),
  '-': (left, right) => arithmetic(left, right, '-', subtract),
  '*': (left, right) => arithmetic(left, right, '*', multiply),
  '/': (left, right) => arithmetic(left, right, '/', divide),
  div: (left, right) => arithmetic(left, right, 'div', divideWhole),
  mod: (left, right) => arithmetic(left, right, 'mod', modulo),
};

function negated(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function isMember(item: Items, list: Items, operator: string): Items {
  const only = onlyOf(item, `The single side of ${operator}`);
  if (only === undefined) return undefined;
  return listOf(list).some((one) => equal(one, only) === true);
}

function textOf(items: Items, operator: string): string {
  const only = comparable(onlyOf(items, operator));
  if (only === undefined) return '';
  if (typeof only !== 'string') {
    throw new EvaluationError(
      'mapping-failed',
      `The operator ${operator} joins strings and found ${kindOf(only)}; use toString().`,
    );
  }
  return only;
}

function ordered(left: Items, right: Items, operator: string, holds: (order: number) => boolean): Items {
  const one = onlyOf(left, operator);
  const other = onlyOf(right, operator);
  if (one === undefined || other === undefined) return undefined;
  const order = compareItems(one, other, operator);
  return order === undefined ? undefined : holds(order);
}

/**
 * Order of two items (http://hl7.org/fhirpath/N1/#comparison): undefined where it is not certain. Throws for kinds
 * that have no order between them.
 */
export function compareItems(leftItem: unknown, rightItem: unknown, operator: string): number | undefined {
  if (typeof leftItem === 'number' && typeof rightItem === 'number') return leftItem - rightItem;
  const [left, right] = matchKinds(...bothQuantities(comparable(leftItem), comparable(rightItem)));
  if (left === undefined || right === undefined) return undefined;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  if (left instanceof Temporal && right instanceof Temporal && (left.kind === 'Time') === (right.kind === 'Time')) {
    return compareTemporal(left, right);
  }
  if (left instanceof Quantity && right instanceof Quantity) {
    const aligned = alignQuantities(left, right, 'equality');
    return aligned?.left.compare(aligned.right);
  }
  const leftNumber = asDecimal(left);
  const rightNumber = asDecimal(right);
  if (leftNumber !== undefined && rightNumber !== undefined) return leftNumber.compare(rightNumber);
  throw mismatch(operator, left, right);
}

/** FHIR quantities compare although neither side is a literal. */
function bothQuantities(left: unknown, right: unknown): [unknown, unknown] {
  if (!isTree(left)) return [left, right];
  return [asQuantity(left) ?? left, right];
}

function arithmetic(
  left: Items,
  right: Items,
  operator: string,
  apply: (left: unknown, right: unknown) => unknown,
): Items {
  const one = onlyOf(left, operator);
  const other = onlyOf(right, operator);
  if (one === undefined || other === undefined) return undefined;
  return apply(comparable(one), comparable(other));
}

function add(left: unknown, right: unknown): unknown {
  if (isInteger(left) && isInteger(right)) return integer(left + right);
  if (typeof left === 'string' && typeof right === 'string') return boundText(left + right);
  return addOrSubtract(left, right, 1);
}

function subtract(left: unknown, right: unknown): unknown {
  if (isInteger(left) && isInteger(right)) return integer(left - right);
  return addOrSubtract(left, right, -1);
}

function addOrSubtract(left: unknown, right: unknown, sign: 1 | -1): unknown {
  const operator = sign === 1 ? '+' : '-';
  const leftNumber = asDecimal(left);
  const rightNumber = asDecimal(right);
  if (leftNumber && rightNumber) return sign === 1 ? leftNumber.plus(rightNumber) : leftNumber.minus(rightNumber);
  const date = dateOperand(left, right);
  if (date !== undefined && right instanceof Quantity) return moveDate(date, right, sign);
  const leftQuantity = asQuantity(left);
  const rightQuantity = asQuantity(right);
  if (leftQuantity && rightQuantity && (isQuantity(left) || isQuantity(right))) {
    return addQuantities(leftQuantity, rightQuantity, sign);
  }
  throw mismatch(operator, left, right);
}

/** A date, or a string that stands where only a date makes sense. */
function dateOperand(left: unknown, right: unknown): Temporal | undefined {
  if (left instanceof Temporal) return left;
  if (typeof left !== 'string' || !(right instanceof Quantity)) return undefined;
  const value = parseDateTime(left);
  if (value === undefined) throw new EvaluationError('date-invalid', 'A date was expected before a duration.');
  return left.includes('T') ? value : convertTemporal(value, 'Date');
}

function moveDate(date: Temporal, by: Quantity, sign: 1 | -1): Temporal | undefined {
  const steps = calendarSteps(by);
  if (steps === undefined) {
    throw new EvaluationError(
      'mapping-failed',
      "A date moves by calendar units (years, months, weeks, days, hours …) or by 'wk', 'd', 'h', 'min', 's', 'ms'.",
    );
  }
  return addSteps(date, sign * steps.count, steps.step);
}

function multiply(left: unknown, right: unknown): unknown {
  if (isInteger(left) && isInteger(right)) return integer(left * right);
  const numbers = decimals(left, right);
  if (numbers !== undefined) return numbers.left.times(numbers.right);
  const quantities = quantitiesOf(left, right, '*');
  return multiplyQuantities(quantities.left, quantities.right, '*');
}

function divide(left: unknown, right: unknown): unknown {
  const numbers = decimals(left, right);
  if (numbers !== undefined) return numbers.left.dividedBy(numbers.right);
  const quantities = quantitiesOf(left, right, '/');
  return multiplyQuantities(quantities.left, quantities.right, '/');
}

function divideWhole(left: unknown, right: unknown): unknown {
  if (isInteger(left) && isInteger(right)) return right === 0 ? undefined : integer(Math.trunc(left / right));
  const numbers = decimals(left, right);
  if (numbers === undefined) throw mismatch('div', left, right);
  const whole = numbers.left.wholeDividedBy(numbers.right);
  return whole === undefined ? undefined : integer(Number(whole));
}

function modulo(left: unknown, right: unknown): unknown {
  if (isInteger(left) && isInteger(right)) return right === 0 ? undefined : integer(left % right);
  const numbers = decimals(left, right);
  if (numbers === undefined) throw mismatch('mod', left, right);
  return numbers.left.remainder(numbers.right);
}

/** `-x`, `+x`. */
export function applySign(operator: '+' | '-', items: Items): Items {
  if (isNone(items)) return undefined;
  const only = comparable(onlyOf(items, `The sign ${operator}`));
  const number = typeof only === 'number' ? only : undefined;
  if (number === undefined && !(only instanceof Decimal) && !isQuantity(only)) throw mismatch(operator, only, 0);
  if (operator === '+') return only;
  if (number !== undefined) return number === 0 ? 0 : -number;
  if (only instanceof Decimal) return only.negated();
  const quantity = asQuantity(only);
  return quantity && new Quantity(quantity.value.negated(), quantity.unit, quantity.calendar);
}

function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}

/** Beyond the whole numbers a double can hold exactly the operation has overflowed, and is empty. */
function integer(value: number): number | undefined {
  return Number.isSafeInteger(value) ? (value === 0 ? 0 : value) : undefined;
}

function decimals(left: unknown, right: unknown): { left: Decimal; right: Decimal } | undefined {
  const [one, other] = [asDecimal(left), asDecimal(right)];
  return one && other && { left: one, right: other };
}

function quantitiesOf(left: unknown, right: unknown, operator: string): { left: Quantity; right: Quantity } {
  const [one, other] = [asQuantity(left), asQuantity(right)];
  if (one === undefined || other === undefined) throw mismatch(operator, left, right);
  return { left: one, right: other };
}

function isQuantity(value: unknown): boolean {
  return value instanceof Quantity || (isTree(value) && asQuantity(value) !== undefined);
}

function mismatch(operator: string, left: unknown, right: unknown): EvaluationError {
  return new EvaluationError(
    'mapping-failed',
    `The operator ${operator} does not work on ${kindOf(left)} and ${kindOf(right)}; convert one, as with toDate().`,
  );
}

/** The kind of a value in words, for error texts; never the value. */
export function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'boolean') return 'a boolean';
  if (typeof value === 'number' || value instanceof Decimal) return 'a number';
  if (value instanceof Temporal) return value.kind === 'Time' ? 'a time' : 'a date';
  if (value instanceof Quantity) return 'a quantity';
  return value === undefined ? 'nothing' : 'an object';
}
