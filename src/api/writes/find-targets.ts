import { isNhsNumber } from '../../fhir/nhs-number.ts';
import { isResourceId } from '../../fhir/references.ts';
import { GinnelError, type Issue } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { BusinessIdentifier, Store, StoredResource } from '../../store/store.ts';
import { issueOf, type WriteIntent } from './write-intent.ts';

/** The resource that a write is about, as it stands now. */
export interface Target {
  readonly id: string;
  /** Its current version, also when that is a deletion; undefined where there never was one. */
  readonly stored: StoredResource | undefined;
  /** A create whose condition found this resource does nothing. */
  readonly found: boolean;
  /** Identifiers that it alone holds among its type. */
  readonly claims: readonly BusinessIdentifier[];
}

/**
 * Deletions first, as https://hl7.org/fhir/R4/http.html#trules has it: what a transaction deletes no longer meets the
 * conditions of its other entries.
 */
export async function findTargets(intents: readonly WriteIntent[], store: Store): Promise<Target[]> {
  const deleted = new Set<string>();
  const targets = new Map<WriteIntent, Target>();
  const issues: Issue[] = [];
  const find = async (intent: WriteIntent): Promise<void> => {
    const target = await findTarget(intent, deleted, store);
    if ('code' in target) issues.push(target);
    else targets.set(intent, target);
  };
  const deletions = intents.filter(({ interaction }) => interaction === 'delete');
  await Promise.all(deletions.map(find));
  for (const intent of deletions) deleted.add(`${intent.type}/${targets.get(intent)?.id}`);
  await Promise.all(intents.filter(({ interaction }) => interaction !== 'delete').map(find));
  if (issues.length > 0) throw new GinnelError(issues);
  return intents.flatMap((intent) => targets.get(intent) ?? []);
}

async function findTarget(intent: WriteIntent, deleted: ReadonlySet<string>, store: Store): Promise<Target | Issue> {
  const { type, condition } = intent;
  if (condition === undefined) return targetOf(intent, intent.id, store);
  const page = await store.search({
    ...condition.search,
    count: Math.min(2 + deleted.size, LIMITS.searchCountMax),
  });
  const [match, another] = page.matches.filter(({ id }) => !deleted.has(`${type}/${id}`));
  if (another !== undefined) {
    return issueOf(intent, 'multiple-matches', `More than one ${type} meets the condition. Nothing was done.`);
  }
  if (match !== undefined) return targetOf(intent, match.id, store, match);
  return targetOf(intent, bodyIdOf(intent), store);
}

/** `match`: what the condition found. */
async function targetOf(
  intent: WriteIntent,
  id: string | undefined,
  store: Store,
  match?: StoredResource,
): Promise<Target | Issue> {
  const { type, interaction, condition } = intent;
  if (id === undefined) return { id: newId(), stored: undefined, found: false, claims: [] };
  const stored = match ?? (await store.read(type, id));
  if (interaction === 'create') return { id, stored, found: true, claims: [] };
  if (interaction === 'update') {
    if (match !== undefined && bodyIdOf(intent) !== undefined && bodyIdOf(intent) !== id) {
      return issueOf(intent, 'id-mismatch', 'The condition found a resource with another id than that of the body.');
    }
    if (match === undefined && condition !== undefined && stored !== undefined && !stored.deleted) {
      return issueOf(
        intent,
        'id-mismatch',
        'The id of the body is that of a resource that does not meet the condition.',
      );
    }
    if (stored === undefined && isNhsNumber(id)) {
      const text = 'An id stands in addresses, logs and the audit. It must not be an NHS number.';
      return issueOf(intent, 'id-invalid', text);
    }
  }
  const keeps = stored !== undefined && !stored.deleted && interaction !== 'delete';
  return { id, stored, found: false, claims: keeps ? await store.claimsOf(type, id) : [] };
}

/** An update whose condition finds nothing creates under the id in its body, where there is one. */
function bodyIdOf({ interaction, change }: WriteIntent): string | undefined {
  if (interaction !== 'update' || change.kind !== 'content') return undefined;
  // One that is no id is for the validator to refuse.
  return isResourceId(change.resource.id) ? change.resource.id : undefined;
}
