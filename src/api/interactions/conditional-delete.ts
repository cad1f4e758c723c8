import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { readVersionMatch } from '../version-match.ts';
import { answerWrite } from '../writes/answer-write.ts';
import { readCondition } from '../writes/condition.ts';
import type { WriteIntent } from '../writes/write-intent.ts';

/** https://hl7.org/fhir/R4/http.html#cdelete: one match is deleted, several are refused. */
export function conditionalDelete(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  return answerWrite(readConditionalDelete(request, parts), request, parts);
}

export function readConditionalDelete(request: FhirRequest, parts: ApiParts): WriteIntent {
  return {
    interaction: 'delete',
    type: request.type,
    id: undefined,
    condition: readCondition(request.type, request.query, parts),
    ifMatch: readVersionMatch('If-Match', request.header('if-match')),
    change: { kind: 'deletion' },
  };
}
