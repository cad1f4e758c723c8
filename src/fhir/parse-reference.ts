import { refuse } from '../kernel/errors.ts';
import { identifierParam } from './index-row.ts';
import { type ParseContext, plainText, refuseModifier, splitValues } from './parse-parameter.ts';
import { parseToken } from './parse-token.ts';
import { isResourceId } from './references.ts';
import type { SearchableParameter } from './search-params.ts';
import type { ReferenceValue, SearchFilter } from './search-request.ts';
import { cutText } from './search-strings.ts';
import { readOwnReference } from './search-values.ts';

/** https://hl7.org/fhir/R4/search.html#reference: `Type/id`, an id, or an address. */
export function parseReferenceValue(
  { code, target = [] }: Pick<SearchableParameter, 'code' | 'target'>,
  modifier: string | undefined,
  text: string,
  context: ParseContext,
): ReferenceValue {
  if (modifier !== undefined && !context.definitions.resourceTypes.has(modifier)) refuseModifier(code, modifier, []);
  const value = plainText(code, text);
  const own = readOwnReference(value, context);
  if (own !== undefined) {
    if (modifier !== undefined && modifier !== own.type) {
      throw refuse('parameter-invalid', `${code}:${modifier} has a reference to another type.`);
    }
    return { targetType: own.type, target: own.id };
  }
  if (isResourceId(value)) {
    return { targetType: modifier ?? (target.length === 1 ? target[0] : undefined), target: value };
  }
  if (/^[a-z][a-z0-9+.-]{0,31}:\S+$/i.test(value)) return { targetType: '', target: cutText(value) };
  throw refuse('parameter-invalid', `${code} has a value that is no reference: write Type/id, an id, or a URL.`);
}

/**
 * `patient:identifier=system|value` (https://hl7.org/fhir/R4/search.html#reference): the identifier that stands in the
 * reference. Where it can be to a Patient, that Patient's own identifier is looked for as well, because references here
 * are linked to stored Patients.
 */
export function parseIdentifier(parameter: SearchableParameter, value: string, context: ParseContext): SearchFilter {
  const { code, target = [] } = parameter;
  const values = splitValues(code, value).map((one) => parseToken(code, one));
  const inReference: SearchFilter = { kind: 'token', param: identifierParam(code), not: false, values };
  if (context.alone === true || !target.includes('Patient')) return inReference;
  const ofPatient: SearchFilter = { kind: 'token', param: 'identifier', not: false, values };
  return {
    kind: 'any',
    filters: [{ kind: 'chain', param: code, targetType: 'Patient', filter: ofPatient }, inReference],
  };
}
