import type { TypeName } from './ast.ts';
import type { FunctionRule, FunctionTable } from './function-rule.ts';
import { bareValue, isTree, itemsOf, listOf, onlyOf } from './items.ts';
import type { Reading } from './navigate.ts';
import type { Closure } from './scope.ts';
import { compileAs, compileIs, knownType, readTypeName, typeOf } from './type-test.ts';

/** http://hl7.org/fhirpath/N1/#types-and-reflection */
export const TYPES: FunctionTable = {
  ofType: typeFunction(compileOfType),
  as: typeFunction(compileAsOperator),
  is: typeFunction(compileIsOperator),
  type: {
    minArguments: 0,
    maxArguments: 0,
    compile:
      ({ input }) =>
      (focus, scope) =>
        itemsOf(listOf(input(focus, scope)).map((item) => ({ ...typeOf(item) }))),
  },
};

function typeFunction(compile: (input: Closure, type: TypeName) => Closure): FunctionRule {
  return {
    minArguments: 1,
    maxArguments: 1,
    compile: (call) => {
      const name = readTypeName(call.nodes[0]);
      const type = name && knownType(name, call.reading.dialect === 'fhir');
      return type === undefined ? () => undefined : compile(typesRead(call.input, call.reading), type);
    },
  };
}

/** Where reads are watched, the type of each resource that is asked for its type has been looked at. */
export function typesRead(input: Closure, { track }: Reading): Closure {
  if (!track) return input;
  return (focus, scope) => {
    const items = input(focus, scope);
    for (const item of listOf(items)) {
      const value = bareValue(item);
      if (isTree(value) && Object.hasOwn(value, 'resourceType')) scope.env.onLook?.(value, 'resourceType');
    }
    return items;
  };
}

function compileOfType(input: Closure, type: TypeName): Closure {
  const test = compileAs(type);
  return (focus, scope) => {
    const items = input(focus, scope);
    if (!Array.isArray(items)) return items !== undefined && test(items) ? items : undefined;
    return itemsOf(items.filter(test));
  };
}

export function compileIsOperator(input: Closure, type: TypeName): Closure {
  const test = compileIs(type);
  return (focus, scope) => {
    const only = onlyOf(input(focus, scope), 'is');
    return only === undefined ? undefined : test(only);
  };
}

export function compileAsOperator(input: Closure, type: TypeName): Closure {
  const test = compileAs(type);
  return (focus, scope) => {
    const only = onlyOf(input(focus, scope), 'as');
    return only !== undefined && test(only) ? only : undefined;
  };
}
