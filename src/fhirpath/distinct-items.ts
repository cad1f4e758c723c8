import { LIMITS } from '../kernel/limits.ts';
import { comparable, equal } from './equality.ts';
import { isKindOf } from './fhir-types.ts';
import { bareValue, Element, isTree, tooMany } from './items.ts';
import { Quantity } from './quantity.ts';
import { type Scope, spend } from './scope.ts';

/**
 * Gathers items without repeats, in the order they came. Simple values and objects are found by a key or a hash, so
 * that many items cost no more than they are; only dates, decimals and quantities are compared one by one.
 */
export class DistinctItems {
  readonly list: unknown[] = [];
  readonly #simple = new Set<unknown>();
  readonly #trees = new Map<number, unknown[]>();
  readonly #others: unknown[] = [];
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  has(item: unknown): boolean {
    const simple = simpleOf(item);
    if (simple !== undefined) return this.#simple.has(simple) || this.#isAmong(item, this.#others);
    const tree = treeOf(item);
    if (tree === undefined) return this.#isAmong(item, this.list);
    const alike = this.#trees.get(hashTree(tree, 0));
    return (alike !== undefined && this.#isAmong(item, alike)) || this.#isAmong(item, this.#others);
  }

  /** False where an equal item is there already. */
  add(item: unknown): boolean {
    if (this.has(item)) return false;
    if (this.list.length >= LIMITS.mappingItemsMax) throw tooMany();
    this.list.push(item);
    const simple = simpleOf(item);
    const tree = simple === undefined ? treeOf(item) : undefined;
    if (simple !== undefined) this.#simple.add(simple);
    else if (tree === undefined) this.#others.push(item);
    else this.#addTree(hashTree(tree, 0), item);
    return true;
  }

  #addTree(hash: number, item: unknown): void {
    const alike = this.#trees.get(hash);
    if (alike === undefined) this.#trees.set(hash, [item]);
    else alike.push(item);
  }

  #isAmong(item: unknown, items: readonly unknown[]): boolean {
    spend(this.#scope, items.length);
    for (const other of items) if (equal(other, item) === true) return true;
    return false;
  }
}

/** The items without repeats, in the order they came. */
export function distinctOf(items: readonly unknown[], scope: Scope): readonly unknown[] {
  if (items.length < 2) return items;
  const found = new DistinctItems(scope);
  for (const item of items) found.add(item);
  return found.list;
}

/** A string, number or boolean that equals others by being the same; a date of FHIR is none. */
function simpleOf(item: unknown): string | number | boolean | undefined {
  const value = item instanceof Element ? comparable(item) : item;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

/** The object that decides whether the item equals another object; quantities are equal in other units too. */
function treeOf(item: unknown): object | undefined {
  if (item instanceof Element && item.type !== undefined && isKindOf(item.type, 'Quantity')) return undefined;
  const value = bareValue(item);
  return isTree(value) && !(value instanceof Quantity) ? value : undefined;
}

/** The same for equal objects, whatever the order of their members. */
function hashTree(value: unknown, depth: number): number {
  if (typeof value === 'string') return hashText(value);
  if (typeof value === 'number') return value | 0;
  if (typeof value !== 'object' || value === null || depth > LIMITS.depthMax) return value === true ? 1 : 2;
  let hash = 7;
  if (Array.isArray(value)) {
    for (const item of value) hash = (Math.imul(hash, 31) + hashTree(item, depth + 1)) | 0;
    return hash;
  }
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    const member = hashTree((value as Record<string, unknown>)[key], depth + 1);
    hash = (hash + Math.imul(hashText(key), member | 1)) | 0;
  }
  return hash;
}

const HASHED_CHARS_MAX = 16;

/** FNV-1a over the end of a text, where codes and addresses differ. */
function hashText(text: string): number {
  let hash = -2128831035 ^ text.length;
  for (let index = Math.max(0, text.length - HASHED_CHARS_MAX); index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  }
  return hash;
}
