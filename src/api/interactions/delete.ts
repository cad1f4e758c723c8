import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { readVersionMatch } from '../version-match.ts';
import { answerWrite } from '../writes/answer-write.ts';
import type { WriteIntent } from '../writes/write-intent.ts';

/**
 * https://hl7.org/fhir/R4/http.html#delete. What was there stays in the history; what is not there is deleted as well
 * as can be.
 */
export function deleteResource(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  return answerWrite(readDelete(request), request, parts);
}

export function readDelete(request: FhirRequest): WriteIntent {
  return {
    interaction: 'delete',
    type: request.type,
    id: request.id,
    condition: undefined,
    ifMatch: readVersionMatch('If-Match', request.header('if-match')),
    change: { kind: 'deletion' },
  };
}
