import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { readFhirPathPatch } from '../patch/read-fhirpath-patch.ts';
import { readPatch } from '../patch/read-patch.ts';
import { readVersionMatch } from '../version-match.ts';
import { answerWrite } from '../writes/answer-write.ts';
import { readCondition } from '../writes/condition.ts';
import type { Change, WriteIntent } from '../writes/write-intent.ts';

/** https://hl7.org/fhir/R4/http.html#patch with a JSON Patch or a FHIRPath Patch; by a condition where the address has no id. */
export function patch(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  return answerWrite(readPatchIntent(request, parts), request, parts);
}

export function readPatchIntent(request: FhirRequest, parts: ApiParts): WriteIntent {
  return {
    interaction: 'patch',
    type: request.type,
    id: request.id === '' ? undefined : request.id,
    condition: request.id === '' ? readCondition(request.type, request.query, parts) : undefined,
    ifMatch: readVersionMatch('If-Match', request.header('if-match')),
    change: readChange(request),
  };
}

function readChange(request: FhirRequest): Change {
  const { kind, tree } = request.readPatch();
  return kind === 'json'
    ? { kind: 'patch', operations: readPatch(tree) }
    : { kind: 'fhirpath-patch', operations: readFhirPathPatch(tree) };
}
