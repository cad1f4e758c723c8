import type { Definitions } from '../../fhir/definitions.ts';
import type { Property, Structure } from '../../fhir/structure.ts';
import type { CompiledExpression } from '../../fhirpath/fhirpath.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import type { ElementPath } from './read-fhirpath-patch.ts';

/** One property of one object of the resource: where elements are put, and taken from. */
export interface Slot {
  readonly holder: JsonObject;
  readonly property: Property;
}

/** An element that is there: its slot, and its number where the slot holds a list. */
export interface Place extends Slot {
  readonly index: number | undefined;
}

/** Why an element cannot be found or changed; it ends the patch and never leaves this folder. */
export class PatchFault extends Error {}

/** What patches may spend on looking for elements, and on evaluating paths. */
export interface Room {
  visits: number;
  readonly budget: { steps: number };
}

/** Finds elements by their paths in one state of a resource. */
export interface ElementFinder {
  /** Every element that the path finds. */
  places(path: ElementPath): Place[];
  /** The object that the path finds, alone, and what its type has. */
  object(path: ElementPath): { readonly object: JsonObject; readonly structure: Structure };
  /** What the type of an object of the resource has. */
  structureOf(object: JsonObject): Structure | undefined;
}

export function createElementFinder(tree: JsonObject, definitions: Definitions, room: Room): ElementFinder {
  const known = mapObjects(tree, definitions, room);
  const evaluate = (path: CompiledExpression): readonly unknown[] =>
    path.evaluate(tree, { variables: new Map(), now: new Date(0), budget: room.budget });

  const objectOf = (items: readonly unknown[], structureNeeded: string): Known => {
    const [only, ...more] = items;
    if (only === undefined) throw new PatchFault('There is no element at this path.');
    if (more.length > 0) throw new PatchFault('There is more than one element at this path.');
    const found = isJsonObject(only) ? known.get(only) : undefined;
    if (found === undefined) throw new PatchFault(structureNeeded);
    return found;
  };

  /** Values that are no objects are found by what holds them: the last step of the path is their name there. */
  const primitivePlaces = ({ last }: ElementPath, count: number): Place[] => {
    if (last === undefined) throw new PatchFault('End the path with the name of the element, such as .given[0].');
    const places = evaluate(last.parent).flatMap((item) => {
      const parent = isJsonObject(item) ? known.get(item) : undefined;
      return parent === undefined ? [] : placesIn(parent, last.name);
    });
    const chosen = last.index === undefined ? places : places.slice(last.index, last.index + 1);
    if (chosen.length !== count) throw new PatchFault('Which element is meant cannot be told; name it by its number.');
    return chosen;
  };

  return {
    places: (path) => {
      const items = evaluate(path.whole);
      const objects = items.filter(isJsonObject);
      if (objects.length < items.length) return primitivePlaces(path, items.length);
      return objects.map((object) => {
        const place = known.get(object)?.place;
        if (place === undefined) throw new PatchFault('The path leads to the resource itself, or out of it.');
        return place;
      });
    },
    object: ({ whole }) => {
      const { object, structure } = objectOf(evaluate(whole), 'What is at this path has no elements of its own.');
      return { object, structure };
    },
    structureOf: (object) => known.get(object)?.structure,
  };
}

interface Known {
  readonly object: JsonObject;
  readonly structure: Structure;
  /** Undefined for the resource itself. */
  readonly place: Place | undefined;
}

/** Every object of the resource, with its type and where it stands. */
function mapObjects(tree: JsonObject, definitions: Definitions, room: Room): Map<object, Known> {
  const known = new Map<object, Known>();
  const visit = (object: JsonObject, structure: Structure, place: Place | undefined): void => {
    room.visits -= 1;
    if (room.visits < 0) throw new PatchFault('There is too much to look through; send the operations in parts.');
    known.set(object, { object, structure, place });
    for (const [name, value] of Object.entries(object)) {
      const property = structure.properties.get(name);
      if (property === undefined) continue;
      const items = Array.isArray(value) ? value : [value];
      for (const [index, item] of items.entries()) {
        const inner = isJsonObject(item) ? structureOf(item, property, definitions) : undefined;
        if (!isJsonObject(item) || inner === undefined) continue;
        visit(item, inner, { holder: object, property, index: Array.isArray(value) ? index : undefined });
      }
    }
  };
  const structure = definitions.structure(String(tree.resourceType));
  if (structure !== undefined) visit(tree, structure, undefined);
  return known;
}

function structureOf(item: JsonObject, property: Property, definitions: Definitions): Structure | undefined {
  if (property.type === 'Resource') return definitions.structure(String(item.resourceType));
  return property.inner?.() ?? definitions.structure(property.type);
}

function placesIn({ object, structure }: Known, name: string): Place[] {
  return (structure.choices.get(name) ?? [name]).flatMap((key): Place[] => {
    const property = structure.properties.get(key);
    const value: JsonValue | undefined = Object.hasOwn(object, key) ? object[key] : undefined;
    if (property === undefined || value === undefined) return [];
    if (!Array.isArray(value)) return [{ holder: object, property, index: undefined }];
    // An item that has only what stands beside it is found by no path.
    return value.flatMap((item, index) => (item === null ? [] : [{ holder: object, property, index }]));
  });
}
