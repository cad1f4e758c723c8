import { GinnelError, type Issue, issue } from '../../kernel/errors.ts';
import { copySpellings } from '../../kernel/exact-json.ts';
import { isJsonObject, type JsonValue } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';

/** One operation of a JSON Patch (RFC 6902 section 4). */
export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

/** RFC 6901: empty, or steps that begin with a slash, in which `~` stands before 0 or 1 alone. */
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

/** Throws for what is no JSON Patch; issues name the operation, never a value. */
export function readPatch(tree: unknown): PatchOperation[] {
  if (!Array.isArray(tree) || tree.length === 0 || tree.length > LIMITS.patchOperationsMax) {
    const text = `A JSON Patch is a list of 1 to ${LIMITS.patchOperationsMax} operations.`;
    throw new GinnelError([issue('patch-invalid', text)]);
  }
  const issues: Issue[] = [];
  const operations = (tree as JsonValue[]).flatMap((one, index) => {
    const read = readOperation(one);
    if (typeof read !== 'string') return [read];
    issues.push(issue('patch-invalid', read, { at: `$[${index}]` }));
    return [];
  });
  if (issues.length > 0) throw new GinnelError(issues);
  return operations;
}

/** The operation, or what is wrong with it. */
function readOperation(one: JsonValue): PatchOperation | string {
  if (!isJsonObject(one)) return 'An operation is an object with op and path.';
  const { op, path, from, value } = one;
  if (!isPointer(path)) return 'path is a JSON Pointer, such as /name/0/family.';
  switch (op) {
    case 'add':
    case 'replace':
    case 'test':
      // The copy keeps how a number was written.
      return value === undefined ? `${op} needs a value.` : copySpellings(one, { op, path, value });
    case 'remove':
      return { op, path };
    case 'move':
    case 'copy':
      if (!isPointer(from)) return `${op} needs from, a JSON Pointer.`;
      return op === 'move' && path.startsWith(`${from}/`) ? 'Nothing can move into itself.' : { op, from, path };
    default:
      return 'op is add, remove, replace, move, copy or test.';
  }
}

function isPointer(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value.length <= LIMITS.urlCharsMax && POINTER.test(value);
}
