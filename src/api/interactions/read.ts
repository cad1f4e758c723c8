import { refuse } from '../../kernel/errors.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { answerReading } from '../resource-answer.ts';

/** https://hl7.org/fhir/R4/http.html#read, conditional as in #cread. */
export async function read(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const stored = await request.reader.read(request.type, request.id);
  if (stored === undefined) throw refuse('resource-not-found', `There is no ${request.type} with this id.`);
  if (stored.deleted) throw refuse('resource-gone', `This ${request.type} has been deleted.`);
  return answerReading(stored, request, parts);
}
