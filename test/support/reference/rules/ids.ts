import { isResourceId } from '../../../../src/fhir/references.ts';
import { issue } from '../../../../src/kernel/errors.ts';
import { isJsonObject } from '../../../../src/kernel/json.ts';
import { type ElementRule, NO_ISSUES } from './rule.ts';

/**
 * The id of every resource has the form of an id; R4's own definition calls it a string, which would let anything pass.
 */
export const resourceIds: ElementRule = ({ value, property, expression }) => {
  if (property.type !== 'Resource' || !isJsonObject(value)) return NO_ISSUES;
  if (value.id === undefined || isResourceId(value.id)) return NO_ISSUES;
  const text = 'A resource id is 1 to 64 letters, digits, hyphens and dots.';
  return [issue('id-invalid', text, { expression: `${expression()}.id` })];
};
