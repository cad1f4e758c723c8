import { DistinctItems, distinctOf } from './distinct-items.ts';
import { EvaluationError } from './evaluation-error.ts';
import { type FunctionTable, loopOver, perItem, plain, withArguments } from './function-rule.ts';
import { bareValue, countOf, type Items, isNone, itemsOf, listOf, truthOf } from './items.ts';
import type { Scope } from './scope.ts';

/** http://hl7.org/fhirpath/N1/#existence and `not()` */
export const EXISTENCE: FunctionTable = {
  empty: plain((input) => isNone(input)),
  not: plain((input) => {
    const truth = truthOf(input, 'not()');
    return truth === undefined ? undefined : !truth;
  }),
  exists: perItem(0, 1, (input, [criteria], { nodes: [node] }) => {
    if (criteria === undefined || node === undefined) return (focus, scope) => !isNone(input(focus, scope));
    const loop = loopOver(criteria, node);
    return (focus, scope) => {
      let found = false;
      loop(input(focus, scope), scope, (result) => {
        found = truthOf(result, 'exists(…)') === true;
        return !found;
      });
      return found;
    };
  }),
  all: perItem(1, 1, (input, [criteria], { nodes: [node] }) => {
    if (criteria === undefined || node === undefined) return input;
    const loop = loopOver(criteria, node);
    return (focus, scope) => {
      let holds = true;
      loop(input(focus, scope), scope, (result) => {
        holds = truthOf(result, 'all(…)') === true;
        return holds;
      });
      return holds;
    };
  }),
  allTrue: plain((input) => booleansOf(input, 'allTrue()').every((one) => one)),
  anyTrue: plain((input) => booleansOf(input, 'anyTrue()').some((one) => one)),
  allFalse: plain((input) => booleansOf(input, 'allFalse()').every((one) => !one)),
  anyFalse: plain((input) => booleansOf(input, 'anyFalse()').some((one) => !one)),
  subsetOf: withArguments(1, 1, (input, [other], scope) => isSubset(input, other, scope)),
  supersetOf: withArguments(1, 1, (input, [other], scope) => isSubset(other, input, scope)),
  count: plain((input) => countOf(input)),
  distinct: plain((input, scope) => itemsOf(distinctOf(listOf(input), scope))),
  isDistinct: plain((input, scope) => distinctOf(listOf(input), scope).length === countOf(input)),
};

function booleansOf(items: Items, where: string): boolean[] {
  return listOf(items).map((item) => {
    const value = bareValue(item);
    if (typeof value !== 'boolean') throw new EvaluationError('mapping-failed', `${where} takes booleans only.`);
    return value;
  });
}

function isSubset(part: Items, whole: Items, scope: Scope): boolean {
  const known = new DistinctItems(scope);
  for (const item of listOf(whole)) known.add(item);
  return listOf(part).every((item) => known.has(item));
}
