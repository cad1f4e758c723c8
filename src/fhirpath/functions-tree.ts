import { type Call, type FunctionTable, perItem } from './function-rule.ts';
import { addTo, type Items, itemsOf, listOf } from './items.ts';
import { type ReadItem, readChildren, readerOf } from './navigate.ts';
import { type Scope, spend } from './scope.ts';

/** http://hl7.org/fhirpath/N1/#tree-navigation */
export const TREE: FunctionTable = {
  children: perItem(0, 0, (input, _args, call) => {
    const childrenOf = compileChildren(call);
    return (focus, scope) => childrenOf(input(focus, scope), scope);
  }),
  // A tree has an end, so that no item needs to be remembered; equal items at different places all count.
  descendants: perItem(0, 0, (input, _args, call) => {
    const childrenOf = compileChildren(call);
    return (focus, scope) => {
      const found: unknown[] = [];
      let round = childrenOf(input(focus, scope), scope);
      while (round !== undefined) {
        addTo(found, round);
        round = childrenOf(round, scope);
      }
      return itemsOf(found);
    };
  }),
};

function compileChildren(call: Call): (items: Items, scope: Scope) => Items {
  const readers = new Map<string, ReadItem>();
  const readerFor = (name: string): ReadItem => {
    const known = readers.get(name);
    if (known !== undefined) return known;
    const reader = readerOf(name, call.reading);
    // Names of the input are not bounded; those of a standard are met again and again.
    if (readers.size < 1_000) readers.set(name, reader);
    return reader;
  };
  return (items, scope) => {
    const found: unknown[] = [];
    for (const item of listOf(items)) {
      spend(scope, 1);
      addTo(found, readChildren(item, call.reading, readerFor, scope));
    }
    return itemsOf(found);
  };
}
