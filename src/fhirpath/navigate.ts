import { type ChoiceKey, choiceKeys, elementTypes, isResourceType, typesByElementName } from './fhir-types.ts';
import { addTo, Element, type Items, isTree, itemsOf, readJson } from './items.ts';
import { type Closure, type Scope, spend } from './scope.ts';
import { SystemValue } from './system-value.ts';
import { parseDate, parseDateTime } from './temporal.ts';

/** Reads one member of one item. */
export type ReadItem = (item: unknown, scope: Scope) => Items;

export interface Reading {
  readonly dialect: 'fhir' | 'plain' | 'hl7v2';
  /** Items carry their FHIR types, because the expression asks for them. */
  readonly typed: boolean;
  /** Every read is reported to `Environment.onRead`. */
  readonly track: boolean;
}

/**
 * The closure of a path such as `from.a.b.c`. As long as one item leads to one item nothing is allocated; from the
 * first list on, one list takes what the end of the path finds.
 */
export function compilePath(from: Closure | undefined, reads: readonly ReadItem[]): Closure {
  const [only] = reads;
  if (reads.length === 1 && only !== undefined) {
    if (from === undefined) return (focus, scope) => readEach(focus, only, scope);
    return (focus, scope) => readEach(from(focus, scope), only, scope);
  }
  return (focus, scope) => readPath(from === undefined ? focus : from(focus, scope), reads, scope);
}

function readPath(items: Items, reads: readonly ReadItem[], scope: Scope): Items {
  spend(scope, reads.length);
  let current = items;
  for (let step = 0; step < reads.length; step += 1) {
    if (current === undefined) return undefined;
    if (Array.isArray(current)) {
      const found: unknown[] = [];
      walkPath(current, reads, step, found, scope);
      return itemsOf(found);
    }
    current = (reads[step] as ReadItem)(current, scope);
  }
  return current;
}

function walkPath(
  items: readonly unknown[],
  reads: readonly ReadItem[],
  step: number,
  found: unknown[],
  scope: Scope,
): void {
  spend(scope, items.length * (reads.length - step));
  for (const item of items) {
    let current: Items = item;
    let next = step;
    while (next < reads.length && current !== undefined && !Array.isArray(current)) {
      current = (reads[next] as ReadItem)(current, scope);
      next += 1;
    }
    if (next === reads.length) addTo(found, current);
    else if (Array.isArray(current)) walkPath(current, reads, next, found, scope);
  }
}

function readEach(items: Items, read: ReadItem, scope: Scope): Items {
  if (items === undefined) return undefined;
  if (!Array.isArray(items)) {
    spend(scope, 1);
    return read(items, scope);
  }
  spend(scope, items.length);
  const found: unknown[] = [];
  for (const item of items) addTo(found, read(item, scope));
  return itemsOf(found);
}

/** Reads the member of that name in the way of the dialect. */
export function readerOf(name: string, reading: Reading): ReadItem {
  const read = dialectReader(name, reading);
  if (!reading.track) return read;
  const choices = reading.dialect === 'fhir' ? (choiceKeys(name) ?? []) : [];
  const beside = reading.dialect === 'fhir' ? [`_${name}`] : [];
  return tracked(read, [name, ...beside, ...choices.flatMap((choice) => [choice.key, choice.beside])]);
}

/** Reads a choice element if it is written under that name, and nothing otherwise. */
export function choiceReader({ key, beside, type }: ChoiceKey, reading: Reading): ReadItem {
  const read: ReadItem = (item) => {
    const parent = item instanceof Element ? item.value : item;
    return isTree(parent) ? box(parent[key], parent[beside], reading.typed ? type : undefined) : undefined;
  };
  return reading.track ? tracked(read, [key, beside]) : read;
}

function tracked(read: ReadItem, keys: readonly string[]): ReadItem {
  return (item, scope) => {
    const onRead = scope.env.onRead;
    const parent = item instanceof Element ? item.value : item;
    if (onRead !== undefined && isTree(parent)) {
      for (const key of keys) if (Object.hasOwn(parent, key)) onRead(parent, key);
    }
    return read(item, scope);
  };
}

function dialectReader(name: string, reading: Reading): ReadItem {
  if (reading.dialect === 'plain') return plainReader(name);
  if (reading.dialect === 'hl7v2') return numberedReader(name);
  return reading.typed ? typedReader(name) : fhirReader(name);
}

/**
 * The own member of that name. Names that every object inherits are looked up the slow way; for all others an object
 * of the input has nothing but its own.
 */
function ownMember(object: object, name: string, isInherited: boolean): unknown {
  if (isInherited && !Object.hasOwn(object, name)) return undefined;
  return (object as Record<string, unknown>)[name];
}

function isInheritedName(name: string): boolean {
  return name in Object.prototype;
}

function plainReader(name: string): ReadItem {
  const inherited = isInheritedName(name);
  return (item) => {
    if (typeof item !== 'object' || item === null || item instanceof SystemValue) return undefined;
    const value = ownMember(item, name, inherited);
    if (typeof value !== 'object') return value;
    return readJson(value);
  };
}

/** HL7 v2: a field without components is its own first component, and so on down. */
function numberedReader(name: string): ReadItem {
  const read = plainReader(name);
  if (!/^[0-9]+$/.test(name)) return read;
  return (item, scope) => (typeof item === 'string' ? (name === '1' ? item : undefined) : read(item, scope));
}

/** FHIR JSON without types: primitives stay what they are unless an id or extensions stand beside them. */
function fhirReader(name: string): ReadItem {
  const inherited = isInheritedName(name);
  const choices = choiceKeys(name);
  const besideName = `_${name}`;
  const besideInherited = isInheritedName(besideName);
  return (item) => {
    if (typeof item !== 'object' || item === null) return undefined;
    if (item instanceof SystemValue) return item instanceof Element ? readBeside(item, name) : undefined;
    const object = item as Record<string, unknown>;
    const value = ownMember(object, name, inherited);
    // Only primitives have anything beside them.
    if (typeof value === 'object' && value !== null) {
      if (!Array.isArray(value)) return value;
      if (typeof value[0] === 'object' && value[0] !== null) return readJson(value);
    }
    const beside = ownMember(object, besideName, besideInherited);
    if (beside !== undefined) return box(value, beside, undefined);
    if (value !== undefined) return typeof value === 'object' ? readJson(value) : value;
    const choice = choices === undefined ? undefined : findChoice(object, choices);
    return choice && box(object[choice.key], object[choice.beside], undefined);
  };
}

/** FHIR JSON with types: every item that has one carries it. */
function typedReader(name: string): ReadItem {
  const inherited = isInheritedName(name);
  const choices = choiceKeys(name);
  const besideName = `_${name}`;
  const besideInherited = isInheritedName(besideName);
  return (item) => {
    const parent = item instanceof Element ? item.value : item;
    if (!isTree(parent)) {
      const found = item instanceof Element ? readBeside(item, name) : undefined;
      return box(found, undefined, name === 'extension' ? 'Extension' : 'string');
    }
    const parentType = item instanceof Element ? item.type : resourceTypeOf(parent);
    const value = ownMember(parent, name, inherited);
    const beside = ownMember(parent, besideName, besideInherited);
    if (value === undefined && beside === undefined && choices !== undefined) {
      const choice = findChoice(parent, choices);
      if (choice !== undefined) return box(parent[choice.key], parent[choice.beside], choice.type);
    }
    if (parentType === undefined) return box(value, beside, guessType(name, value));
    const types = elementTypes(parentType, name)?.types;
    return box(value, beside, types?.length === 1 ? types[0] : undefined);
  };
}

/**
 * The type of an element whose parent's type is not known, as when the input is a data type: from its name, where that
 * has one type in all of R4, or is a date somewhere and the value is one.
 */
function guessType(name: string, value: unknown): string | undefined {
  const types = typesByElementName(name);
  if (types === undefined) return undefined;
  if (types.size === 1) return [...types][0];
  const sample = Array.isArray(value) ? value[0] : value;
  if (typeof sample !== 'string') return undefined;
  if (types.has('date') && parseDate(sample) !== undefined) return 'date';
  const isDateTime = types.has('dateTime') || types.has('instant');
  return isDateTime && parseDateTime(sample) !== undefined ? 'dateTime' : undefined;
}

export function resourceTypeOf(value: object): string | undefined {
  const type = (value as Record<string, unknown>).resourceType;
  return typeof type === 'string' && Object.hasOwn(value, 'resourceType') ? type : undefined;
}

function findChoice(object: Record<string, unknown>, choices: readonly ChoiceKey[]): ChoiceKey | undefined {
  for (const choice of choices) if (object[choice.key] !== undefined) return choice;
  for (const choice of choices) if (object[choice.beside] !== undefined) return choice;
  return undefined;
}

/** The id and extensions of a primitive. */
function readBeside(element: Element, name: string): Items {
  if (element.beside === undefined || (name !== 'extension' && name !== 'id')) return undefined;
  return readJson((element.beside as Record<string, unknown>)[name]);
}

/** Joins values with what stands beside them; `given: [null, "Ann"]` keeps its place by `_given: [{…}, null]`. */
function box(value: unknown, beside: unknown, type: string | undefined): Items {
  if (!Array.isArray(value) && !Array.isArray(beside)) return boxOne(value, beside, type);
  const values = Array.isArray(value) ? value : [value];
  const besides = Array.isArray(beside) ? beside : [beside];
  const boxed: unknown[] = [];
  for (let index = 0; index < Math.max(values.length, besides.length); index += 1) {
    addTo(boxed, boxOne(values[index], besides[index], type));
  }
  return itemsOf(boxed);
}

export function boxOne(value: unknown, beside: unknown, type: string | undefined): Items {
  if (Array.isArray(value)) return readJson(value);
  const primitive = value === null ? undefined : value;
  const besideObject = isTree(beside) ? beside : undefined;
  if (isTree(primitive)) {
    if (type === undefined) return primitive;
    return new Element(primitive, isResourceType(type) ? (resourceTypeOf(primitive) ?? type) : type, undefined);
  }
  if (primitive === undefined && besideObject === undefined) return undefined;
  if (type === undefined && besideObject === undefined) return primitive;
  return new Element(primitive, type, besideObject);
}

/** All members of an item, for `children()`. */
export function readChildren(
  item: unknown,
  reading: Reading,
  readers: (name: string) => ReadItem,
  scope: Scope,
): Items {
  const parent = item instanceof Element ? item.value : item;
  if (!isTree(parent)) {
    const beside = item instanceof Element && item.beside !== undefined ? Object.keys(item.beside) : [];
    const found: unknown[] = [];
    for (const name of beside) addTo(found, readers(name)(item, scope));
    return itemsOf(found);
  }
  const found: unknown[] = [];
  const seen = new Set<string>();
  for (const key of Object.keys(parent)) {
    const name = reading.dialect === 'fhir' && key.startsWith('_') ? key.slice(1) : key;
    if (seen.has(name) || (reading.dialect === 'fhir' && key === 'resourceType')) continue;
    seen.add(name);
    addTo(found, readers(name)(item, scope));
  }
  return itemsOf(found);
}
