import { refuse } from '../../kernel/errors.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { answerReading } from '../resource-answer.ts';

/** https://hl7.org/fhir/R4/http.html#vread */
export async function vread(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const version = /^[1-9][0-9]{0,9}$/.test(request.version) ? Number(request.version) : undefined;
  const stored =
    version === undefined ? undefined : await request.reader.readVersion(request.type, request.id, version);
  if (stored === undefined)
    throw refuse('resource-not-found', `There is no such version of a ${request.type} with this id.`);
  if (stored.deleted) throw refuse('resource-gone', `This version is the deletion of the ${request.type}.`);
  return answerReading(stored, request, parts);
}
