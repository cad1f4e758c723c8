import { Decimal } from './decimal.ts';
import { asDecimal, asQuantity, comparable } from './equality.ts';
import { EvaluationError } from './evaluation-error.ts';
import { type FunctionRule, type FunctionTable, perItem, withArguments } from './function-rule.ts';
import { textOf } from './functions-strings.ts';
import { bareValue, countOf, isTree, onlyOf } from './items.ts';
import { alignQuantities, parseQuantity, Quantity } from './quantity.ts';
import { convertTemporal, parseDate, parseDateTime, parseTime, Temporal } from './temporal.ts';

/** Makes the value of a type from a single item; undefined where that cannot be. */
type Convert = (value: unknown) => unknown;

/** http://hl7.org/fhirpath/N1/#conversion */
export const CONVERSION: FunctionTable = {
  iif: perItem(2, 3, (input, [criterion, whenTrue, otherwise], call) => {
    const [node] = call.nodes;
    if (criterion === undefined || whenTrue === undefined || node === undefined) return input;
    if (node.kind === 'literal' && typeof node.value !== 'boolean') {
      call.refuse('The first argument of iif() is a condition, and this is a value.', node.at);
    }
    if (node.kind === 'binary' && node.operator === '|' && node.left.kind !== 'empty') {
      call.refuse('The first argument of iif() is one condition, and this is a list.', node.at);
    }
    const isBare = call.node.from === undefined;
    return (focus, scope) => {
      const items = isBare ? focus : input(focus, scope);
      if (countOf(items) > 1) {
        throw new EvaluationError('mapping-not-single', 'iif() works on one item; use select(iif(…)) for several.');
      }
      const truth = bareValue(onlyOf(criterion(items, scope), 'iif()'));
      if (truth !== undefined && typeof truth !== 'boolean') {
        throw new EvaluationError('mapping-failed', 'The condition of iif() is not true or false; write x.exists().');
      }
      return truth === true ? whenTrue(items, scope) : otherwise?.(items, scope);
    };
  }),
  ...conversions('Boolean', toBoolean),
  ...conversions('Integer', toInteger),
  ...conversions('Decimal', toDecimal),
  ...conversions('Date', toDate),
  ...conversions('DateTime', toDateTime),
  ...conversions('Time', toTime),
  ...conversions('String', toText),
  toQuantity: quantityConversion((quantity) => quantity),
  convertsToQuantity: quantityConversion((quantity) => quantity !== undefined),
};

/** The pair `toX()` and `convertsToX()`. */
function conversions(type: string, convert: Convert): FunctionTable {
  const rule = (where: string, answer: (converted: unknown) => unknown): FunctionRule =>
    withArguments(0, 0, (input) => {
      const item = onlyOf(input, where);
      // A date of FHIR becomes the text it is written in, and not one that we would print.
      const value = type === 'String' ? bareValue(item) : comparable(item);
      return value === undefined ? undefined : answer(convert(value));
    });
  return {
    [`to${type}`]: rule(`to${type}()`, (converted) => converted),
    [`convertsTo${type}`]: rule(`convertsTo${type}()`, (converted) => converted !== undefined),
  };
}

const TRUE_WORDS = new Set(['true', 't', 'yes', 'y', '1', '1.0']);
const FALSE_WORDS = new Set(['false', 'f', 'no', 'n', '0', '0.0']);

function toBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    const word = value.toLowerCase();
    return TRUE_WORDS.has(word) ? true : FALSE_WORDS.has(word) ? false : undefined;
  }
  const number = asDecimal(value)?.toNumber();
  return number === 1 ? true : number === 0 ? false : undefined;
}

function toInteger(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== 'string' || !/^[+-]?[0-9]{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? (number === 0 ? 0 : number) : undefined;
}

function toDecimal(value: unknown): Decimal | undefined {
  if (typeof value === 'boolean') return new Decimal(value ? 1n : 0n, 0);
  if (typeof value === 'string') return /^[+-]?[0-9]+(?:\.[0-9]+)?$/.test(value) ? Decimal.parse(value) : undefined;
  return asDecimal(value);
}

function toDate(value: unknown): Temporal | undefined {
  if (value instanceof Temporal) return value.kind === 'Time' ? undefined : convertTemporal(value, 'Date');
  if (typeof value !== 'string') return undefined;
  const date = parseDate(value) ?? parseDateTime(value);
  return date && convertTemporal(date, 'Date');
}

function toDateTime(value: unknown): Temporal | undefined {
  if (value instanceof Temporal) return value.kind === 'Time' ? undefined : convertTemporal(value, 'DateTime');
  return typeof value === 'string' ? parsePartialDateTime(value) : undefined;
}

/** As `parseDateTime`, and `2026-01-31T14` with hours alone. */
function parsePartialDateTime(text: string): Temporal | undefined {
  return parseDateTime(text.endsWith('T') ? text.slice(0, -1) : text);
}

function toTime(value: unknown): Temporal | undefined {
  if (value instanceof Temporal) return value.kind === 'Time' ? value : undefined;
  return typeof value === 'string' ? parseTime(value.startsWith('T') ? value.slice(1) : value) : undefined;
}

function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return asDecimal(value)?.toString();
  if (value instanceof Decimal || value instanceof Temporal || value instanceof Quantity) return value.toString();
  return isTree(value) ? asQuantity(value)?.toString() : undefined;
}

function toQuantity(value: unknown): Quantity | undefined {
  if (typeof value === 'boolean') return new Quantity(new Decimal(value ? 1n : 0n, 0), '1', false);
  return typeof value === 'string' ? parseQuantity(value) : asQuantity(value);
}

/** `toQuantity('unit')` converts to that unit, and is empty where it does not convert. */
function quantityConversion(answer: (quantity: Quantity | undefined) => unknown): FunctionRule {
  return withArguments(0, 1, (input, [unit]) => {
    const value = comparable(onlyOf(input, 'toQuantity()'));
    if (value === undefined) return undefined;
    const quantity = toQuantity(value);
    if (unit === undefined || quantity === undefined) return answer(quantity);
    const wanted = textOf(unit, 'toQuantity()');
    if (wanted === undefined) return undefined;
    const one = parseQuantity(`1 ${wanted}`) ?? new Quantity(new Decimal(1n, 0), wanted, false);
    const aligned = alignQuantities(quantity, one, 'equality');
    const converted = aligned?.left.dividedBy(aligned.right);
    return answer(converted && new Quantity(converted, one.unit, one.calendar));
  });
}
