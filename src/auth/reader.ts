import type { Resource } from '@medplum/fhirtypes';
import type { Access, OrganisationNames } from '../access/access.ts';
import { refersToClosed, withoutDisplays } from '../access/displays.ts';
import type { ResourceInQuestion } from '../access/judge.ts';
import { keepElements } from '../access/keep-back.ts';
import { narrowSearch } from '../access/narrow-search.ts';
import type { FindOrganisationNames } from '../access/organisation-names.ts';
import { createOthersFacts, type FindOthers, type Written, writtenBy } from '../access/others.ts';
import { type KeepBack, mayHoldBack } from '../access/restricted.ts';
import type { ElementsOf } from '../access/searched-elements.ts';
import type { AccessInteraction } from '../config/config.ts';
import { concernedBy } from '../fhir/concerned.ts';
import type { ResourceIndexer } from '../fhir/index-resource.ts';
import type { IndexRow } from '../fhir/index-row.ts';
import type { SearchMatcher } from '../fhir/match-search.ts';
import { patientSearched } from '../fhir/search-request.ts';
import { isRestrictedLabel, securityCodesOf } from '../fhir/security-labels.ts';
import type { Clock } from '../kernel/clock.ts';
import { parseExact } from '../kernel/exact-json.ts';
import type { PatientFacts } from '../store/patient-facts.ts';
import type { ChangePlace, CompartmentPlace, ResourceWrite, Store, StoredResource } from '../store/store.ts';
import { decide } from './decide.ts';
import { fillList } from './fill-list.ts';
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
  /** What the same commit leaves behind, itself included. */
  readonly together?: readonly ResourceWrite[];
}

export interface ReaderParts {
  readonly store: Reader & Pick<Store, 'patientFacts' | 'readWithFacts'>;
  readonly findNames: FindOrganisationNames;
  readonly elementsOf: ElementsOf;
  readonly indexer: ResourceIndexer;
  readonly matches: SearchMatcher;
  readonly keepBack: KeepBack;
  readonly findOthers: FindOthers;
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

  /** Those whose relationship to a patient opens something. */
  const organisationsAsked = async (): Promise<readonly string[]> =>
    access.asksRelationships ? [contribution(access), ...[...(await ownNames()).values()].flat()] : [];
  /** Of the patients that are asked for in one turn, in one statement: the writes of a transaction ask together. */
  let asked: { readonly patients: Set<string>; readonly found: Promise<ReadonlyMap<string, PatientFacts>> } | undefined;
  const askTogether = async (patients: ReadonlySet<string>): Promise<ReadonlyMap<string, PatientFacts>> => {
    const organisations = await organisationsAsked();
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

  /** Asked for when a new resource was judged, for the answer that shows it, so that they come while it is written. */
  const ahead = new Map<string, Promise<ReadonlyMap<string, PatientFacts>>>();
  let mayChangeFacts = false;

  const takeAhead = async (patient: string | null): Promise<ReadonlyMap<string, PatientFacts>> => {
    const asking = patient === null || mayChangeFacts ? undefined : ahead.get(patient);
    // What was written is written: that nothing could be asked beside it must not make it look undone.
    return asking === undefined ? factsOf([patient]) : asking.catch(() => factsOf([patient]));
  };

  const othersFacts = createOthersFacts(parts.findOthers, factsOf);

  const questionBy = (
    stored: Pick<StoredResource, 'type' | 'patient'> & InQuestion,
    facts: ReadonlyMap<string, PatientFacts>,
    known: OrganisationNames,
    now: Date,
    others?: readonly PatientFacts[],
  ): ResourceInQuestion => ({
    type: stored.type,
    patient: stored.patient,
    facts: stored.patient === null ? undefined : factsFor(stored.patient, facts),
    others,
    names: known,
    now,
    ...lookInto(stored, parts),
  });

  const question = async (
    stored: Pick<StoredResource, 'type' | 'patient'> & InQuestion,
    facts: ReadonlyMap<string, PatientFacts>,
    written?: Written,
  ): Promise<ResourceInQuestion> =>
    questionBy(stored, facts, await ownNames(), clock.now(), await othersFacts.of(stored, written));

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
    known: ReadonlyMap<string, PatientFacts> = NO_FACTS,
  ): Promise<StoredResource[]> => {
    const others = list.flatMap(({ patient }) => (patient === null || known.has(patient) ? [] : patient));
    const facts = others.length === 0 ? known : new Map([...known, ...(await factsOf(others))]);
    const organisations = await ownNames();
    const asking = othersFacts.ofAll(list, judgedBy);
    const concerned = asking === undefined ? undefined : await asking;
    const shown: StoredResource[] = [];
    const now = clock.now();
    for (const one of list) {
      const resource = questionBy(
        one.deleted ? await judgedBy(one) : one,
        facts,
        organisations,
        now,
        concerned?.get(one),
      );
      const decision = decide(identity, { interaction, types: [resource.type], resource });
      if (!decision.allowed && checks.has(check)) continue;
      const elements = decision.allowed ? decision.elements : undefined;
      const own = one.patient === null ? undefined : facts.get(one.patient);
      // Most are shown as they are, and nothing has to be waited for.
      shown.push(isShownWhole(one, elements, own) ? one : await shape(one, elements, own));
    }
    return shown;
  };

  /** Whether `shape` would leave it as it is. */
  const isShownWhole = (
    stored: StoredResource,
    elements: ReadonlySet<string> | undefined,
    facts: PatientFacts | undefined,
  ): boolean =>
    elements === undefined &&
    !(checks.has('restricted-kept-back') && mayHoldBack(stored, isRestricted(stored, facts))) &&
    !(checks.has('display-kept-back') && refersToClosed(stored, access));

  const shape = async (
    stored: StoredResource,
    elements: ReadonlySet<string> | undefined,
    facts: PatientFacts | undefined,
    isOwnWords = false,
  ): Promise<StoredResource> => {
    const kept = await keepBack(stored, elements, facts, isOwnWords);
    if (kept.deleted || !checks.has('display-kept-back')) return kept;
    const content = withoutDisplays(kept.content, stored, access);
    return content === kept.content ? kept : { ...kept, content };
  };

  /** Without what is not for this caller, or for nobody. */
  const keepBack = async (
    stored: StoredResource,
    elements: ReadonlySet<string> | undefined,
    facts: PatientFacts | undefined,
    isOwnWords = false,
  ): Promise<StoredResource> => {
    if (stored.deleted) return stored;
    let { content } = stored;
    if (!isOwnWords && checks.has('restricted-kept-back'))
      content = await parts.keepBack(stored, isRestricted(stored, facts));
    if (elements !== undefined) content = keepElements(content, elements);
    return content === stored.content ? stored : { ...stored, content };
  };

  /** Whether it is open, or not, whosever it is: what is written discloses nothing to whom all records are open. */
  const isJudgedWithoutFacts = (type: string, as: AccessInteraction): boolean =>
    concernedBy(type) === undefined && access.grants(type, as).every(({ whose }) => whose === 'anyone');

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
  const carriesOff = async (
    { before, after }: Pick<WriteInQuestion, 'before' | 'after'>,
    written: Written | undefined,
  ): Promise<boolean> => {
    if (before === undefined || before.deleted || !checks.has('restricted-kept-back')) return false;
    if (after === undefined || after.deleted) return false;
    const others = (await othersFacts.of(before)).filter(({ restricted }) => restricted);
    if (others.length > 0) {
      const left = new Set([after.patient, ...(await parts.findOthers(after, written))]);
      if (others.some(({ patient }) => !left.has(patient))) return (await reader.hiddenElements(before)).size > 0;
    }
    if (before.patient === null || after.patient === before.patient) return false;
    return (await factsOf([before.patient])).get(before.patient)?.restricted === true;
  };

  const reader: CallerReader = {
    read: async (type, id) => {
      const found = await store.readWithFacts(type, id, await organisationsAsked());
      if (found === undefined) return undefined;
      const { stored, facts } = found;
      const known = facts === undefined ? NO_FACTS : new Map([[facts.patient, facts]]);
      return (await showAll([stored], 'read', 'result-judged', known))[0];
    },
    readVersion: async (type, id, version) => {
      const stored = await store.readVersion(type, id, version);
      if (stored === undefined || !(await isCurrentOpen(type, id, 'vread'))) return undefined;
      return (await showAll([stored], 'vread', 'version-judged'))[0];
    },
    search: async (request) => {
      const narrowing = { access, names: await ownNames(), now: clock.now(), elementsOf: parts.elementsOf };
      const patient = patientSearched(request);
      // What decides on the record that is searched comes with the page.
      const asked = patient === undefined ? undefined : { patient, organisations: await organisationsAsked() };
      const { facts, ...page } = await store.search(narrowSearch(request, narrowing), asked);
      const known = facts === undefined ? NO_FACTS : new Map([[facts.patient, facts]]);
      return { ...page, matches: await showAll(page.matches, 'search', 'result-judged', known) };
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
      const facts = await takeAhead(stored.patient);
      const resource = { ...(await question(stored, facts)), isWrite: true };
      const decision = decide(identity, { interaction: as, types: [stored.type], resource });
      if (!decision.allowed) return undefined;
      const isSeen = (await judge(stored, 'read', facts)).allowed;
      // What somebody sends is no news to them; whose restriction they could not see is not told by marking it.
      const own = stored.patient === null || !isSeen ? undefined : facts.get(stored.patient);
      return shape(stored, decision.elements, own, !isSeen && as === 'create');
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
    mayWrite: async ({ interaction, before, after, together = [] }) => {
      if (!checks.has('write-judged')) return { allowed: true };
      if (lifts(before, after) && !access.mayLift(before?.type ?? '')) {
        return { allowed: false, reason: 'It takes away a confidentiality label.' };
      }
      // Nothing else looks at what is written with it.
      const written = concernedBy(after?.type ?? '') === undefined ? undefined : writtenBy(together);
      if (await carriesOff({ before, after }, written)) {
        return { allowed: false, reason: 'It takes what is kept back of a restricted patient to somebody else.' };
      }
      const type = after?.type ?? before?.type ?? '';
      const as = interaction === 'patch' ? 'update' : interaction;
      mayChangeFacts ||= type === 'Patient' || type === 'Consent';
      if (access.isOpen(type, as)) return { allowed: true };
      const asking = factsOf([before?.patient ?? null, after?.patient ?? null]);
      if (before === undefined && after !== undefined) {
        if (after.patient !== null) ahead.set(after.patient, asking);
        if (isJudgedWithoutFacts(type, as)) {
          // Whoever shows it hears of a fault.
          asking.catch(() => {});
          const { patient } = after;
          const resource = { type, patient, facts: undefined, names: NO_NAMES, now: clock.now(), isWrite: true };
          return decide(identity, { interaction, types: [type], resource: { ...resource, ...lookInto(after, parts) } });
        }
      }
      const facts = await asking;
      if (before !== undefined && !before.deleted) {
        const decision = await judge(before, interaction, facts);
        if (!decision.allowed) return decision;
      }
      if (after === undefined || after.deleted) return { allowed: true };
      const resource = { ...(await question(after, facts, written)), isWrite: true };
      return decide(identity, { interaction, types: [after.type], resource });
    },
    isOpen: (type) => !checks.has('write-target') || (access.isOpen(type, 'read') && access.isOpen(type, 'search')),
  };
  return reader;
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

/** An old version may have the label that the current one has lost. */
function isRestricted({ type, content }: StoredResource, facts: PatientFacts | undefined): boolean {
  return facts?.restricted === true || (type === 'Patient' && securityCodesOf(content).some(isRestrictedLabel));
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

const NO_FACTS: ReadonlyMap<string, PatientFacts> = new Map();
const NO_NAMES: OrganisationNames = new Map();

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
