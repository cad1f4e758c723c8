import type { Definitions } from '../../fhir/definitions.ts';
import type { Structure } from '../../fhir/structure.ts';
import { type Issue, issue } from '../../kernel/errors.ts';
import { hasSpellings, spellingOf } from '../../kernel/exact-json.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';

const INTEGERS = new Set(['integer', 'positiveInt', 'unsignedInt']);
const PLAIN = /^(?:0|-?[1-9][0-9]*)$/;

/**
 * Integers that are not written as R4 writes them (https://hl7.org/fhir/R4/datatypes.html#integer), such as 1.0 or 1E2:
 * the number is the same, but it would be served as it was written. For what has no number of unusual spelling, which is
 * almost everything, there is nothing to look at.
 */
export function checkIntegers(resource: JsonObject, definitions: Definitions): Issue[] {
  if (!hasSpellings(resource)) return [];
  const issues: Issue[] = [];
  const visit = (object: JsonObject, structure: Structure | undefined, at: string): void => {
    for (const [name, value] of Object.entries(object)) {
      const property = structure?.properties.get(name);
      if (property === undefined) continue;
      const isInteger = INTEGERS.has(property.type);
      const look = (holder: object, key: string | number, one: JsonValue, place: string): void => {
        if (isInteger && typeof one === 'number' && !PLAIN.test(spellingOf(holder, key, one) ?? '0')) {
          issues.push(issue('resource-invalid', 'An integer is written in digits alone.', { expression: place }));
        }
        if (isJsonObject(one)) visit(one, structureOf(one, property, definitions), place);
      };
      if (!Array.isArray(value)) look(object, name, value, `${at}.${name}`);
      else for (const [index, item] of value.entries()) look(value, index, item, `${at}.${name}[${index}]`);
    }
  };
  const type = String(resource.resourceType);
  visit(resource, definitions.structure(type), type);
  return issues;
}

function structureOf(
  object: JsonObject,
  { type, inner }: { readonly type: string; readonly inner: (() => Structure) | undefined },
  definitions: Definitions,
): Structure | undefined {
  return type === 'Resource'
    ? definitions.structure(String(object.resourceType))
    : (inner?.() ?? definitions.structure(type));
}
