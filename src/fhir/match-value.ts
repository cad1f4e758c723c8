import { isJsonObject, type JsonValue } from '../kernel/json.ts';
import type { ProfileNode } from './compile-profile.ts';
import { readMembers } from './members.ts';
import { isInValueSet } from './value-set.ts';

/** Whether a node says something that tells one value from another. */
export function saysValue(node: ProfileNode): boolean {
  if (node.fixed !== undefined || node.pattern !== undefined || node.binding !== undefined) return true;
  return [...node.children.values(), ...node.slices.values()].some(saysValue);
}

/** Whether a value is what a node says, its own value or those of its members. */
export function hasValue(value: JsonValue | undefined, node: ProfileNode): boolean {
  if (value === undefined) return false;
  if (node.fixed !== undefined) return isSame(value, node.fixed);
  if (node.pattern !== undefined) return matchesPattern(value, node.pattern);
  if (node.binding !== undefined) return isInValueSet(value, typeOfCoded(value), node.binding.codes);
  if (!isJsonObject(value)) return false;
  return [...node.children].every(([name, child]) => {
    const members = readMembers(value, name);
    const own = [child, ...child.slices.values()].filter((one) =>
      one === child ? saysItself(one) : saysValue(one) && one.min > 0,
    );
    return own.every((one) => members.some((member) => hasValue(member.value, one)));
  });
}

/** The same without its slices, which are told apart on their own. */
function saysItself(node: ProfileNode): boolean {
  if (node.fixed !== undefined || node.pattern !== undefined || node.binding !== undefined) return true;
  return [...node.children.values()].some(saysValue);
}

/** https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_ */
export function isSame(value: JsonValue, fixed: JsonValue): boolean {
  if (Array.isArray(value) && Array.isArray(fixed)) {
    return value.length === fixed.length && value.every((item, index) => isSame(item, fixed[index] ?? null));
  }
  if (!isJsonObject(value) || !isJsonObject(fixed)) return value === fixed;
  const names = Object.keys(value);
  return (
    names.length === Object.keys(fixed).length &&
    names.every((name) => Object.hasOwn(fixed, name) && isSame(value[name] ?? null, fixed[name] ?? null))
  );
}

/** https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_ */
export function matchesPattern(value: JsonValue, pattern: JsonValue): boolean {
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && pattern.every((part) => value.some((item) => matchesPattern(item, part)));
  }
  if (!isJsonObject(pattern)) return value === pattern;
  return (
    isJsonObject(value) && Object.entries(pattern).every(([name, part]) => matchesPattern(value[name] ?? null, part))
  );
}

export function typeOfCoded(value: JsonValue): string {
  if (!isJsonObject(value)) return 'code';
  return 'code' in value || 'system' in value ? 'Coding' : 'CodeableConcept';
}
