import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { readVersionMatch } from '../version-match.ts';
import { answerWrite, readContent } from '../writes/answer-write.ts';
import { readCondition } from '../writes/condition.ts';
import type { WriteIntent } from '../writes/write-intent.ts';

/** https://hl7.org/fhir/R4/http.html#cond-update: updates the one match, creates where there is none. */
export function conditionalUpdate(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  return answerWrite(readConditionalUpdate(request, parts), request, parts);
}

export function readConditionalUpdate(request: FhirRequest, parts: ApiParts): WriteIntent {
  return {
    interaction: 'update',
    type: request.type,
    id: undefined,
    condition: readCondition(request.type, request.query, parts),
    ifMatch: readVersionMatch('If-Match', request.header('if-match')),
    ifNoneMatch: readVersionMatch('If-None-Match', request.header('if-none-match')),
    change: { kind: 'content', resource: readContent(request) },
  };
}
