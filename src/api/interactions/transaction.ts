import type { BundleEntry, Resource } from '@medplum/fhirtypes';
import { referencesOf } from '../../fhir/references.ts';
import { GinnelError, type Issue, issue, refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { answerRoute } from '../answer-route.ts';
import type { ApiParts } from '../api-parts.ts';
import { answerAlone } from '../bundle/answer-alone.ts';
import { answerTooLarge, bundleAnswer, entryText } from '../bundle/answer-entries.ts';
import { requireEntryAccess } from '../bundle/entry-access.ts';
import { atPlace, type EntryRequest, readEntry } from '../bundle/read-entry.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import type { FhirRoute } from '../routes.ts';
import { toAnswer } from '../writes/answer-write.ts';
import { applyWrites } from '../writes/apply-writes.ts';
import { type Condition, readCondition } from '../writes/condition.ts';
import { isSearchReference } from '../writes/link-references.ts';
import type { PlannedWrite } from '../writes/plan-writes.ts';
import type { WriteIntent } from '../writes/write-intent.ts';

/**
 * https://hl7.org/fhir/R4/http.html#trules: all of it or nothing. Every entry's access is decided before anything is looked
 * up; deletions go before creates, those before updates and patches, all in one commit; what is read is read last.
 */
export async function runTransaction(
  given: readonly BundleEntry[],
  outer: FhirRequest,
  parts: ApiParts,
  routes: readonly FhirRoute[],
): Promise<FhirAnswer> {
  const entries = collect(given, (entry, index) => readEntry(entry, index, { outer, parts, routes }));
  for (const entry of entries) {
    await requireEntryAccess(entry, parts).catch((fault: unknown) => {
      throw atPlace(fault, entry.place);
    });
  }
  const intents = new Map<EntryRequest, WriteIntent>();
  collect(entries, (entry) => {
    const intent = readIntent(entry, parts);
    if (intent !== undefined) intents.set(entry, intent);
  });
  refuseManyConditions([...intents.values()]);
  const reads = entries.filter((entry) => !intents.has(entry));
  const planned = await applyWrites([...intents.values()], outer, parts, (plan) => checkReads(reads, plan, parts));
  const byIntent = new Map(planned.map((one) => [one.intent, one]));

  const answers: string[] = [];
  for (const entry of entries) {
    const intent = intents.get(entry);
    const written = intent === undefined ? undefined : byIntent.get(intent);
    // The writes are done: a read that meets somebody else's change fails for itself.
    answers.push(
      written === undefined
        ? await answerAlone(entry.place, () => answerRoute(entry.route, entry.request, parts), outer, parts)
        : entryText(await toAnswer(written, entry.request, parts)),
    );
  }
  const disclosed = entries.length === 0 ? { patients: [], resources: [] } : ('written' as const);
  return { ...bundleAnswer('transaction-response', answers), disclosed };
}

/** All that can be said against the entries is said at once, each at its place. */
function collect<T, R>(items: readonly T[], work: (item: T, index: number) => R): R[] {
  const issues: Issue[] = [];
  const results = items.flatMap((item, index) => {
    try {
      return [work(item, index)];
    } catch (fault) {
      const placed = atPlace(fault, `Bundle.entry[${index}]`);
      if (!(placed instanceof GinnelError)) throw fault;
      issues.push(...placed.issues);
      return [];
    }
  });
  if (issues.length > 0) throw new GinnelError(issues);
  return results;
}

function readIntent({ place, fullUrl, route, request }: EntryRequest, parts: ApiParts): WriteIntent | undefined {
  const intent = route.readIntent?.(request, parts);
  if (intent === undefined) return undefined;
  const searches = intent.change.kind === 'content' ? readSearches(intent.change.resource, parts) : new Map();
  return { ...intent, entry: { place, fullUrl, searches } };
}

function readSearches(resource: Resource, parts: ApiParts): Map<string, Condition> {
  const searches = referencesOf(resource).filter(isSearchReference);
  return new Map(
    [...new Set(searches)].map((reference) => {
      const mark = reference.indexOf('?');
      const query = new URLSearchParams(reference.slice(mark + 1));
      return [reference, readCondition(reference.slice(0, mark), query, parts)];
    }),
  );
}

function refuseManyConditions(intents: readonly WriteIntent[]): void {
  const searches = new Set(intents.flatMap(({ entry }) => [...(entry?.searches.keys() ?? [])]));
  const conditions = intents.filter(({ condition }) => condition !== undefined).length + searches.size;
  if (conditions <= LIMITS.bundleConditionsMax) return;
  const text = `A transaction has at most ${LIMITS.bundleConditionsMax} conditions and references by search.`;
  throw refuse('fields-too-many', text);
}

/**
 * What a transaction reads must be there when its writes are done, or none of them is. What is wrong with a search is
 * found by running it, before anything is written.
 */
async function checkReads(
  reads: readonly EntryRequest[],
  planned: readonly PlannedWrite[],
  parts: ApiParts,
): Promise<void> {
  const current = new Map(planned.flatMap(({ stored }) => (stored ? [[`${stored.type}/${stored.id}`, stored]] : [])));
  const issues: Issue[] = [];
  let chars = 0;
  for (const { place, route, request } of reads) {
    const stored = current.get(`${request.type}/${request.id}`);
    if (stored !== undefined && route.interaction === 'read') {
      if (stored.deleted) issues.push(issue('resource-gone', 'This transaction deletes it.', { expression: place }));
      continue;
    }
    try {
      chars += (await route.run(request, parts)).body.length;
      if (chars > LIMITS.bundleAnswerCharsMax) throw answerTooLarge();
    } catch (fault) {
      const placed = atPlace(fault, place);
      if (!(placed instanceof GinnelError)) throw fault;
      issues.push(...placed.issues);
    }
  }
  if (issues.length > 0) throw new GinnelError(issues);
}
