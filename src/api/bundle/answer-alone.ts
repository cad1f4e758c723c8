import { GinnelError, issue } from '../../kernel/errors.ts';
import { describeFault } from '../../kernel/log.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { entryText, failureText } from './answer-entries.ts';
import { atPlace } from './read-entry.ts';

/** An entry that is answered for itself: its failure is its own answer, also when the fault is ours. */
export async function answerAlone(
  place: string,
  work: () => Promise<FhirAnswer>,
  { correlationId }: FhirRequest,
  { log }: ApiParts,
): Promise<string> {
  try {
    return entryText(await work());
  } catch (fault) {
    const placed = atPlace(fault, place);
    if (placed instanceof GinnelError) return failureText(placed.issues);
    log.error('entry failed', { correlationId, fault: describeFault(fault) });
    const text = 'Something failed on our side; the correlation id leads to it in our log.';
    return failureText([issue('internal-error', text, { expression: place })]);
  }
}
