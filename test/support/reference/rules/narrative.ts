import { findUnsafeXhtml } from '../../../../src/fhir/xhtml.ts';
import { issue } from '../../../../src/kernel/errors.ts';
import { type ElementRule, NO_ISSUES } from './rule.ts';

/**
 * Narrative holds the basic formatting that R4 allows and nothing that could run
 * (https://hl7.org/fhir/R4/narrative.html#xhtml).
 */
export const safeNarrative: ElementRule = ({ value, property, expression }) => {
  if (property.type !== 'xhtml' || typeof value !== 'string') return NO_ISSUES;
  const problem = findUnsafeXhtml(value);
  return problem === undefined ? NO_ISSUES : [issue('narrative-unsafe', problem, { expression: expression() })];
};
