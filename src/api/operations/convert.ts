import { refuse } from '../../kernel/errors.ts';
import { printExact } from '../../kernel/exact-json.ts';
import { isJsonObject, type JsonValue } from '../../kernel/json.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { readOperationInput } from './operation-input.ts';

/**
 * `POST $convert`: the same resource in the other format; the `Content-Type` says what came, `Accept` or `_format` what
 * is wanted (https://hl7.org/fhir/R4/resource-operation-convert.html). Nothing is checked beyond its form, nothing is
 * stored.
 */
export async function convertOperation(request: FhirRequest, _parts: ApiParts): Promise<FhirAnswer> {
  readOperationInput(request, {}, { body: false });
  const tree = request.readBody() as JsonValue;
  if (!isJsonObject(tree) || typeof tree.resourceType !== 'string') {
    throw refuse('resource-type-unknown', 'The body is a resource, with its type.');
  }
  return {
    status: 200,
    body: printExact(tree),
    headers: {},
    disclosed: { patients: [], resources: [], queryNames: [] },
  };
}
