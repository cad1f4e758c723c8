import type { Node, TypeName } from './ast.ts';
import { Decimal } from './decimal.ts';
import { isFhirType, isKindOf, isPrimitive, isResourceType } from './fhir-types.ts';
import { bareValue, Element, isTree } from './items.ts';
import { resourceTypeOf } from './navigate.ts';
import { Quantity } from './quantity.ts';
import { Temporal } from './temporal.ts';

/** http://hl7.org/fhirpath/N1/#types and https://hl7.org/fhir/R4/fhirpath.html#types */

interface TypeInfo {
  readonly namespace: 'System' | 'FHIR';
  readonly name: string;
}

const SYSTEM_TYPES = new Set([
  'Any',
  'Boolean',
  'String',
  'Integer',
  'Decimal',
  'Date',
  'DateTime',
  'Time',
  'Quantity',
]);

/** The type an item is of. An object that says nothing of its type is `System.Any`. */
export function typeOf(item: unknown): TypeInfo {
  if (item instanceof Element && item.type !== undefined) {
    return { namespace: 'FHIR', name: item.type.includes('.') ? 'BackboneElement' : item.type };
  }
  const value = item instanceof Element ? item.value : item;
  if (isTree(value)) {
    const resourceType = resourceTypeOf(value);
    return resourceType === undefined
      ? { namespace: 'System', name: 'Any' }
      : { namespace: 'FHIR', name: resourceType };
  }
  return { namespace: 'System', name: systemTypeOf(value) };
}

function systemTypeOf(value: unknown): string {
  if (typeof value === 'boolean') return 'Boolean';
  if (typeof value === 'string') return 'String';
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'Decimal';
  if (value instanceof Decimal) return 'Decimal';
  if (value instanceof Temporal) return value.kind;
  return value instanceof Quantity ? 'Quantity' : 'Any';
}

/** A name that is a type, as FHIR (where the dialect knows FHIR) or System; undefined for one that is neither. */
export function knownType(name: TypeName, isFhir: boolean): TypeName | undefined {
  if (name.namespace === 'System') {
    return SYSTEM_TYPES.has(name.name) || (isFhir && isFhirType(name.name)) ? name : undefined;
  }
  if (name.namespace === 'FHIR') return isFhir && isFhirType(name.name) ? name : undefined;
  if (isFhir && isFhirType(name.name)) return { ...name, namespace: 'FHIR' };
  return SYSTEM_TYPES.has(name.name) ? { ...name, namespace: 'System' } : undefined;
}

type TypeTest = (item: unknown) => boolean;

/** `is`: true for the type and those built on it. */
export function compileIs(type: TypeName): TypeTest {
  if (showsItself(type)) return (item) => isResourceOf(item, type.name);
  const isSystem = type.namespace === 'System';
  return (item) => {
    const actual = typeOf(item);
    if (isSystem) return actual.namespace === 'System' && (type.name === 'Any' || actual.name === type.name);
    if (actual.namespace === 'FHIR') return isKindOf(actual.name, type.name);
    // A literal quantity is a FHIR Quantity where FHIR is asked for.
    return type.name === 'Quantity' && actual.name === 'Quantity';
  };
}

function isResourceOf(item: unknown, type: string): boolean {
  const value = bareValue(item);
  if (!isTree(value)) return false;
  const actual = resourceTypeOf(value);
  return actual === type || (actual !== undefined && isKindOf(actual, type));
}

/** `as`, `ofType`: of a primitive only the very type, so that a code is no string here. */
export function compileAs(type: TypeName): TypeTest {
  if (type.namespace === 'FHIR' && isPrimitive(type.name)) {
    return (item) => item instanceof Element && item.type === type.name;
  }
  return compileIs(type);
}

/** The type that a function's argument names: `ofType(FHIR.Quantity)`. */
export function readTypeName(node: Node | undefined): TypeName | undefined {
  if (node?.kind !== 'member') return undefined;
  if (node.from === undefined) return { namespace: undefined, name: node.name, at: node.at };
  if (node.from.kind !== 'member' || node.from.from !== undefined) return undefined;
  return { namespace: node.from.name, name: node.name, at: node.from.at };
}

/** Types that an item shows by its `resourceType`, without being told. */
export function showsItself(type: TypeName): boolean {
  return type.namespace === 'FHIR' && isResourceType(type.name);
}

/** The functions whose argument is a type and not an expression. */
export function isTypeFunction(name: string): boolean {
  return name === 'ofType' || name === 'as' || name === 'is';
}

export function unknownTypeText(name: TypeName, isFhir: boolean): string {
  if (!isFhir && isFhirType(name.name)) {
    return `The type ${name.name} is FHIR's, and this is not FHIR; here are String, Integer, Boolean and the like.`;
  }
  return `There is no type called ${name.name}.`;
}
