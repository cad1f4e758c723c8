import { LIMITS } from '../kernel/limits.ts';
import { Decimal } from './decimal.ts';
import { EvaluationError } from './evaluation-error.ts';
import { Quantity } from './quantity.ts';
import { SystemValue } from './system-value.ts';
import { Temporal } from './temporal.ts';

/**
 * A collection, in the form that costs least: `undefined` is none, an array is several (or none, or one), anything
 * else is one item. Items are never arrays, `null` or `undefined` themselves.
 */
export type Items = unknown;

const NONE: readonly unknown[] = [];

export function listOf(items: Items): readonly unknown[] {
  if (items === undefined) return NONE;
  return Array.isArray(items) ? items : [items];
}

/** The shortest form of a list. */
export function itemsOf(list: readonly unknown[]): Items {
  return list.length === 1 ? list[0] : list.length === 0 ? undefined : list;
}

export function countOf(items: Items): number {
  return items === undefined ? 0 : Array.isArray(items) ? items.length : 1;
}

export function isNone(items: Items): boolean {
  return items === undefined || (Array.isArray(items) && items.length === 0);
}

/** Adds a collection to a list, which stays within the bound of collections. */
export function addTo(list: unknown[], items: Items): void {
  if (items === undefined) return;
  if (Array.isArray(items)) for (const item of items) list.push(item);
  else list.push(items);
  if (list.length > LIMITS.mappingItemsMax) throw tooMany();
}

export function tooMany(): EvaluationError {
  return new EvaluationError('mapping-limit', `A collection grew past ${LIMITS.mappingItemsMax} items.`);
}

/** The only item, or undefined; several are an error (http://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections). */
export function onlyOf(items: Items, where: string): unknown {
  if (!Array.isArray(items)) return items;
  if (items.length > 1) {
    throw new EvaluationError(
      'mapping-not-single',
      `${where} needs one value and found ${items.length}; choose one with first(), where(…) or [0], or write select(…) to work on each.`,
    );
  }
  return items[0];
}

/** True, false or undefined for none. A single value that is not a boolean counts as true. */
export function truthOf(items: Items, where: string): boolean | undefined {
  if (items === true || items === false || items === undefined) return items;
  const only = bareValue(onlyOf(items, where));
  return only === undefined ? undefined : typeof only === 'boolean' ? only : true;
}

/**
 * A FHIR element that carries more than its JSON value: its type, or for a primitive the id and extensions that
 * stand beside it under `_name` (https://hl7.org/fhir/R4/json.html#primitive). `value` is undefined for a primitive
 * without a value.
 */
export class Element extends SystemValue {
  readonly value: unknown;
  /** FHIR type such as `dateTime`, or the path of a backbone element; undefined where it is not known. */
  readonly type: string | undefined;
  /** The object under `_name`. */
  readonly beside: object | undefined;

  constructor(value: unknown, type: string | undefined, beside: object | undefined) {
    super();
    this.value = value;
    this.type = type;
    this.beside = beside;
  }
}

/** An item without what FHIR wraps around it. */
export function bareValue(item: unknown): unknown {
  return item instanceof Element ? item.value : item;
}

/** Collections of JSON as ours: lists inside lists flatten, `null` is no item. */
export function readJson(value: unknown): Items {
  if (!Array.isArray(value)) return value === null ? undefined : value;
  for (const item of value) {
    if (item === null || item === undefined || Array.isArray(item)) {
      const flat: unknown[] = [];
      for (const one of value) addTo(flat, readJson(one));
      return flat;
    }
  }
  return value;
}

/** Items as the world outside knows them: JSON values. A primitive without a value is left out. */
export function writeJson(items: Items): readonly unknown[] {
  if (items === undefined) return NONE;
  if (!Array.isArray(items)) {
    const value = plainValue(items);
    return value === undefined ? NONE : [value];
  }
  if (items.length > LIMITS.mappingItemsMax) throw tooMany();
  for (const item of items) {
    if (typeof item === 'object' && plainValue(item) !== item) {
      return items.map(plainValue).filter((value) => value !== undefined);
    }
  }
  return items;
}

function plainValue(item: unknown): unknown {
  if (typeof item !== 'object' || !(item instanceof SystemValue)) return item;
  const value = bareValue(item);
  if (value instanceof Decimal) return value.toNumber();
  if (value instanceof Temporal) return value.toString();
  if (value instanceof Quantity) return value.toJSON();
  return value;
}

/** True for the objects of the input, as against numbers, dates and quantities of ours. */
export function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof SystemValue);
}

/** Ends an expression that makes ever longer texts, before the text is made. */
export function boundLength(length: number): void {
  if (length > LIMITS.bodyBytesMax) {
    throw new EvaluationError('mapping-limit', `A text grew past ${LIMITS.bodyBytesMax} characters.`);
  }
}

export function boundText(text: string): string {
  boundLength(text.length);
  return text;
}
