import { decide } from '../../auth/decide.ts';
import { refuse } from '../../kernel/errors.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { answerHistory } from '../history/answer-history.ts';
import { readHistory } from '../history/read-history.ts';

/**
 * https://hl7.org/fhir/R4/http.html#history of the system: what happened to any resource of the types whose history the
 * caller may see, the newest first. The others are as if they were not there.
 */
export async function historySystem(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const asked = readHistory({ path: '_history', type: undefined }, request, parts);
  if (asked.view.kind === 'count') throw refuse('parameter-unsupported', 'The versions of a system are not counted.');
  const types = [...parts.definitions.resourceTypes].filter(
    (type) => decide(request.identity, { interaction: 'history-type', types: [type] }).allowed,
  );
  return answerHistory({ types, path: '_history' }, asked, request, parts);
}
