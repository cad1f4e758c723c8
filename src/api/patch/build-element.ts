import type { Definitions } from '../../fhir/definitions.ts';
import type { Property, Structure } from '../../fhir/structure.ts';
import { cloneJson } from '../../kernel/exact-json.ts';
import type { JsonObject, JsonValue } from '../../kernel/json.ts';
import { PatchFault } from './find-element.ts';
import type { PatchValue } from './read-fhirpath-patch.ts';
import { countIn, insertInto, isHeld, setIn } from './slots.ts';

/** An element as JSON has it: a value, how a number is written, and what stands beside a primitive. */
export interface Element {
  readonly value: JsonValue | undefined;
  readonly spelling: string | undefined;
  readonly beside: JsonObject | undefined;
}

/** The property that an element of this name and value is: for `value` and a `valueQuantity` it is `valueQuantity`. */
export function propertyFor(structure: Structure, name: string, value: PatchValue): Property | undefined {
  const own = structure.properties.get(name);
  if (own !== undefined || value.kind === 'parts') return own;
  const chosen = `${name}${value.suffix}`;
  return structure.choices.get(name)?.includes(chosen) === true ? structure.properties.get(chosen) : undefined;
}

/** Types that are written in JSON as each other's kind of value; a value of one kind cannot stand for another. */
function kindOf(type: string): 'boolean' | 'number' | 'text' | 'object' {
  if (!/^[a-z]/.test(type)) return 'object';
  if (type === 'boolean') return 'boolean';
  return ['integer', 'positiveInt', 'unsignedInt', 'decimal'].includes(type) ? 'number' : 'text';
}

/**
 * The element as it is put in. A value of parts takes its shape from the definition. That each value is a right one of
 * its type is for the validator; here it must be of the kind that JSON has for the type.
 */
export function buildElement(given: PatchValue, property: Property, definitions: Definitions): Element {
  if (given.kind === 'value') {
    const type = `${given.suffix.charAt(0).toLowerCase()}${given.suffix.slice(1)}`;
    const isPrimitive = definitions.structure(given.suffix) === undefined && given.suffix !== 'Resource';
    if (kindOf(isPrimitive ? type : given.suffix) !== kindOf(property.type)) {
      throw new PatchFault('The value is of another type than the element.');
    }
    const { spelling, beside } = given;
    return {
      value: given.value === undefined ? undefined : cloneJson(given.value),
      spelling,
      beside: beside === undefined ? undefined : cloneJson(beside),
    };
  }
  const structure = property.inner?.() ?? definitions.structure(property.type);
  if (structure === undefined || kindOf(property.type) !== 'object') {
    throw new PatchFault('The value has parts, and the element is not put together of any.');
  }
  const holder: JsonObject = {};
  for (const { name, value } of given.parts) {
    const inner = propertyFor(structure, name, value);
    if (inner === undefined) throw new PatchFault('A part of the value is none of the element.');
    const slot = { holder, property: inner };
    const element = buildElement(value, inner, definitions);
    if (inner.list) insertInto(slot, countIn(slot), element);
    else if (isHeld(holder, inner.name)) throw new PatchFault('A part of the value stands twice.');
    else setIn(slot, element);
  }
  return { value: holder, spelling: undefined, beside: undefined };
}
