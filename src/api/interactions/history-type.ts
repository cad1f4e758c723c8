import { refuse } from '../../kernel/errors.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { answerHistory } from '../history/answer-history.ts';
import { readHistory } from '../history/read-history.ts';

/** https://hl7.org/fhir/R4/http.html#history of a type: what happened to any resource of it, the newest first. */
export async function historyType(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const { type } = request;
  const path = `${type}/_history`;
  const asked = readHistory({ path, type }, request, parts);
  if (asked.view.kind === 'count') throw refuse('parameter-unsupported', 'The versions of a type are not counted.');
  return answerHistory({ types: [type], path }, asked, request, parts);
}
