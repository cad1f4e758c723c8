import type { Call } from './function-rule.ts';
import { type Items, isNone, itemsOf, listOf, onlyOf } from './items.ts';
import { compareItems } from './operators.ts';
import { type Closure, spend } from './scope.ts';

interface SortKey {
  readonly read: Closure;
  readonly descending: boolean;
}

/** `sort()`, `sort(family, -birthDate)`: a sign before a key turns its order round. Items without a key come last. */
export function compileSort(input: Closure, args: readonly Closure[], call: Call): Closure {
  const keys: SortKey[] = call.nodes.map((node, index) => {
    if (node.kind === 'sign') return { read: call.compile(node.operand), descending: node.operator === '-' };
    return { read: args[index] ?? input, descending: false };
  });
  if (keys.length === 0) keys.push({ read: (focus) => focus, descending: false });
  return (focus, scope) => {
    const list = listOf(input(focus, scope));
    spend(scope, 1 + list.length * keys.length * Math.ceil(Math.log2(list.length + 2)));
    const rows = list.map((item) => ({
      item,
      values: keys.map(({ read }) => onlyOf(read(item, scope), 'A key of sort()')),
    }));
    rows.sort((left, right) => {
      for (const [index, key] of keys.entries()) {
        const order = compareKeys(left.values[index], right.values[index]);
        if (order !== 0) return key.descending ? -order : order;
      }
      return 0;
    });
    return itemsOf(rows.map(({ item }) => item));
  };
}

function compareKeys(left: Items, right: Items): number {
  if (isNone(left) || isNone(right)) return Number(isNone(left)) - Number(isNone(right));
  return compareItems(left, right, 'sort()') ?? 0;
}
