import { DistinctItems, distinctOf } from './distinct-items.ts';
import { EvaluationError } from './evaluation-error.ts';
import { type FunctionTable, plain, withArguments } from './function-rule.ts';
import { addTo, bareValue, countOf, type Items, itemsOf, listOf, onlyOf } from './items.ts';
import { type Scope, spend } from './scope.ts';

/** http://hl7.org/fhirpath/N1/#subsetting; the indexer `[ ]` is syntax and compiled apart. */
export const SUBSETTING: FunctionTable = {
  single: plain((input) => onlyOf(input, 'single()')),
  first: plain((input) => (Array.isArray(input) ? input[0] : input)),
  last: plain((input) => (Array.isArray(input) ? input.at(-1) : input)),
  tail: plain((input) => itemsOf(listOf(input).slice(1))),
  skip: withArguments(1, 1, (input, [number]) => {
    const count = wholeNumber(number, 'skip()');
    return count === undefined ? undefined : itemsOf(listOf(input).slice(Math.max(0, count)));
  }),
  take: withArguments(1, 1, (input, [number]) => {
    const count = wholeNumber(number, 'take()');
    return count === undefined ? undefined : itemsOf(listOf(input).slice(0, Math.max(0, count)));
  }),
  intersect: withArguments(1, 1, (input, [other], scope) => {
    const others = gather(other, scope);
    return itemsOf(
      distinctOf(
        listOf(input).filter((item) => others.has(item)),
        scope,
      ),
    );
  }),
  exclude: withArguments(1, 1, (input, [other], scope) => {
    const others = gather(other, scope);
    return itemsOf(listOf(input).filter((item) => !others.has(item)));
  }),
};

function gather(items: Items, scope: Scope): DistinctItems {
  const found = new DistinctItems(scope);
  for (const item of listOf(items)) found.add(item);
  return found;
}

/** http://hl7.org/fhirpath/N1/#combining */
export const COMBINING: FunctionTable = {
  union: withArguments(1, 1, (input, [other], scope) => union(input, other, scope)),
  combine: withArguments(1, 1, (input, [other]) => {
    const all: unknown[] = [];
    addTo(all, input);
    addTo(all, other);
    return itemsOf(all);
  }),
};

/** Both collections without repeats: `union()` and `|`. */
export function union(left: Items, right: Items, scope: Scope): Items {
  if (right === undefined && !Array.isArray(left)) return left;
  if (left === undefined && !Array.isArray(right)) return right;
  spend(scope, countOf(left) + countOf(right));
  const all: unknown[] = [];
  addTo(all, left);
  addTo(all, right);
  return itemsOf(distinctOf(all, scope));
}

export function wholeNumber(items: Items, where: string): number | undefined {
  const value = bareValue(onlyOf(items, where));
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new EvaluationError('mapping-failed', `${where} takes a whole number.`);
}
