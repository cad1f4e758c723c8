import type { Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../fhir/canonical.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { MappedEntry } from '../mapping/mapping.ts';
import type { BusinessIdentifier, Store, StoredResource } from '../store/store.ts';
import type { CheckedMessage, KnownResources } from './message.ts';

type LookUpStore = Pick<Store, 'findByIdentifier' | 'read' | 'claimsOf'>;

/** A record, and the identifiers that it alone may hold. */
interface Found {
  readonly stored: StoredResource;
  readonly claims: readonly BusinessIdentifier[];
}

/** The one read of the path: which of the message's resources the store holds already, by business identifier. */
export async function lookUp(store: LookUpStore, message: CheckedMessage): Promise<KnownResources> {
  const current = new Map<string, StoredResource>();
  const claims = new Map<string, readonly BusinessIdentifier[]>();
  const ambiguous: string[] = [];
  const doubled: string[] = [];
  const take = (name: string, found: Found): void => {
    current.set(name, found.stored);
    claims.set(name, found.claims);
  };
  await Promise.all(
    message.entries.map(async ({ name, resource, identifier }) => {
      const found = await findAll(store, resource.resourceType, [identifier]);
      // Several carry it, and one of them was made by it: the others have taken it up beside their own.
      const one = found.length > 1 ? found.find((each) => holds(each, identifier)) : found[0];
      if (one !== undefined) take(name, one);
      else if (found.length > 1) ambiguous.push(name);
    }),
  );
  const named = new Set([...current.values()].map(({ id }) => id));
  await Promise.all(
    message.entries.filter(isTraced).map(async (entry) => {
      const untraced = await findUntraced(store, entry, current.get(entry.name));
      // What the message names by itself, as a merge does, it has its own word on.
      const [first, another] = untraced.filter(({ stored }) => !named.has(stored.id));
      if (first === undefined) return;
      if (current.has(entry.name)) doubled.push(entry.name);
      else if (another === undefined) take(entry.name, first);
      else ambiguous.push(entry.name);
    }),
  );
  return { current, claims, ambiguous, doubled };
}

/** Those that carry one of these identifiers, and were not deleted. */
async function findAll(
  store: LookUpStore,
  type: string,
  identifiers: readonly BusinessIdentifier[],
): Promise<readonly Found[]> {
  const lists = await Promise.all(
    identifiers.map((one) => store.findByIdentifier(type, one, LIMITS.identifierMatchesMax)),
  );
  const found = await Promise.all(
    [...new Set(lists.flat())].map(async (id) => {
      const [stored, claims] = await Promise.all([store.read(type, id), store.claimsOf(type, id)]);
      return stored === undefined || stored.deleted ? [] : [{ stored, claims }];
    }),
  );
  return found.flat();
}

function holds({ claims }: Found, { system, value }: BusinessIdentifier): boolean {
  return claims.some((claim) => claim.system === system && claim.value === value);
}

interface TracedEntry extends MappedEntry {
  readonly resource: Patient;
}

/** A Patient by NHS number, whose entry would write that number into a record that has none. */
function isTraced(entry: MappedEntry): entry is TracedEntry {
  const { resource, identifier, write, fill, remove } = entry;
  if (resource.resourceType !== 'Patient' || identifier.system !== NHS_NUMBER_SYSTEM) return false;
  return write !== 'create' && !fill.includes('identifier') && !remove.includes('identifier');
}

/**
 * Records of this person from before the NHS number was traced: they were made by a number of the sender's own that comes
 * with it now. Without them a person whom a hospital has first known by its own number would be two people from then on.
 */
async function findUntraced(
  store: LookUpStore,
  { resource }: TracedEntry,
  known: StoredResource | undefined,
): Promise<readonly Found[]> {
  const carried = known === undefined ? [] : identifiersOf(JSON.parse(known.content) as Patient);
  const own = identifiersOf(resource).filter(
    (one) => one.system !== NHS_NUMBER_SYSTEM && !carried.some((other) => isSame(one, other)),
  );
  const found = await findAll(store, 'Patient', own);
  return found.filter((one) => one.stored.id !== known?.id && mayBe(one.stored, resource));
}

/** A channel may let pass what is not valid: what is no identifier is left alone. */
function identifiersOf({ identifier }: Patient): BusinessIdentifier[] {
  const list: readonly unknown[] = Array.isArray(identifier) ? identifier : [];
  return list.flatMap((one) => {
    const { system, value } = (one ?? {}) as Record<string, unknown>;
    return typeof system === 'string' && typeof value === 'string' ? [{ system, value }] : [];
  });
}

function isSame(one: BusinessIdentifier, other: BusinessIdentifier): boolean {
  return one.system === other.system && one.value === other.value;
}

/** Whether the record has no NHS number, is in use, and is of nobody who was born on another day. */
function mayBe({ content }: StoredResource, { birthDate }: Patient): boolean {
  const record = JSON.parse(content) as Patient;
  if (record.active === false) return false;
  if (identifiersOf(record).some(({ system }) => system === NHS_NUMBER_SYSTEM)) return false;
  const [one, other] = [dateOf(record.birthDate), dateOf(birthDate)];
  // A date may be known to the year alone.
  return one.startsWith(other) || other.startsWith(one);
}

function dateOf(birthDate: unknown): string {
  return typeof birthDate === 'string' ? birthDate : '';
}
