import type { Definitions } from '../../../../src/fhir/definitions.ts';
import { parseReference } from '../../../../src/fhir/references.ts';
import { issue } from '../../../../src/kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../../../../src/kernel/json.ts';
import { type ElementRule, NO_ISSUES } from './rule.ts';

/**
 * A reference points to a type that the element allows, and `#x` to a resource that is contained. Made anew for each
 * resource, because it remembers what that contains.
 */
export function referenceTargets(definitions: Definitions): ElementRule {
  // So that many references within one resource do not each search all that it contains.
  const contained = new Map<JsonObject, ReadonlyMap<string, JsonObject>>();
  const findContained = (container: JsonObject, id: string): JsonObject | undefined => {
    const known = contained.get(container) ?? indexContained(container);
    contained.set(container, known);
    return known.get(id);
  };
  return ({ value, property, container, expression }) => {
    if (property.type !== 'Reference' || !isJsonObject(value)) return NO_ISSUES;
    const { reference } = value;
    let type = typeof value.type === 'string' ? value.type : undefined;
    if (typeof reference === 'string') {
      if (reference.startsWith('#') && reference.length > 1) {
        const found = findContained(container, reference.slice(1));
        if (found === undefined) {
          const text = 'The reference names a contained resource that is not there.';
          return [issue('reference-unresolved', text, { expression: `${expression()}.reference` })];
        }
        type = String(found.resourceType);
      } else {
        type = parseReference(reference, definitions.resourceTypes)?.type ?? type;
      }
    }
    if (type === undefined || property.targets === undefined || property.targets.has(type)) return NO_ISSUES;
    // A `type` may also be the address of a logical model, which says nothing about these names.
    if (!definitions.resourceTypes.has(type)) return NO_ISSUES;
    const text = `A ${type} cannot stand here. R4 allows: ${[...property.targets].join(', ')}.`;
    return [issue('resource-invalid', text, { expression: `${expression()}.reference` })];
  };
}

function indexContained({ contained }: JsonObject): ReadonlyMap<string, JsonObject> {
  const list = Array.isArray(contained) ? contained.filter(isJsonObject) : [];
  return new Map(list.map((one) => [String(one.id), one]));
}
