import { applyPatch } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import { type Issue, issue } from '../../kernel/errors.ts';
import { isJsonObject, type JsonValue } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { failure, type Result, success } from '../../kernel/result.ts';
import type { PatchOperation } from './read-patch.ts';

const INDEX = /^(?:0|[1-9][0-9]{0,8})$/;
/** Steps that lead out of the data, into JavaScript's own. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The resource with a JSON Patch applied to a copy of it (RFC 6902): all operations, or the first that failed. That the
 * result is a valid resource is for the validator. @medplum/core applies the operations; it would take a list's index
 * beyond the end, so where an operation goes is looked at first.
 */
export function applyJsonPatch(resource: Resource, operations: readonly PatchOperation[]): Result<Resource> {
  const copy = structuredClone(resource);
  let copiedChars = 0;
  for (const [index, operation] of operations.entries()) {
    const wrong = (text: string): Issue => issue('patch-failed', text, { at: `operation ${index + 1}` });
    if (!hasPlaces(copy as unknown as JsonValue, operation)) {
      return failure(wrong(`There is nothing that ${operation.op} can be done to at this path. Nothing was changed.`));
    }
    if (operation.op === 'copy') {
      // A list copied into itself doubles: a few dozen of these would be more than there is memory.
      copiedChars += JSON.stringify(follow(copy as unknown as JsonValue, stepsOf(operation.from))).length;
      if (copiedChars > LIMITS.bodyBytesMax) return failure(wrong('The copies become too large. Nothing was changed.'));
    }
    let fault: unknown;
    try {
      fault = applyPatch(copy, [operation])[0];
    } catch (thrown) {
      fault = thrown;
    }
    if (fault !== null) {
      const text = operation.op === 'test' ? 'The test did not hold.' : `${operation.op} could not be done here.`;
      return failure(wrong(`${text} Nothing was changed.`));
    }
  }
  return success(copy);
}

/** Whether what an operation reads is there, and where it writes is a member of an object or a place in a list. */
function hasPlaces(tree: JsonValue, operation: PatchOperation): boolean {
  const { op, path } = operation;
  // The whole resource is not a part of it: an update replaces that.
  if (path === '') return false;
  if (op === 'move' || op === 'copy') return holds(tree, operation.from) && takes(tree, path);
  return op === 'add' ? takes(tree, path) : holds(tree, path);
}

function holds(tree: JsonValue, path: string): boolean {
  return path !== '' && follow(tree, stepsOf(path)) !== undefined;
}

function takes(tree: JsonValue, path: string): boolean {
  const steps = stepsOf(path);
  const last = steps.pop() ?? '';
  const parent = follow(tree, steps);
  if (Array.isArray(parent)) return last === '-' || (INDEX.test(last) && Number(last) <= parent.length);
  return isJsonObject(parent) && !FORBIDDEN.has(last);
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
