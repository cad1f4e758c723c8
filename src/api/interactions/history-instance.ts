import { refuse } from '../../kernel/errors.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { answerHistory } from '../history/answer-history.ts';
import { readHistory } from '../history/read-history.ts';

/** https://hl7.org/fhir/R4/http.html#history of one resource: every version, the newest first, deletions too. */
export async function historyInstance(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const { type, id } = request;
  const path = `${type}/${id}/_history`;
  const asked = readHistory({ path, type }, request, parts);
  const current = await request.reader.read(type, id);
  if (current === undefined) throw refuse('resource-not-found', `There never was a ${type} with this id.`);
  // Who does not see everything of the type may not see every version either.
  const total = request.reader.isOpen(type) ? current.version : undefined;
  return answerHistory({ types: [type], id, path, total }, asked, request, parts);
}
