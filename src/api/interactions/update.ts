import { refuse } from '../../kernel/errors.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { readVersionMatch } from '../version-match.ts';
import { answerWrite, readContent } from '../writes/answer-write.ts';
import type { WriteIntent } from '../writes/write-intent.ts';

/**
 * https://hl7.org/fhir/R4/http.html#update; an id that there is not yet is created, as #upsert has it. With
 * `If-None-Match: *` it creates or fails.
 */
export function update(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  return answerWrite(readUpdate(request), request, parts);
}

export function readUpdate(request: FhirRequest): WriteIntent {
  const resource = readContent(request);
  if (resource.id !== request.id) {
    throw refuse('id-mismatch', 'The body must have the id that is in the address.', {
      expression: `${request.type}.id`,
    });
  }
  return {
    interaction: 'update',
    type: request.type,
    id: request.id,
    condition: undefined,
    ifMatch: readVersionMatch('If-Match', request.header('if-match')),
    ifNoneMatch: readVersionMatch('If-None-Match', request.header('if-none-match')),
    change: { kind: 'content', resource },
  };
}
