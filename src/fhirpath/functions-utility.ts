import { type FunctionTable, perItem, plain } from './function-rule.ts';
import { listOf } from './items.ts';
import { spend } from './scope.ts';
import { compileSort } from './sort.ts';
import { convertTemporal, Temporal } from './temporal.ts';

/** http://hl7.org/fhirpath/N1/#utility-functions and http://hl7.org/fhirpath/N1/#aggregates */
export const UTILITY: FunctionTable = {
  // What is traced is a patient's: it goes nowhere, and the projection is not worked out.
  trace: perItem(1, 2, (input) => input),
  now: plain((_input, scope) => scope.now()),
  today: plain((_input, scope) => convertTemporal(scope.now(), 'Date')),
  timeOfDay: plain((_input, scope) => {
    const [, , , hour, minute, second, millisecond] = scope.now().parts;
    return new Temporal('Time', [1970, 1, 1, hour, minute, second, millisecond], 7, undefined);
  }),
  aggregate: perItem(1, 2, (input, [aggregator, initial]) => {
    if (aggregator === undefined) return input;
    return (focus, scope) => {
      const inner = { ...scope, total: initial?.(focus, scope) };
      const list = listOf(input(focus, scope));
      spend(scope, 1 + list.length);
      for (let index = 0; index < list.length; index += 1) {
        inner.index = index;
        inner.total = aggregator(list[index], inner);
      }
      return inner.total;
    };
  }),
  // In the next version of the standard; every mapping that lists things in order wants it.
  sort: perItem(0, 9, compileSort),
};
