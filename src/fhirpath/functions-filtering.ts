import { DistinctItems } from './distinct-items.ts';
import { type FunctionTable, loopOver, perItem } from './function-rule.ts';
import { addTo, itemsOf, listOf, truthOf } from './items.ts';

/** http://hl7.org/fhirpath/N1/#filtering-and-projection; `ofType()` stands with the other type functions. */
export const FILTERING: FunctionTable = {
  where: perItem(1, 1, (input, [criteria], { nodes: [node] }) => {
    if (criteria === undefined || node === undefined) return input;
    const loop = loopOver(criteria, node);
    return (focus, scope) => {
      const items = input(focus, scope);
      const kept: unknown[] = [];
      loop(items, scope, (result, item) => {
        if (truthOf(result, 'where(…)') === true) kept.push(item);
        return true;
      });
      return itemsOf(kept);
    };
  }),
  select: perItem(1, 1, (input, [projection], { nodes: [node] }) => {
    if (projection === undefined || node === undefined) return input;
    const loop = loopOver(projection, node);
    return (focus, scope) => {
      const found: unknown[] = [];
      loop(input(focus, scope), scope, (result) => {
        addTo(found, result);
        return true;
      });
      return itemsOf(found);
    };
  }),
  // What was found before is not looked at again, so that this ends whatever the projection is.
  repeat: perItem(1, 1, (input, [projection], { nodes: [node] }) => {
    if (projection === undefined || node === undefined) return input;
    const loop = loopOver(projection, node);
    return (focus, scope) => {
      const found = new DistinctItems(scope);
      let round = input(focus, scope);
      for (;;) {
        const fresh: unknown[] = [];
        loop(round, scope, (result) => {
          for (const item of listOf(result)) if (found.add(item)) addTo(fresh, item);
          return true;
        });
        if (fresh.length === 0) return itemsOf(found.list);
        round = fresh;
      }
    };
  }),
};
