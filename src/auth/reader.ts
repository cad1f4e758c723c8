import type { Resource } from '@medplum/fhirtypes';
import type { Access, OrganisationNames } from '../access/access.ts';
import type { ResourceInQuestion } from '../access/judge.ts';
import { keepBackDisplays, keepElements, typesReferredTo } from '../access/keep-back.ts';
import { narrowSearch } from '../access/narrow-search.ts';
import type { FindOrganisationNames } from '../access/organisation-names.ts';
import type { KeepBack } from '../access/restricted.ts';
import type { ElementsOf } from '../access/searched-elements.ts';
import type { ResourceIndexer } from '../fhir/index-resource.ts';
import type { IndexRow } from '../fhir/index-row.ts';
import type { SearchMatcher } from '../fhir/match-search.ts';
import type { SearchRequest } from '../fhir/search-request.ts';
import { isRestrictedLabel, securityCodesOf } from '../fhir/security-labels.ts';
import type { Clock } from '../kernel/clock.ts';
import { refuse } from '../kernel/errors.ts';
import { parseExact } from '../kernel/exact-json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { PatientFacts } from '../store/patient-facts.ts';
import type { ChangePlace, CompartmentPlace, ResourceWrite, Store, StoredResource } from '../store/store.ts';
import { decide } from './decide.ts';
import type { Decision, Identity, Interaction } from './identity.ts';

/**
 * What one caller may read, and nothing else: the API reads through this and never from the store itself, so that no
 * path can forget the check. What a caller may not see is as if it were not there.
 */
export type Reader = Pick<Store, 'read' | 'readVersion' | 'search' | 'compartment' | 'changes'>;

/** A reader, and what a write by the same caller has to ask. */
export interface CallerReader extends Reader {
  /** The resource as it is stored, for a write to build on; undefined where the caller may not see it. */
  current(type: string, id: string, interaction: WriteAs): Promise<StoredResource | undefined>;
  /** What the caller is shown of a resource, which it reads or has just written; undefined where nothing. */
  show(stored: StoredResource, as?: 'read' | WriteAs): Promise<StoredResource | undefined>;
  /** Top-level elements of a stored resource that the caller is not shown, and so cannot change. */
  hiddenElements(stored: StoredResource): Promise<ReadonlySet<string>>;
  /** Whether the caller may do this to what stands there, and leave this behind. */
  mayWrite(change: WriteInQuestion): Promise<Decision>;
  /** Whether everything of a type is open to the caller; if not, what it does not see may exist all the same. */
  isOpen(type: string): boolean;
}

export type WriteAs = 'create' | 'update' | 'patch' | 'delete';

export interface WriteInQuestion {
  readonly interaction: WriteAs;
  readonly before: StoredResource | undefined;
  /** Undefined for a deletion. */
  readonly after: ResourceWrite | undefined;
}

export interface ReaderParts {
  readonly store: Reader & Pick<Store, 'patientFacts'>;
  readonly findNames: FindOrganisationNames;
  readonly elementsOf: ElementsOf;
  readonly indexer: ResourceIndexer;
  readonly matches: SearchMatcher;
  readonly keepBack: KeepBack;
  readonly clock: Clock;
}

type Judged = Extract<Interaction, 'read' | 'vread' | 'history' | 'search' | 'operation' | WriteAs>;

/** Names of organisations and facts of patients are looked up once for a request. */
export function createReader(identity: Identity, parts: ReaderParts): CallerReader {
  const { access } = identity;
  if (access === undefined) return NOTHING;
  const { store, clock } = parts;
  const { checks } = access;
  let names: Promise<OrganisationNames> | undefined;
  const ownNames = (): Promise<OrganisationNames> => {
    names ??= parts.findNames(access.organisations);
    return names;
  };

  /** Of the patients that are asked for in one turn, in one statement: the writes of a transaction ask together. */
  let asked: { readonly patients: Set<string>; readonly found: Promise<ReadonlyMap<string, PatientFacts>> } | undefined;
  const askTogether = async (patients: ReadonlySet<string>): Promise<ReadonlyMap<string, PatientFacts>> => {
    const organisations = access.asksRelationships
      ? [contribution(access), ...[...(await ownNames()).values()].flat()]
      : [];
    asked = undefined;
    const found = await store.patientFacts({ patients: [...patients], organisations });
    return new Map(found.map((facts) => [facts.patient, facts]));
  };
  const factsOf = async (patients: readonly (string | null)[]): Promise<ReadonlyMap<string, PatientFacts>> => {
    const wanted = patients.filter((patient) => patient !== null);
    if (wanted.length === 0) return new Map();
    if (asked === undefined) {
      const together = new Set<string>();
      // Only after this turn: what starts at once would ask for nobody.
      asked = { patients: together, found: Promise.resolve().then(() => askTogether(together)) };
    }
    for (const patient of wanted) asked.patients.add(patient);
    return asked.found;
  };

  const questionBy = (
    stored: Pick<StoredResource, 'type' | 'patient'> & InQuestion,
    facts: ReadonlyMap<string, PatientFacts>,
    known: OrganisationNames,
  ): ResourceInQuestion => ({
    type: stored.type,
    patient: stored.patient,
    facts: stored.patient === null ? undefined : factsFor(stored.patient, facts),
    names: known,
    now: clock.now(),
    ...lookInto(stored, parts),
  });

  const question = async (
    stored: Pick<StoredResource, 'type' | 'patient'> & InQuestion,
    facts: ReadonlyMap<string, PatientFacts>,
  ): Promise<ResourceInQuestion> => questionBy(stored, facts, await ownNames());

  const judge = async (
    stored: StoredResource,
    interaction: Judged,
    facts: ReadonlyMap<string, PatientFacts>,
  ): Promise<Decision> => {
    const resource = await question(stored, facts);
    return decide(identity, { interaction, types: [stored.type], resource });
  };

  /** A deletion is judged by what was deleted: it has nothing of its own to be judged by. */
  const judgedBy = async (stored: StoredResource): Promise<StoredResource> => {
    if (!stored.deleted) return stored;
    const before = await store.readVersion(stored.type, stored.id, stored.version - 1);
    return before === undefined || before.deleted ? stored : before;
  };

  /** What of these the caller is shown, as it is shown. `known`: of patients that were asked for already. */
  const showAll = async (
    list: readonly StoredResource[],
    interaction: Judged,
    check: 'result-judged' | 'version-judged' = 'result-judged',
    known: ReadonlyMap<string, PatientFacts> = new Map(),
  ): Promise<StoredResource[]> => {
    const others = list.flatMap(({ patient }) => (patient === null || known.has(patient) ? [] : patient));
    const facts = others.length === 0 ? known : new Map([...known, ...(await factsOf(others))]);
    const organisations = await ownNames();
    const shown: StoredResource[] = [];
    for (const one of list) {
      const resource = questionBy(one.deleted ? await judgedBy(one) : one, facts, organisations);
      const decision = decide(identity, { interaction, types: [resource.type], resource });
      if (!decision.allowed && checks.has(check)) continue;
      const elements = decision.allowed ? decision.elements : undefined;
      shown.push(await shape(one, elements, one.patient === null ? undefined : facts.get(one.patient)));
    }
    return shown;
  };

  const shape = async (
    stored: StoredResource,
    elements: ReadonlySet<string> | undefined,
    facts: PatientFacts | undefined,
  ): Promise<StoredResource> => {
    const kept = await keepBack(stored, elements, facts);
    if (kept.deleted || !checks.has('display-kept-back')) return kept;
    const content = withoutDisplays(kept.content, stored, access);
    return content === kept.content ? kept : { ...kept, content };
  };

  /** Without what is not for this caller, or for nobody. */
  const keepBack = async (
    stored: StoredResource,
    elements: ReadonlySet<string> | undefined,
    facts: PatientFacts | undefined,
  ): Promise<StoredResource> => {
    if (stored.deleted) return stored;
    let { content } = stored;
    if (checks.has('restricted-kept-back')) {
      // An old version may have the label that the current one has lost.
      const isLabelled = stored.type === 'Patient' && securityCodesOf(content).some(isRestrictedLabel);
      content = await parts.keepBack(stored, facts?.restricted === true || isLabelled);
    }
    if (elements !== undefined) content = keepElements(content, elements);
    return content === stored.content ? stored : { ...stored, content };
  };

  /** The current state of a resource says whether its history is open; each version is then judged for itself. */
  const isCurrentOpen = async (type: string, id: string, interaction: Judged): Promise<boolean> => {
    if (!checks.has('version-judged')) return true;
    const current = await store.read(type, id);
    return current !== undefined && (await showAll([current], interaction)).length > 0;
  };

  /**
   * Whether it moves a resource out of a restricted patient's record: what its sender was not shown goes with it, and
   * would be shown there.
   */
  const carriesOff = async ({ before, after }: Pick<WriteInQuestion, 'before' | 'after'>): Promise<boolean> => {
    if (before === undefined || before.deleted || before.patient === null || !checks.has('restricted-kept-back'))
      return false;
    if (after === undefined || after.deleted || after.patient === before.patient) return false;
    return (await factsOf([before.patient])).get(before.patient)?.restricted === true;
  };

  const reader: CallerReader = {
    read: async (type, id) => {
      const stored = await store.read(type, id);
      return stored === undefined ? undefined : (await showAll([stored], 'read'))[0];
    },
    readVersion: async (type, id, version) => {
      const stored = await store.readVersion(type, id, version);
      if (stored === undefined || !(await isCurrentOpen(type, id, 'vread'))) return undefined;
      return (await showAll([stored], 'vread', 'version-judged'))[0];
    },
    search: async (request) => {
      const narrowing = { access, names: await ownNames(), now: clock.now(), elementsOf: parts.elementsOf };
      // What decides on the record that is searched comes in the same round trip as the page.
      const [page, facts] = await Promise.all([
        store.search(narrowSearch(request, narrowing)),
        factsOf(patientSearched(request)),
      ]);
      return { ...page, matches: await showAll(page.matches, 'search', 'result-judged', facts) };
    },
    compartment: async (request) => {
      // One more than the page: only what may be shown says that there is another.
      const found = await fillList(request.count + 1, request.after, placeInCompartment, async (after, count) => {
        const page = await store.compartment({ ...request, after, count });
        return { found: page.matches, shown: await showAll(page.matches, 'search') };
      });
      const matches = found.slice(0, request.count);
      const last = found.length > request.count ? matches.at(-1) : undefined;
      return { matches, ...(last === undefined ? {} : { next: placeInCompartment(last) }) };
    },
    changes: async (request) => {
      if (request.id !== undefined && !(await isCurrentOpen(request.types[0] ?? '', request.id, 'history'))) return [];
      return fillList(request.limit, request.after, placeInHistory, async (after, limit) => {
        const found = await store.changes({ ...request, after, limit });
        return { found, shown: await showAll(found, 'history', 'version-judged') };
      });
    },

    current: async (type, id, interaction) => {
      const stored = await store.read(type, id);
      if (stored === undefined || reader.isOpen(type)) return stored;
      const facts = await factsOf([stored.patient]);
      const judged = await judgedBy(stored);
      for (const one of ['read', interaction] as const) {
        if (one !== 'create' && (await judge(judged, one, facts)).allowed) return stored;
      }
      return undefined;
    },
    show: async (stored, as = 'read') => {
      if (as === 'read') return (await showAll([stored], as))[0];
      const facts = await factsOf([stored.patient]);
      const resource = { ...(await question(stored, facts)), isWrite: true };
      const decision = decide(identity, { interaction: as, types: [stored.type], resource });
      // What somebody sends is no news to them; whose restriction they could not see is not told by marking it.
      const isSeen = (await judge(stored, 'read', facts)).allowed;
      const own = stored.patient === null || !isSeen ? undefined : facts.get(stored.patient);
      return decision.allowed ? shape(stored, decision.elements, own) : undefined;
    },
    hiddenElements: async (stored) => {
      // Whoever may not read it is not shown anything, and may still replace all of it.
      const facts = await factsOf([stored.patient]);
      const decision = await judge(stored, 'read', facts);
      const own = stored.patient === null ? undefined : facts.get(stored.patient);
      const shown = await keepBack(stored, decision.allowed ? decision.elements : undefined, own);
      if (shown === stored) return new Set();
      const [before, after] = [stored, shown].map(({ content }) => parseExact(content) as Record<string, unknown>);
      const same = (name: string): boolean => JSON.stringify(before?.[name]) === JSON.stringify(after?.[name]);
      return new Set(Object.keys(before ?? {}).filter((name) => name !== 'meta' && name !== 'id' && !same(name)));
    },
    mayWrite: async ({ interaction, before, after }) => {
      if (!checks.has('write-judged')) return { allowed: true };
      if (lifts(before, after) && !access.mayLift(before?.type ?? '')) {
        return { allowed: false, reason: 'It takes away a confidentiality label.' };
      }
      if (await carriesOff({ before, after })) {
        return { allowed: false, reason: 'It takes what is kept back of a restricted patient to somebody else.' };
      }
      const type = after?.type ?? before?.type ?? '';
      const as = interaction === 'patch' ? 'update' : interaction;
      if (access.isOpen(type, as)) return { allowed: true };
      const facts = await factsOf([before?.patient ?? null, after?.patient ?? null]);
      if (before !== undefined && !before.deleted) {
        const decision = await judge(before, interaction, facts);
        if (!decision.allowed) return decision;
      }
      if (after === undefined || after.deleted) return { allowed: true };
      const resource = { ...(await question(after, facts)), isWrite: true };
      return decide(identity, { interaction, types: [after.type], resource });
    },
    isOpen: (type) => !checks.has('write-target') || (access.isOpen(type, 'read') && access.isOpen(type, 'search')),
  };
  return reader;
}

/** The one patient that a search names, whose record it then finds. */
function patientSearched({ filters }: SearchRequest): string[] {
  for (const filter of filters) {
    if (filter.kind !== 'reference' || (filter.param !== 'patient' && filter.param !== 'subject')) continue;
    const [value, another] = filter.values;
    if (value?.targetType === 'Patient' && another === undefined) return [value.target];
  }
  return [];
}

/** Whoever is not known of has neither a restriction nor an objection, so that not having asked must not pass for that. */
function factsFor(patient: string, facts: ReadonlyMap<string, PatientFacts>): PatientFacts {
  const found = facts.get(patient);
  if (found === undefined) throw new TypeError('a patient was judged whose facts were not asked for');
  return found;
}

interface InQuestion {
  readonly content: string;
  readonly id: string;
  readonly lastUpdated: string;
  /** Of a write, that is indexed already. */
  readonly index?: readonly IndexRow[];
}

/** Looked at only where a grant depends on it. */
function lookInto(
  { type, content, id, lastUpdated, index }: Pick<StoredResource, 'type'> & InQuestion,
  { indexer, matches }: ReaderParts,
): Pick<ResourceInQuestion, 'labels' | 'matches'> {
  const tree = (): Resource => JSON.parse(content) as Resource;
  return {
    labels: () => (content === '' ? [] : securityCodesOf(content)),
    matches: (filters) => {
      if (content === '') return false;
      const rows = index ?? indexer.index(tree()).index;
      const request = { type, filters, count: 1, sort: [], total: false };
      return matches(request, { type, id, lastUpdated, index: rows });
    },
  };
}

/** Whether a label that closes is there before and not after: for a Patient, a deletion takes it away as well. */
function lifts(before: StoredResource | undefined, after: Pick<ResourceWrite, 'content'> | undefined): boolean {
  if (before === undefined || before.deleted) return false;
  const left = after === undefined ? [] : securityCodesOf(after.content);
  if (after?.content === '' && before.type !== 'Patient') return false;
  return securityCodesOf(before.content).some((code) => isRestrictedLabel(code) && !left.includes(code));
}

/** References that lead to what is closed keep their identifier, which the record holds, and lose the words. */
function withoutDisplays(content: string, { type, id, patient }: StoredResource, access: Access): string {
  const closed = [...typesReferredTo(content)].some((one) => !isDisplayOpen(one, access));
  if (!closed) return content;
  const own = `Patient/${patient ?? ''}`;
  const self = `${type}/${id}`;
  return keepBackDisplays(content, (reference) => {
    const [of = ''] = reference.split('/', 1);
    return (
      reference === self ||
      (reference === own && access.grants('Patient', 'read').length > 0) ||
      isDisplayOpen(of, access)
    );
  });
}

/** Whether all of a type is open, or of the directory, so that its words tell nothing that could not be read. */
function isDisplayOpen(type: string, access: Access): boolean {
  return access
    .grants(type, 'read')
    .some(
      ({ whose, filters, elements }) =>
        (whose === 'directory' || (whose === 'anyone' && access.launchPatient === undefined)) &&
        filters.length === 0 &&
        elements === undefined,
    );
}

function contribution(access: Access): string {
  return `urn:ginnel:partner:${access.partner}`;
}

function placeInCompartment({ type, id }: StoredResource): CompartmentPlace {
  return { type, id };
}

function placeInHistory({ type, id, version, lastUpdated }: StoredResource): ChangePlace {
  return { type, id, version, lastUpdated };
}

/**
 * As many as are wanted of what may be shown, read on in larger steps where much may not. What lies so far apart that
 * the bound is met is refused: a list that ends early would say that there is no more.
 */
async function fillList<Place>(
  count: number,
  start: Place | undefined,
  placeOf: (stored: StoredResource) => Place,
  readPage: (
    after: Place | undefined,
    count: number,
  ) => Promise<{ readonly found: readonly StoredResource[]; readonly shown: readonly StoredResource[] }>,
): Promise<StoredResource[]> {
  const list: StoredResource[] = [];
  let after = start;
  let step = count;
  for (let reading = 0; reading < LIMITS.pageRefillsMax; reading += 1) {
    const { found, shown } = await readPage(after, step);
    list.push(...shown.slice(0, count - list.length));
    const last = found.at(-1);
    if (list.length >= count || last === undefined || found.length < step) return list;
    after = placeOf(last);
    step = Math.max(count, LIMITS.pageRefillResources);
  }
  throw refuse(
    'fields-too-many',
    'What may be shown here lies too far apart. Ask for one type, or from a time (_since).',
  );
}

/** For an identity without rules: there is nothing. */
const NOTHING: CallerReader = {
  read: async () => undefined,
  readVersion: async () => undefined,
  search: async () => ({ matches: [], total: 0 }),
  compartment: async () => ({ matches: [] }),
  changes: async () => [],
  current: async () => undefined,
  show: async () => undefined,
  hiddenElements: async () => new Set(),
  mayWrite: async () => ({ allowed: false, reason: 'No access rule is configured for this application.' }),
  isOpen: () => false,
};
