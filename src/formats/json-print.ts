import { printExact } from '../kernel/exact-json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Result } from '../kernel/result.ts';
import { wordJsonPath } from './positions.ts';
import { cannotPrint, encodeText } from './text.ts';

/** Prints a tree as compact JSON in UTF-8. What JSON would drop, or turn into null, without a word is refused. */
export function printJsonTree(tree: unknown): Result<Uint8Array> {
  const walk: Walk = { path: [], values: 0 };
  const trouble = findTrouble(tree, walk);
  if (trouble !== undefined) return cannotPrint(trouble, { at: wordJsonPath(walk.path) });
  return encodeText(printExact(tree));
}

interface Walk {
  /** Where the walk is; it stays at the place of the first trouble. */
  readonly path: (string | number)[];
  values: number;
}

function findTrouble(value: unknown, walk: Walk): string | undefined {
  walk.values += 1;
  if (walk.values > LIMITS.fieldsMax) return `The result has more than ${LIMITS.fieldsMax} values.`;
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'A text holds half of a surrogate pair.';
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'JSON has no way to write this number.';
  if (typeof value !== 'object') return 'JSON has no way to write this value.';
  if (walk.path.length >= LIMITS.depthMax) return `The result is nested more than ${LIMITS.depthMax} deep.`;
  const entries: Iterable<[string | number, unknown]> = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [step, child] of entries) {
    // A member that is undefined is a member that is absent.
    if (child === undefined && typeof step === 'string') continue;
    walk.path.push(step);
    const trouble = findTrouble(child, walk);
    if (trouble !== undefined) return trouble;
    walk.path.pop();
  }
  return undefined;
}
