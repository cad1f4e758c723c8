import type { Definitions, ValueSetCodes } from '../../../../src/fhir/definitions.ts';
import { type Issue, issue } from '../../../../src/kernel/errors.ts';
import { isJsonObject } from '../../../../src/kernel/json.ts';
import { type ElementRule, NO_ISSUES } from './rule.ts';

const TEXT = 'The code is not in the value set that R4 requires here';

/**
 * Elements that R4 binds as required hold a code of that value set
 * (https://hl7.org/fhir/R4/terminologies.html#required).
 */
export function requiredCodes(definitions: Definitions): ElementRule {
  return ({ value, property, expression }) => {
    if (property.valueSet === undefined) return NO_ISSUES;
    const codes = definitions.valueSet(property.valueSet);
    if (codes === undefined || isInValueSet(value, property.type, codes)) return NO_ISSUES;
    const found: Issue = issue('code-invalid', `${TEXT}: ${property.valueSet}.`, { expression: expression() });
    return [found];
  };
}

/** True also for values of the wrong shape: those are reported as such elsewhere. */
export function isInValueSet(value: unknown, type: string, codes: ValueSetCodes): boolean {
  if (typeof value === 'string') return [...codes.values()].some((list) => list.has(value));
  if (!isJsonObject(value)) return true;
  if (type === 'Coding') return isCodingInValueSet(value, codes);
  if (type === 'CodeableConcept') {
    return Array.isArray(value.coding) && value.coding.some((coding) => isCodingInValueSet(coding, codes));
  }
  return true;
}

function isCodingInValueSet(coding: unknown, codes: ValueSetCodes): boolean {
  if (!isJsonObject(coding) || typeof coding.code !== 'string' || typeof coding.system !== 'string') return false;
  return codes.get(coding.system)?.has(coding.code) ?? false;
}
