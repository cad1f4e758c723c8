import { suggestion } from '../kernel/nearest-name.ts';
import type { Node, TypeName } from './ast.ts';
import {
  type ChoiceKey,
  choiceKey,
  choiceKeys,
  elementNames,
  elementNamesOf,
  elementTypes,
  isKindOf,
  isPrimitive,
  isResourceType,
  typesByElementName,
} from './fhir-types.ts';

/**
 * What can be known of a collection before it is there: `open` for anything at all (input that is not FHIR, variables
 * of the caller), `any` for some part of a FHIR resource, or the FHIR types it may have, among them `System` for
 * values of FHIRPath's own.
 */
export type StaticType = 'open' | 'any' | ReadonlySet<string>;

export const SYSTEM: StaticType = new Set(['System']);

const ABSTRACT = new Set(['Resource', 'DomainResource']);
const TEMPORAL = new Set(['date', 'dateTime', 'instant', 'time']);

export function joinTypes(left: StaticType, right: StaticType): StaticType {
  if (left === 'open' || right === 'open') return 'open';
  if (left === 'any' || right === 'any') return 'any';
  return new Set([...left, ...right]);
}

/** The types of a member; undefined where nothing of that name can be there. */
export function memberType(input: StaticType, name: string): StaticType | undefined {
  if (input === 'open') return 'open';
  if (input === 'any') return typesByElementName(name);
  let found: ReadonlySet<string> | undefined;
  for (const type of input) {
    const types = typesOfElement(type, name);
    if (types !== undefined) found = new Set([...(found ?? []), ...types]);
  }
  return found;
}

function typesOfElement(type: string, name: string): ReadonlySet<string> | undefined {
  if (type === 'System') return undefined;
  if (ABSTRACT.has(type)) return typesByElementName(name);
  // The value of a primitive is the primitive itself.
  if (isPrimitive(type) && name === 'value') return undefined;
  const types = elementTypes(isPrimitive(type) ? 'Element' : type, name)?.types;
  return types && new Set(types);
}

/** Why there is no such member, and what may have been meant. */
export function explainMember(input: StaticType, name: string): string {
  const choice = choiceMeant(name);
  if (choice !== undefined) return `FHIRPath reads ${name} as ${choice}.`;
  if (input === 'any' || input === 'open') {
    return `No element of FHIR R4 is called ${name}.${suggestion(name, elementNames())}`;
  }
  const [first = 'System'] = input;
  if (first === 'System') return `A value made by FHIRPath has no members; ${name} finds nothing.`;
  const shown = input.size > 3 ? `None of the ${input.size} types this may be` : describeTypes(input);
  const known = [...input].flatMap((type) => elementNamesOf(type));
  return `${shown} has no element called ${name}.${suggestion(name, known)}`;
}

/** `value.ofType(Quantity)` for `valueQuantity`. */
function choiceMeant(key: string): string | undefined {
  for (let cut = 1; cut < key.length; cut += 1) {
    const name = key.slice(0, cut);
    const found = choiceKeys(name)?.find((choice) => choice.key === key);
    if (found !== undefined) return `${name}.ofType(${found.type})`;
  }
  return undefined;
}

/** True where values may be FHIR dates, times or quantities, which do not compare as the JSON they are written in. */
export function mayNeedTypes(type: StaticType): boolean {
  if (type === 'open') return false;
  if (type === 'any') return true;
  return [...type].some((one) => TEMPORAL.has(one) || ABSTRACT.has(one) || isKindOf(one, 'Quantity'));
}

export function isSystemOnly(type: StaticType): boolean {
  return type !== 'open' && type !== 'any' && type.size === 1 && type.has('System');
}

/** True where a bare resource type may start a path: not inside a data type. */
export function mayBeResource(type: StaticType): boolean {
  return type === 'open' || type === 'any' || [...type].some(isResourceType);
}

/** The choice that `name.ofType(type)` stands for. */
export function findChoice(name: string, type: string): ChoiceKey | undefined {
  const key = choiceKey(name, type);
  return choiceKeys(name)?.find((choice) => choice.key === key);
}

/** The same for an operand and a type as they stand in an expression. */
export function choiceOf(operand: Node | undefined, type: TypeName | undefined): ChoiceKey | undefined {
  if (operand?.kind !== 'member' || type === undefined || type.namespace === 'System') return undefined;
  return findChoice(operand.name, type.name);
}

/**
 * True where an item of these types can be of the one asked for. Primitives are let pass: one may be built on the
 * other; but of a choice only the types that it offers.
 */
export function canBe(input: StaticType, wanted: string, isChoice: boolean): boolean {
  if (input === 'open' || input === 'any') return true;
  return [...input].some((type) => {
    if (type === wanted || type === 'System' || isKindOf(type, wanted) || isKindOf(wanted, type)) return true;
    return !isChoice && isPrimitive(type) && isPrimitive(wanted);
  });
}

/** The types in words, for messages. */
export function describeTypes(input: StaticType): string {
  if (input === 'open' || input === 'any') return 'anything';
  const types = [...input].map((type) => type.split('.').join(' → '));
  return types.length > 6 ? `one of ${types.length} types` : types.join(' or ');
}
