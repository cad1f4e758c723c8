import { refuse } from '../../kernel/errors.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { answerWrite, readContent } from '../writes/answer-write.ts';
import { type Condition, readCondition } from '../writes/condition.ts';
import type { WriteIntent } from '../writes/write-intent.ts';

/**
 * https://hl7.org/fhir/R4/http.html#create and, with If-None-Exist, #ccreate. The id is ours; one in the body is
 * ignored, as the specification says.
 */
export function create(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  return answerWrite(readCreate(request, parts), request, parts);
}

export function readCreate(request: FhirRequest, parts: ApiParts): WriteIntent {
  return {
    interaction: 'create',
    type: request.type,
    id: undefined,
    condition: readIfNoneExist(request, parts),
    ifMatch: undefined,
    change: { kind: 'content', resource: readContent(request) },
  };
}

/** A search without its type, `identifier=system|value`; some clients write it with the question mark, or with the type. */
function readIfNoneExist(request: FhirRequest, parts: ApiParts): Condition | undefined {
  const header = request.header('if-none-exist');
  if (header === undefined) return undefined;
  const [before, ...rest] = header.split('?');
  if (rest.length > 0 && before !== '' && before !== request.type) {
    throw refuse('parameter-invalid', 'If-None-Exist is a search of the type in the address: identifier=system|value.');
  }
  return readCondition(request.type, new URLSearchParams(rest.length === 0 ? header : rest.join('?')), parts);
}
