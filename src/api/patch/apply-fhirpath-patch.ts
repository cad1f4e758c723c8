import type { Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../../fhir/definitions.ts';
import { EvaluationError } from '../../fhirpath/evaluation-error.ts';
import { issue } from '../../kernel/errors.ts';
import { cloneJson } from '../../kernel/exact-json.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { failure, type Result, success } from '../../kernel/result.ts';
import { buildElement, type Element, propertyFor } from './build-element.ts';
import {
  createElementFinder,
  type ElementFinder,
  PatchFault,
  type Place,
  type Room,
  type Slot,
} from './find-element.ts';
import type { ElementPath, FhirPathOperation } from './read-fhirpath-patch.ts';
import { countIn, insertInto, isHeld, removeFrom, setIn, takeFrom } from './slots.ts';

/**
 * The resource with a FHIRPath Patch applied to a copy of it (https://hl7.org/fhir/R4/fhirpatch.html): all operations,
 * or the first that failed. That the result is a valid resource is for the validator.
 */
export function applyFhirPathPatch(
  resource: Resource,
  operations: readonly FhirPathOperation[],
  definitions: Definitions,
): Result<Resource> {
  const tree = cloneJson(resource as unknown as JsonObject);
  const room: Room = { visits: LIMITS.patchVisitsMax, budget: { steps: LIMITS.patchVisitsMax } };
  for (const [index, operation] of operations.entries()) {
    try {
      apply(operation, createElementFinder(tree, definitions, room), definitions);
    } catch (thrown) {
      if (!(thrown instanceof PatchFault) && !(thrown instanceof EvaluationError)) throw thrown;
      // An EvaluationError speaks of the expression in general; which operation it was is what helps.
      const text = thrown instanceof PatchFault ? thrown.message : 'The path cannot be evaluated on this resource.';
      return failure(issue('patch-failed', `${text} Nothing was changed.`, { at: `operation ${index + 1}` }));
    }
  }
  return success(tree as unknown as Resource);
}

function apply(operation: FhirPathOperation, finder: ElementFinder, definitions: Definitions): void {
  switch (operation.op) {
    case 'add':
      add(operation, finder, definitions);
      return;
    case 'insert': {
      const { slot, count } = listAt(operation.path, finder);
      if (operation.index > count) throw new PatchFault('The list has fewer elements than the index.');
      insertInto(slot, operation.index, buildElement(operation.value, slot.property, definitions));
      return;
    }
    case 'replace': {
      const place = only(finder.places(operation.path));
      if (place === undefined) throw new PatchFault('There is no element at this path.');
      replace(place, operation, finder, definitions);
      return;
    }
    case 'delete': {
      const place = only(finder.places(operation.path));
      if (place !== undefined) removeFrom(place);
      return;
    }
    case 'move': {
      const { slot, count } = listAt(operation.path, finder);
      if (operation.source >= count || operation.destination >= count) {
        throw new PatchFault('The list has fewer elements than source or destination.');
      }
      insertInto(slot, operation.destination, takeFrom({ ...slot, index: operation.source }));
    }
  }
}

function add(
  { path, name, value }: FhirPathOperation & { readonly op: 'add' },
  finder: ElementFinder,
  definitions: Definitions,
): void {
  const { object, structure } = finder.object(path);
  const property = propertyFor(structure, name, value);
  if (property === undefined) throw new PatchFault('The element at this path can have none of this name and type.');
  const slot: Slot = { holder: object, property };
  const element = buildElement(value, property, definitions);
  if (property.list) {
    insertInto(slot, countIn(slot), element);
    return;
  }
  const siblings = property.choice === undefined ? [property.name] : (structure.choices.get(property.choice) ?? []);
  if (siblings.some((one) => isHeld(object, one))) {
    throw new PatchFault('The element is there already, and there can be one only; replace it.');
  }
  setIn(slot, element);
}

/** A choice may be replaced by another of its types. */
function replace(
  place: Place,
  { value }: FhirPathOperation & { readonly op: 'replace' },
  finder: ElementFinder,
  definitions: Definitions,
): void {
  const { holder, property } = place;
  const choice = property.choice === undefined ? undefined : finder.structureOf(holder);
  const wanted = choice === undefined ? property : propertyFor(choice, property.choice ?? '', value);
  if (wanted === undefined) throw new PatchFault('This element cannot have a value of this type.');
  const element: Element = buildElement(value, wanted, definitions);
  if (wanted.name !== property.name) removeFrom(place);
  setIn({ ...place, property: wanted }, element);
}

function only(places: readonly Place[]): Place | undefined {
  if (places.length > 1) throw new PatchFault('There is more than one element at this path.');
  return places[0];
}

/** The one list that all elements at a path are in. */
function listAt(path: ElementPath, finder: ElementFinder): { readonly slot: Slot; readonly count: number } {
  const places = finder.places(path);
  const [first] = places;
  if (first === undefined) throw new PatchFault('There is no element at this path; add puts the first one there.');
  const { holder, property } = first;
  if (!property.list) throw new PatchFault('The element at this path is no list.');
  if (places.some((place) => place.holder !== holder || place.property.name !== property.name)) {
    throw new PatchFault('The elements at this path are not all in one list.');
  }
  return { slot: { holder, property }, count: countIn(first) };
}
