import { issue } from '../../../../src/kernel/errors.ts';
import { isJsonObject, type JsonValue } from '../../../../src/kernel/json.ts';
import { type ElementRule, NO_ISSUES } from './rule.ts';

/**
 * A contained resource is referred to by the one that holds it, or refers to that (R4 rule dom-3): otherwise nobody
 * could ever find it.
 */
export const containedIsReferredTo: ElementRule = ({ value, property, expression }) => {
  if (property.type !== 'Resource' || property.name === 'contained' || !isJsonObject(value)) return NO_ISSUES;
  const { contained } = value;
  if (!Array.isArray(contained) || contained.length === 0) return NO_ISSUES;
  const referred = new Set<string>();
  collectFragments(value, referred);
  return contained.flatMap((one, index) => {
    if (!isJsonObject(one) || referred.has(String(one.id)) || refersToContainer(one)) return [];
    const text = 'R4 rule dom-3 does not hold: nothing refers to this contained resource.';
    return [issue('resource-invalid', text, { expression: `${expression()}.contained[${index}]` })];
  });
};

function collectFragments(value: JsonValue, into: Set<string>): void {
  if (typeof value === 'string') {
    if (value.startsWith('#')) into.add(value.slice(1));
  } else if (Array.isArray(value)) {
    for (const item of value) collectFragments(item, into);
  } else if (isJsonObject(value)) {
    for (const item of Object.values(value)) collectFragments(item, into);
  }
}

function refersToContainer(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.some(refersToContainer);
  return isJsonObject(value) && (value.reference === '#' || Object.values(value).some(refersToContainer));
}
