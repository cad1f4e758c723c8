import type { Resource } from '@medplum/fhirtypes';
import { concernedBy, NEVER_UNKNOWN } from '../fhir/concerned.ts';
import type { ResourceIndexer } from '../fhir/index-resource.ts';
import type { IndexRow } from '../fhir/index-row.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { PatientFacts } from '../store/patient-facts.ts';
import type { ResourceReference, ResourceWrite, Store, StoredResource } from '../store/store.ts';

/** Patients whom a resource concerns beside the one in whose record it is. `written`: by the same commit. */
export type FindOthers = (stored: Concerning, written?: Written) => Promise<readonly string[]>;

/** In whose record each resource is that a commit is to leave behind, by `Type/id`; null for nobody's. */
export type Written = ReadonlyMap<string, string | null>;

const NOTHING_WRITTEN: Written = new Map();

export function writtenBy(writes: readonly Pick<ResourceWrite, 'type' | 'id' | 'patient'>[]): Written {
  return new Map(writes.map(({ type, id, patient }) => [`${type}/${id}`, patient]));
}

export interface Concerning extends Pick<StoredResource, 'type' | 'patient' | 'content'> {
  /** Of a write, that is indexed already. */
  readonly index?: readonly IndexRow[];
}

const NOBODY: readonly string[] = [];

/** As an id: somebody of whom nothing is known, to whom nobody is related. */
export const UNKNOWN = '';

/**
 * The Patients that it refers to, and those whose records hold what it refers to, also where that is deleted; `UNKNOWN`
 * where it refers to what is not there. A search is held to the same where the rows are (`access-filter.ts`).
 */
export function createFindOthers({
  store,
  indexer,
}: {
  readonly store: Pick<Store, 'recordsOf'>;
  readonly indexer: ResourceIndexer;
}): FindOthers {
  // One request asks for the same resource several times.
  const known = new WeakMap<Concerning, Promise<readonly string[]>>();
  const find = async (stored: Concerning, written: Written): Promise<readonly string[]> => {
    const { patient } = stored;
    const found = new Set<string>();
    const elsewhere: ResourceReference[] = [];
    for (const { type, id } of referencesOf(stored, indexer)) {
      if (type === 'Patient') found.add(id);
      else elsewhere.push({ type, id });
    }
    const records = elsewhere.length === 0 ? NOTHING_WRITTEN : await store.recordsOf(elsewhere);
    for (const { type, id } of elsewhere) {
      const reference = `${type}/${id}`;
      const whose = written.has(reference) ? written.get(reference) : records.get(reference);
      if (whose === null) continue;
      if (whose !== undefined) found.add(whose);
      else if (!NEVER_UNKNOWN.includes(type)) found.add(UNKNOWN);
    }
    if (patient !== null) found.delete(patient);
    return [...found];
  };
  return (stored, written = NOTHING_WRITTEN) => {
    if (concernedBy(stored.type) === undefined || stored.content === '') return Promise.resolve(NOBODY);
    if (written.size > 0) return find(stored, written);
    const found = known.get(stored) ?? find(stored, written);
    known.set(stored, found);
    return found;
  };
}

function referencesOf({ type, content, index }: Concerning, indexer: ResourceIndexer): ResourceReference[] {
  const params = concernedBy(type) ?? [];
  const rows = index ?? indexer.index(JSON.parse(content) as Resource).index;
  return rows.flatMap((row) =>
    row.kind === 'reference' && params.includes(row.param) && row.targetType !== '' && row.targetType !== 'AuditEvent'
      ? [{ type: row.targetType, id: row.target }]
      : [],
  );
}

/** What decides who may see it, of each of them. For most types nothing is asked. */
export interface OthersFacts {
  of(stored: Concerning, written?: Written): Promise<readonly PatientFacts[]>;
  /** Of those of a list that are of other types, by resource. */
  ofAll<T extends Concerning>(
    list: readonly T[],
    judgedBy: (one: T) => Promise<Concerning>,
  ): Promise<ReadonlyMap<T, readonly PatientFacts[]>>;
}

export function createOthersFacts(
  findOthers: FindOthers,
  factsOf: (patients: readonly string[]) => Promise<KnownFacts>,
): OthersFacts {
  const ofEach = async <T extends Concerning>(
    list: readonly T[],
    judgedBy: (one: T) => Promise<Concerning>,
    written?: Written,
  ): Promise<ReadonlyMap<T, readonly PatientFacts[]>> => {
    const found: (readonly [T, readonly string[]])[] = [];
    // One after another: a page of long lists is not to take the whole store.
    for (const one of list) found.push([one, await findOthers(await judgedBy(one), written)]);
    const patients = [...new Set(found.flatMap(([, others]) => others))];
    const facts = new Map<string, PatientFacts>();
    for (let at = 0; at < patients.length; at += LIMITS.bundleEntriesMax) {
      const some = patients.slice(at, at + LIMITS.bundleEntriesMax);
      const asked = await factsOf(some);
      for (const patient of some) facts.set(patient, factsFor(patient, asked));
    }
    return new Map(found.map(([one, others]) => [one, others.map((patient) => factsFor(patient, facts))]));
  };
  return {
    of: async (stored, written) => {
      if (isOfOne(stored)) return [];
      return (await ofEach([stored], async (one) => one, written)).get(stored) ?? [];
    },
    ofAll: (list, judgedBy) =>
      ofEach(
        list.filter((one) => !isOfOne(one)),
        judgedBy,
      ),
  };
}

/** Whether it concerns nobody but the patient in whose record it is. */
export function isOfOne({ type }: Pick<Concerning, 'type'>): boolean {
  return concernedBy(type) === undefined;
}

/** Facts of patients that were asked for. */
export type KnownFacts = Pick<ReadonlyMap<string, PatientFacts>, 'get'>;

/** Whoever is not known of has neither a restriction nor an objection, so that not having asked must not pass for that. */
export function factsFor(patient: string, facts: KnownFacts): PatientFacts {
  const found = facts.get(patient);
  if (found === undefined) throw new TypeError('a patient was judged whose facts were not asked for');
  return found;
}
