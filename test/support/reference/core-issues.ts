import { OperationOutcomeError, validateResource } from '@medplum/core';
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { type Issue, type IssueCode, issue } from '../../../src/kernel/errors.ts';

/**
 * What @medplum/core says, in our codes and words. Its own sentences may quote the resource, so none is passed on:
 * each is recognised by its beginning, and one that is not known becomes a general sentence.
 */
const SENTENCES: readonly (readonly [start: string, code: IssueCode | undefined, text: string])[] = [
  ['Missing required property', 'element-required', 'R4 requires this element.'],
  ['Invalid additional property', 'resource-invalid', 'R4 has no such element here. Remove it, or check its spelling.'],
  ['Invalid number of values', 'resource-invalid', 'There are more or fewer values than R4 allows here.'],
  ['Expected array of values', 'resource-invalid', 'This element is a list in R4: write it as a JSON array.'],
  ['Expected single value', 'resource-invalid', 'This element is single in R4: write it without a JSON array.'],
  ['Invalid null value', 'resource-invalid', 'A null may stand only in a list, beside an extension of that item.'],
  ['Invalid empty', 'element-empty', 'An empty value is not a value. Leave the element out.'],
  ['String must contain non-whitespace', 'element-empty', 'An empty value is not a value. Leave the element out.'],
  ['String cannot be larger', 'resource-invalid', 'The text is larger than 1 MB.'],
  [
    'Invalid JSON type',
    'resource-invalid',
    'The JSON type is wrong for this element (text, number, true/false or object).',
  ],
  ['Expected number to be', 'resource-invalid', 'The number is not one that this element can hold.'],
  ['Invalid numeric value', 'resource-invalid', 'The number is not one that this element can hold.'],
  ['base64Binary exceeds', 'resource-invalid', 'The attachment is larger than 1 MB.'],
  // Our own rules say these better, and as errors.
  ['Invalid reference', undefined, ''],
  ['Conflicting choice of type', undefined, ''],
  ['Type of primitive extension', undefined, ''],
];

/** Runs validateResource. Every type in the resource must be loaded before. */
export function validateStructure(resource: Resource): Issue[] {
  try {
    return validateResource(resource).flatMap(translate);
  } catch (fault) {
    if (fault instanceof OperationOutcomeError) return (fault.outcome.issue ?? []).flatMap(translate);
    // Shapes that the library did not expect make it throw: the resource is at fault, not the gateway.
    const expression = resource.resourceType;
    return [issue('resource-invalid', `The structure is not that of a ${expression} of R4.`, { expression })];
  }
}

function translate(one: OperationOutcomeIssue): Issue[] {
  const said = one.details?.text ?? '';
  const expression = safeExpression(one.expression?.[0] ?? '');
  const place = { expression };
  const constraint = /^Constraint ([\w-]{1,20}) not met: ([\s\S]*)$/.exec(said);
  if (constraint !== null) {
    return [issue('resource-invalid', `R4 rule ${constraint[1]} does not hold: ${constraint[2]}.`, place)];
  }
  const format = /^Invalid (\w{1,20}) (?:format|value)$/.exec(said);
  if (format !== null && !said.includes('empty') && !said.includes('null')) {
    return [issue('resource-invalid', `This is not a valid ${format[1]}.`, place)];
  }
  const known = SENTENCES.find(([start]) => said.startsWith(start));
  if (known === undefined) return [issue('resource-invalid', 'The value is not as R4 requires.', place)];
  const [, code, text] = known;
  return code === undefined ? [] : [issue(code, text, place)];
}

/** A path of theirs may hold names that a sender made up, which are not repeated. */
function safeExpression(expression: string): string {
  return expression
    .split('.')
    .map((step) => (/^_?[A-Za-z][A-Za-z0-9]{0,63}(\[[x\d]{1,9}\])*$/.test(step) ? step : '(unnamed)'))
    .join('.');
}
