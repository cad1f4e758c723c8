import { NHS_NUMBER_SYSTEM } from '../../../../src/fhir/canonical.ts';
import { isNhsNumber } from '../../../../src/fhir/nhs-number.ts';
import { issue } from '../../../../src/kernel/errors.ts';
import { isJsonObject } from '../../../../src/kernel/json.ts';
import { type ElementRule, NO_ISSUES } from './rule.ts';

/**
 * Every identifier that says it is an NHS number is one: modulus 11 holds, and it is not a dummy. Ours, after the NHS
 * Data Dictionary.
 */
export const nhsNumbers: ElementRule = ({ value, property, expression }) => {
  if (property.type !== 'Identifier' || !isJsonObject(value) || value.system !== NHS_NUMBER_SYSTEM) return NO_ISSUES;
  if (value.value === undefined || (typeof value.value === 'string' && isNhsNumber(value.value))) return NO_ISSUES;
  const text =
    'This is not an NHS number: ten digits without spaces, the last the modulus 11 check digit, and not one digit ' +
    'repeated. A person whose number is not known has no such identifier.';
  return [issue('nhs-number-invalid', text, { expression: `${expression()}.value` })];
};
