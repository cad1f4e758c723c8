import type { CallerReader } from '../../auth/reader.ts';
import { isNhsNumber } from '../../fhir/nhs-number.ts';
import { isResourceId } from '../../fhir/references.ts';
import { GinnelError, type Issue } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { BusinessIdentifier, Store, StoredResource } from '../../store/store.ts';
import { issueOf, tellsContent, type WriteIntent } from './write-intent.ts';

/** The resource that a write is about, as it stands now. */
export interface Target {
  readonly id: string;
  /** Its current version, also when that is a deletion; undefined where there never was one. */
  readonly stored: StoredResource | undefined;
  /** A create whose condition found this resource does nothing. */
  readonly found: boolean;
  /** Identifiers that it alone holds among its type. */
  readonly claims: readonly BusinessIdentifier[];
  /** Top-level elements that the caller is not shown: a write leaves them as they are. */
  readonly hidden: ReadonlySet<string>;
  /** Whether it is a patch of what the caller may change and not read. */
  readonly isUnseen: boolean;
}

/** What holds the claims of a resource that the caller may read. */
type Claims = Pick<Store, 'claimsOf'>;

interface From {
  readonly reader: CallerReader;
  readonly store: Claims;
}

/**
 * Deletions first, as https://hl7.org/fhir/R4/http.html#trules has it: what a transaction deletes no longer meets the
 * conditions of its other entries.
 */
export async function findTargets(
  intents: readonly WriteIntent[],
  reader: CallerReader,
  store: Claims,
): Promise<Target[]> {
  const deleted = new Set<string>();
  const targets = new Map<WriteIntent, Target>();
  const issues: Issue[] = [];
  const find = async (intent: WriteIntent): Promise<void> => {
    const target = await findTarget(intent, deleted, { reader, store });
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

async function findTarget(intent: WriteIntent, deleted: ReadonlySet<string>, from: From): Promise<Target | Issue> {
  const { type, condition } = intent;
  if (condition === undefined) return targetOf(intent, intent.id, from);
  const page = await from.reader.search({
    ...condition.search,
    count: Math.min(2 + deleted.size, LIMITS.searchCountMax),
  });
  const [match, another] = page.matches.filter(({ id }) => !deleted.has(`${type}/${id}`));
  if (another !== undefined) {
    return issueOf(intent, 'multiple-matches', `More than one ${type} meets the condition. Nothing was done.`);
  }
  if (match !== undefined) return targetOf(intent, match.id, from, match);
  return targetOf(intent, bodyIdOf(intent), from);
}

/** `match`: what the condition found. */
async function targetOf(
  intent: WriteIntent,
  id: string | undefined,
  { reader, store }: From,
  match?: StoredResource,
): Promise<Target | Issue> {
  const { type, interaction, condition } = intent;
  if (id === undefined)
    return { id: newId(), stored: undefined, found: false, claims: [], hidden: NOTHING, isUnseen: false };
  const isUnseen = interaction === 'patch' && !reader.isOpen(type) && (await reader.read(type, id)) === undefined;
  const isAskedInVain = isUnseen && tellsContent(intent.change);
  const stored = isAskedInVain ? undefined : await reader.current(type, id, interaction);
  if (interaction === 'create') return { id, stored, found: true, claims: [], hidden: NOTHING, isUnseen: false };
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
    // To a caller that does not see everything, an id that is not there and one that is not shown must be the same.
    if (stored === undefined && !reader.isOpen(type)) {
      return issueOf(intent, 'resource-not-found', `There is no ${type} with this id.`);
    }
  }
  const keeps = stored !== undefined && !stored.deleted && interaction !== 'delete';
  if (!keeps) return { id, stored, found: false, claims: [], hidden: NOTHING, isUnseen: false };
  return {
    id,
    stored,
    found: false,
    claims: await store.claimsOf(type, id),
    hidden: await reader.hiddenElements(stored),
    isUnseen,
  };
}

const NOTHING: ReadonlySet<string> = new Set();

/** An update whose condition finds nothing creates under the id in its body, where there is one. */
function bodyIdOf({ interaction, change }: WriteIntent): string | undefined {
  if (interaction !== 'update' || change.kind !== 'content') return undefined;
  // One that is no id is for the validator to refuse.
  return isResourceId(change.resource.id) ? change.resource.id : undefined;
}
