import { isJsonObject } from '../kernel/json.ts';
import type { ValueSetCodes } from './definitions.ts';

/** True also for values of the wrong shape: those are reported as such elsewhere. */
export function isInValueSet(value: unknown, type: string, codes: ValueSetCodes): boolean {
  if (typeof value === 'string') {
    for (const list of codes.values()) if (list.has(value)) return true;
    return false;
  }
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
