import { spell, spellingOf } from '../../kernel/exact-json.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import type { Element } from './build-element.ts';
import type { Place, Slot } from './find-element.ts';

/**
 * Elements put into an object and taken out of it: a primitive is in two members, its value and what stands beside it
 * under `_name` (https://hl7.org/fhir/R4/json.html#primitive), and both lists keep step.
 */

/** Whether an element of this name is there, if only by what stands beside it. */
export function isHeld(holder: JsonObject, name: string): boolean {
  return Object.hasOwn(holder, name) || Object.hasOwn(holder, `_${name}`);
}

/** How many elements a list has. */
export function countIn({ holder, property }: Slot): number {
  return Math.max(listOf(holder[property.name]).length, listOf(holder[`_${property.name}`]).length);
}

export function setIn(
  { holder, property, index }: Slot & { readonly index?: number | undefined },
  element: Element,
): void {
  if (index === undefined) {
    writeMember(holder, property.name, element.value, element.spelling);
    writeMember(holder, `_${property.name}`, element.beside, undefined);
    return;
  }
  const elements = readElements({ holder, property });
  elements[index] = element;
  writeElements({ holder, property }, elements);
}

export function insertInto(slot: Slot, index: number, element: Element): void {
  const elements = readElements(slot);
  elements.splice(index, 0, element);
  writeElements(slot, elements);
}

export function removeFrom(place: Place): void {
  if (place.index !== undefined) takeFrom({ ...place, index: place.index });
  else {
    delete place.holder[place.property.name];
    delete place.holder[`_${place.property.name}`];
  }
}

/** Takes one out of a list. */
export function takeFrom(place: Slot & { readonly index: number }): Element {
  const elements = readElements(place);
  const [taken = { value: undefined, spelling: undefined, beside: undefined }] = elements.splice(place.index, 1);
  writeElements(place, elements);
  return taken;
}

function readElements(slot: Slot): Element[] {
  const { holder, property } = slot;
  const values = listOf(holder[property.name]);
  const besides = listOf(holder[`_${property.name}`]);
  return Array.from({ length: countIn(slot) }, (_, index): Element => {
    const [value, beside] = [values[index] ?? undefined, besides[index]];
    const spelling = typeof value === 'number' ? spellingOf(values, index, value) : undefined;
    return { value, spelling, beside: isJsonObject(beside) ? beside : undefined };
  });
}

/** A list that is empty is not there. Nulls keep step where one of two lists has nothing. */
function writeElements({ holder, property }: Slot, elements: readonly Element[]): void {
  const { name } = property;
  const values = elements.map(({ value }) => value ?? null);
  for (const [index, { spelling }] of elements.entries()) if (spelling !== undefined) spell(values, index, spelling);
  writeMember(holder, name, values.some((value) => value !== null) ? values : undefined, undefined);
  const besides = elements.map(({ beside }) => beside ?? null);
  writeMember(holder, `_${name}`, besides.some((beside) => beside !== null) ? besides : undefined, undefined);
}

function writeMember(
  holder: JsonObject,
  name: string,
  value: JsonValue | undefined,
  spelling: string | undefined,
): void {
  if (value === undefined) {
    delete holder[name];
    return;
  }
  holder[name] = value;
  if (typeof value === 'number') spell(holder, name, spelling ?? String(value));
}

function listOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}
