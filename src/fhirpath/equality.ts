import { LIMITS } from '../kernel/limits.ts';
import { Decimal } from './decimal.ts';
import { EvaluationError } from './evaluation-error.ts';
import { isKindOf } from './fhir-types.ts';
import { Element, type Items, isTree, listOf } from './items.ts';
import { alignQuantities, Quantity, quantityOf } from './quantity.ts';
import { compareTemporal, parseDate, parseDateTime, parseTime, Temporal, type TemporalKind } from './temporal.ts';

/**
 * An item as a value that compares: FHIR dates as dates, numbers as they are. Strings stay strings; `matchKinds` reads
 * them as dates where the other side is one.
 */
export function comparable(item: unknown): unknown {
  if (!(item instanceof Element)) return item;
  const { value, type } = item;
  if (typeof value === 'string') {
    if (type === 'date') return parseDate(value) ?? value;
    if (type === 'dateTime' || type === 'instant') return parseDateTime(value) ?? value;
    if (type === 'time') return parseTime(value) ?? value;
  }
  if (type !== undefined && isTree(value) && isKindOf(type, 'Quantity')) return quantityOf(value) ?? value;
  return value;
}

/** Implicit conversions (http://hl7.org/fhirpath/N1/#conversion), and of JSON's strings and objects to what they face. */
export function matchKinds(left: unknown, right: unknown): [unknown, unknown] {
  if (left instanceof Temporal && typeof right === 'string') return [left, readAs(left.kind, right) ?? right];
  if (right instanceof Temporal && typeof left === 'string') return [readAs(right.kind, left) ?? left, right];
  if (left instanceof Quantity) return [left, asQuantity(right) ?? right];
  if (right instanceof Quantity) return [asQuantity(left) ?? left, right];
  return [left, right];
}

/** A string facing a date may be a date-time, and the other way round; only times stand apart. */
function readAs(kind: TemporalKind, text: string): Temporal | undefined {
  return kind === 'Time' ? parseTime(text) : (parseDate(text) ?? parseDateTime(text));
}

export function asQuantity(value: unknown): Quantity | undefined {
  if (value instanceof Quantity) return value;
  const number = asDecimal(value);
  if (number !== undefined) return new Quantity(number, '1', false);
  if (value instanceof Temporal || typeof value !== 'object' || value === null) return undefined;
  return quantityOf(value);
}

export function asDecimal(value: unknown): Decimal | undefined {
  if (value instanceof Decimal) return value;
  return typeof value === 'number' ? Decimal.fromNumber(value) : undefined;
}

/** `=` of two collections: undefined (empty) where either is empty or the answer is not certain. */
export function equalItems(left: Items, right: Items): boolean | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (!Array.isArray(left) && !Array.isArray(right)) return equal(left, right);
  const lefts = listOf(left);
  const rights = listOf(right);
  if (lefts.length === 0 || rights.length === 0) return undefined;
  if (lefts.length !== rights.length) return false;
  let certain: boolean | undefined = true;
  for (let index = 0; index < lefts.length; index += 1) {
    const one = equal(lefts[index], rights[index]);
    if (one === false) return false;
    if (one === undefined) certain = undefined;
  }
  return certain;
}

/** `=` of two items (http://hl7.org/fhirpath/N1/#equals). */
export function equal(leftItem: unknown, rightItem: unknown): boolean | undefined {
  if (leftItem === rightItem) return true;
  if (typeof leftItem === 'string' && typeof rightItem === 'string') return false;
  if (isTree(leftItem) && isTree(rightItem)) return equalTrees(leftItem, rightItem, 0, equal);
  const [left, right] = matchKinds(comparable(leftItem), comparable(rightItem));
  // A primitive that has extensions but no value is as good as empty.
  if (left === undefined || right === undefined) return undefined;
  if (typeof left !== 'object' && typeof right !== 'object') return left === right;
  if (left instanceof Temporal && right instanceof Temporal) {
    if ((left.kind === 'Time') !== (right.kind === 'Time')) return false;
    const order = compareTemporal(left, right);
    return order === undefined ? undefined : order === 0;
  }
  if (left instanceof Quantity && right instanceof Quantity) {
    const aligned = alignQuantities(left, right, 'equality');
    if (aligned === undefined) return left.calendar !== right.calendar ? undefined : false;
    return aligned.left.compare(aligned.right) === 0;
  }
  if (left instanceof Decimal || right instanceof Decimal) {
    const leftNumber = asDecimal(left);
    const rightNumber = asDecimal(right);
    return leftNumber !== undefined && rightNumber !== undefined && leftNumber.compare(rightNumber) === 0;
  }
  return isTree(left) && isTree(right) && equalTrees(left, right, 0, equal);
}

type SameItem = (left: unknown, right: unknown) => boolean | undefined;

function equalTrees(left: object, right: object, depth: number, same: SameItem): boolean {
  if (depth > 2 * LIMITS.depthMax) {
    throw new EvaluationError('mapping-limit', `The values nest deeper than ${LIMITS.depthMax} levels.`);
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    for (let index = 0; index < left.length; index += 1) {
      if (!equalParts(left[index], right[index], depth, same)) return false;
    }
    return true;
  }
  let count = 0;
  for (const key in left) {
    if (!Object.hasOwn(left, key)) continue;
    count += 1;
    const one = (left as Record<string, unknown>)[key];
    const other = Object.hasOwn(right, key) ? (right as Record<string, unknown>)[key] : undefined;
    if (one !== other && !equalParts(one, other, depth, same)) return false;
  }
  for (const key in right) if (Object.hasOwn(right, key)) count -= 1;
  return count === 0;
}

function equalParts(left: unknown, right: unknown, depth: number, same: SameItem): boolean {
  if (left === right) return true;
  if (typeof left !== typeof right || left === null || right === null) return false;
  if (typeof left === 'object') return equalTrees(left, right as object, depth + 1, same);
  return same(left, right) === true;
}

/** `~` of two collections: same size, each item has a partner, in any order. */
export function equivalentItems(left: Items, right: Items): boolean {
  const lefts = listOf(left);
  const rights = [...listOf(right)];
  if (lefts.length !== rights.length) return false;
  return lefts.every((item) => {
    const found = rights.findIndex((other) => equivalent(item, other));
    if (found === -1) return false;
    rights.splice(found, 1);
    return true;
  });
}

/** `~` of two items (http://hl7.org/fhirpath/N1/#equivalent): always true or false. */
export function equivalent(leftItem: unknown, rightItem: unknown): boolean {
  const [left, right] = matchKinds(comparable(leftItem), comparable(rightItem));
  if (typeof left === 'string' && typeof right === 'string') return fold(left) === fold(right);
  if (left instanceof Temporal && right instanceof Temporal) return compareTemporal(left, right) === 0;
  if (left instanceof Quantity && right instanceof Quantity) {
    const aligned = alignQuantities(left, right, 'equivalence');
    return aligned !== undefined && equivalentNumbers(aligned.left, aligned.right);
  }
  const leftNumber = asDecimal(left);
  const rightNumber = asDecimal(right);
  if (leftNumber !== undefined && rightNumber !== undefined) return equivalentNumbers(leftNumber, rightNumber);
  if (isTree(left) && isTree(right)) return equalTrees(left, right, 0, equivalent);
  return left === right;
}

/** Rounded to the digits of the less precise, zeros at the end not counted. */
function equivalentNumbers(left: Decimal, right: Decimal): boolean {
  const [one, other] = [left.trimmed(), right.trimmed()];
  const scale = Math.min(one.scale, other.scale);
  return one.rounded(scale).compare(other.rounded(scale)) === 0;
}

/** Case and the kind of blank do not matter. */
function fold(text: string): string {
  return text.toLowerCase().replace(/\s/g, ' ');
}
