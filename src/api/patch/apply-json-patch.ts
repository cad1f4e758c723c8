import type { Resource } from '@medplum/fhirtypes';
import { type Issue, issue } from '../../kernel/errors.ts';
import { cloneJson, printExact, spell, spellingOf } from '../../kernel/exact-json.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { failure, type Result, success } from '../../kernel/result.ts';
import type { PatchOperation } from './read-patch.ts';

const INDEX = /^(?:0|[1-9][0-9]{0,8})$/;
/** Steps that lead out of the data, into JavaScript's own. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** A value with the spelling of a number, which stands in what holds it and not in the value. */
interface Spelt {
  readonly value: JsonValue;
  readonly spelling: string | undefined;
}

type Holder = JsonObject | JsonValue[];

/** Ends the patch; it never leaves this file. */
class PatchFault extends Error {}

/**
 * The resource with a JSON Patch applied to a copy of it (https://www.rfc-editor.org/rfc/rfc6902): all operations, or
 * the first that failed. That the result is a valid resource is for the validator.
 */
export function applyJsonPatch(resource: Resource, operations: readonly PatchOperation[]): Result<Resource> {
  const tree = cloneJson(resource as unknown as JsonObject);
  const room = { chars: LIMITS.bodyBytesMax };
  for (const [index, operation] of operations.entries()) {
    try {
      apply(tree, operation, room);
    } catch (thrown) {
      if (!(thrown instanceof PatchFault)) throw thrown;
      return failure(wrong(index, thrown.message));
    }
  }
  return success(tree as unknown as Resource);
}

function wrong(index: number, text: string): Issue {
  return issue('patch-failed', `${text} Nothing was changed.`, { at: `operation ${index + 1}` });
}

function apply(tree: JsonObject, operation: PatchOperation, room: { chars: number }): void {
  const { op, path } = operation;
  const nowhere = (): PatchFault => new PatchFault(`There is nothing that ${op} can be done to at this path.`);
  switch (op) {
    case 'add':
      if (!add(tree, path, sent(operation))) throw nowhere();
      return;
    case 'remove':
      if (take(tree, path) === undefined) throw nowhere();
      return;
    case 'replace':
      if (!replace(tree, path, sent(operation))) throw nowhere();
      return;
    case 'test': {
      const found = look(tree, path);
      if (found === undefined) throw nowhere();
      if (!isSame(found.value, operation.value)) throw new PatchFault('The test did not hold.');
      return;
    }
    case 'move': {
      const moved = take(tree, operation.from);
      if (moved === undefined || !add(tree, path, moved)) throw nowhere();
      return;
    }
    case 'copy': {
      const found = look(tree, operation.from);
      if (found === undefined) throw nowhere();
      // A list copied into itself doubles: a few dozen of these would be more than there is memory.
      room.chars -= printExact(found.value).length;
      if (room.chars < 0) throw new PatchFault('The copies become too large.');
      if (!add(tree, path, { ...found, value: cloneJson(found.value) })) throw nowhere();
    }
  }
}

/** The value that an operation brings: a copy, since what stands in the tree is changed by later operations. */
function sent(operation: PatchOperation & { readonly value: JsonValue }): Spelt {
  const { value } = operation;
  const spelling = typeof value === 'number' ? spellingOf(operation, 'value', value) : undefined;
  return { value: cloneJson(value), spelling };
}

/** Where a pointer leads: what holds the place, and its name there. The whole resource is not a part of it: update replaces that. */
function placeOf(tree: JsonObject, path: string): { readonly holder: Holder; readonly step: string } | undefined {
  const steps = stepsOf(path);
  const step = steps.pop();
  const holder = follow(tree, steps);
  if (step === undefined || FORBIDDEN.has(step)) return undefined;
  return Array.isArray(holder) || isJsonObject(holder) ? { holder, step } : undefined;
}

function look(tree: JsonObject, path: string): Spelt | undefined {
  const place = placeOf(tree, path);
  if (place === undefined) return undefined;
  const { holder, step } = place;
  const value = follow(holder, [step]);
  if (value === undefined) return undefined;
  return { value, spelling: typeof value === 'number' ? spellingOf(holder, step, value) : undefined };
}

function take(tree: JsonObject, path: string): Spelt | undefined {
  const found = look(tree, path);
  const place = placeOf(tree, path);
  if (found === undefined || place === undefined) return undefined;
  if (Array.isArray(place.holder)) spliceList(place.holder, Number(place.step), 1);
  else delete place.holder[place.step];
  return found;
}

function add(tree: JsonObject, path: string, { value, spelling }: Spelt): boolean {
  const place = placeOf(tree, path);
  if (place === undefined) return false;
  const { holder, step } = place;
  if (Array.isArray(holder)) {
    const index = step === '-' ? holder.length : INDEX.test(step) ? Number(step) : Number.NaN;
    if (!(index <= holder.length)) return false;
    spliceList(holder, index, 0, { value, spelling });
  } else put(holder, step, { value, spelling });
  return true;
}

function replace(tree: JsonObject, path: string, given: Spelt): boolean {
  const place = placeOf(tree, path);
  if (place === undefined || look(tree, path) === undefined) return false;
  put(place.holder, place.step, given);
  return true;
}

function put(holder: Holder, step: string, { value, spelling }: Spelt): void {
  (holder as JsonObject)[step] = value;
  if (typeof value === 'number') spell(holder, step, spelling ?? String(value));
}

/** Numbers in lists keep their spelling when their places shift. */
function spliceList(list: JsonValue[], index: number, count: number, given?: Spelt): void {
  const spellings = list.map((value, at) => (typeof value === 'number' ? spellingOf(list, at, value) : undefined));
  list.splice(index, count, ...(given === undefined ? [] : [given.value]));
  spellings.splice(index, count, ...(given === undefined ? [] : [given.spelling]));
  for (const [at, value] of list.entries())
    if (typeof value === 'number') spell(list, at, spellings[at] ?? String(value));
}

/** As RFC 6902 section 4.6 has it: numbers by what they are, objects in any order. */
function isSame(one: JsonValue, other: JsonValue): boolean {
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => isSame(item, other[index] as JsonValue))
    );
  }
  if (!isJsonObject(one)) return one === other;
  const names = Object.keys(one);
  return (
    isJsonObject(other) &&
    Object.keys(other).length === names.length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name] as JsonValue, other[name] as JsonValue))
  );
}

function follow(tree: JsonValue, steps: readonly string[]): JsonValue | undefined {
  let at: JsonValue | undefined = tree;
  for (const step of steps) {
    if (Array.isArray(at)) at = INDEX.test(step) ? at[Number(step)] : undefined;
    else if (isJsonObject(at)) at = Object.hasOwn(at, step) ? at[step] : undefined;
    else return undefined;
  }
  return at;
}

/** RFC 6901 section 4. */
function stepsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
