import type { BundleEntry } from '@medplum/fhirtypes';
import { LIMITS } from '../../kernel/limits.ts';
import { answerRoute } from '../answer-route.ts';
import type { ApiParts } from '../api-parts.ts';
import { answerAlone } from '../bundle/answer-alone.ts';
import { answerTooLarge, bundleAnswer } from '../bundle/answer-entries.ts';
import { requireEntryAccess } from '../bundle/entry-access.ts';
import { readEntry } from '../bundle/read-entry.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import type { FhirRoute } from '../routes.ts';

/**
 * https://hl7.org/fhir/R4/http.html#brules: every entry is a request of its own, with its own decision, commit and audit,
 * and fails for itself. They do not depend on each other, so a few run at a time.
 */
export async function runBatch(
  entries: readonly BundleEntry[],
  outer: FhirRequest,
  parts: ApiParts,
  routes: readonly FhirRoute[],
): Promise<FhirAnswer> {
  const answers: string[] = [];
  let chars = 0;
  const waiting = [...entries.entries()].reverse();
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [index, entry] = next;
      const text = await answerEntry(entry, index, { outer, parts, routes, full: chars > LIMITS.bundleAnswerCharsMax });
      chars += text.length;
      answers[index] = text;
    }
  };
  await Promise.all(Array.from({ length: LIMITS.batchConcurrencyMax }, work));
  const disclosed = entries.length === 0 ? { patients: [], resources: [] } : ('written' as const);
  return { ...bundleAnswer('batch-response', answers), disclosed };
}

function answerEntry(
  entry: BundleEntry,
  index: number,
  context: { outer: FhirRequest; parts: ApiParts; routes: readonly FhirRoute[]; full: boolean },
): Promise<string> {
  const { outer, parts } = context;
  const work = async (): Promise<FhirAnswer> => {
    const { route, request } = readEntry(entry, index, context);
    await requireEntryAccess({ route, request }, parts);
    if (context.full && route.method === 'GET') throw answerTooLarge();
    return answerRoute(route, request, parts);
  };
  return answerAlone(`Bundle.entry[${index}]`, work, outer, parts);
}
