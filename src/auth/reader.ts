import type { Access } from '../access/access.ts';
import { narrowSearch } from '../access/narrow-search.ts';
import type { ElementsOf } from '../access/searched-elements.ts';
import { patientSearched } from '../fhir/search-request.ts';
import type { ChangePlace, CompartmentPlace, Store, StoredResource } from '../store/store.ts';
import { fillList } from './fill-list.ts';
import type { Decision, Identity } from './identity.ts';
import { type Judged, type JudgeParts, StoredJudge, type WriteAs } from './judge-stored.ts';
import { judgeWrite, type WriteInQuestion } from './judge-write.ts';
import { factsOfOne, RequestFacts, type RequestFactsParts } from './request-facts.ts';
import { type ShowParts, StoredShow } from './show-stored.ts';

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

export interface ReaderParts extends RequestFactsParts, JudgeParts, ShowParts {
  readonly store: Reader & Pick<Store, 'patientFacts' | 'readWithFacts'>;
  readonly elementsOf: ElementsOf;
}

/** Names of organisations and facts of patients are looked up once for a request. */
export function createReader(identity: Identity, parts: ReaderParts): CallerReader {
  const { access } = identity;
  return access === undefined ? NOTHING : new AccessReader(identity, access, parts);
}

class AccessReader implements CallerReader {
  readonly #access: Access;
  readonly #parts: ReaderParts;
  readonly #facts: RequestFacts;
  readonly #judge: StoredJudge;
  readonly #show: StoredShow;

  constructor(identity: Identity, access: Access, parts: ReaderParts) {
    this.#access = access;
    this.#parts = parts;
    this.#facts = new RequestFacts(access, parts);
    this.#judge = new StoredJudge(identity, this.#facts, parts);
    this.#show = new StoredShow(access, this.#facts, this.#judge, parts);
  }

  async read(type: string, id: string): Promise<StoredResource | undefined> {
    const asked = this.#facts.organisations();
    const organisations = asked instanceof Promise ? await asked : asked;
    const found = await this.#parts.store.readWithFacts(type, id, organisations);
    if (found === undefined) return undefined;
    const known = factsOfOne(found.facts);
    return (await this.#show.all([found.stored], 'read', 'result-judged', known))[0];
  }

  async readVersion(type: string, id: string, version: number): Promise<StoredResource | undefined> {
    const stored = await this.#parts.store.readVersion(type, id, version);
    if (stored === undefined || !(await this.#isCurrentOpen(type, id, 'vread'))) return undefined;
    return (await this.#show.all([stored], 'vread', 'version-judged'))[0];
  }

  async search(request: Parameters<Reader['search']>[0]): ReturnType<Reader['search']> {
    const { store, clock, elementsOf } = this.#parts;
    const found = this.#facts.names();
    const names = found instanceof Promise ? await found : found;
    const narrowing = { access: this.#access, names, now: clock.now(), elementsOf };
    const patient = patientSearched(request);
    // What decides on the record that is searched comes with the page.
    const asked = patient === undefined ? undefined : { patient, organisations: await this.#facts.organisations() };
    const { matches, facts, total, next, previous } = await store.search(narrowSearch(request, narrowing), asked);
    const shown = await this.#show.all(matches, 'search', 'result-judged', factsOfOne(facts));
    return { matches: shown, total, next, previous };
  }

  async compartment(request: Parameters<Reader['compartment']>[0]): ReturnType<Reader['compartment']> {
    // One more than the page: only what may be shown says that there is another.
    const found = await fillList(request.count + 1, request.after, placeInCompartment, async (after, count) => {
      const page = await this.#parts.store.compartment({ ...request, after, count });
      return { found: page.matches, shown: await this.#show.all(page.matches, 'search') };
    });
    const matches = found.slice(0, request.count);
    const last = found.length > request.count ? matches.at(-1) : undefined;
    return { matches, ...(last === undefined ? {} : { next: placeInCompartment(last) }) };
  }

  async changes(request: Parameters<Reader['changes']>[0]): ReturnType<Reader['changes']> {
    const { types, id } = request;
    if (id !== undefined && !(await this.#isCurrentOpen(types[0] ?? '', id, 'history'))) return [];
    return fillList(request.limit, request.after, placeInHistory, async (after, limit) => {
      const found = await this.#parts.store.changes({ ...request, after, limit });
      return { found, shown: await this.#show.all(found, 'history', 'version-judged') };
    });
  }

  async current(type: string, id: string, interaction: WriteAs): Promise<StoredResource | undefined> {
    const stored = await this.#parts.store.read(type, id);
    if (stored === undefined || this.isOpen(type)) return stored;
    const facts = await this.#facts.of([stored.patient]);
    const judged = await this.#judge.judgedBy(stored);
    for (const one of ['read', interaction] as const) {
      if (one !== 'create' && (await this.#judge.judge(judged, one, facts)).allowed) return stored;
    }
    return undefined;
  }

  async show(stored: StoredResource, as: 'read' | WriteAs = 'read'): Promise<StoredResource | undefined> {
    if (as === 'read') return (await this.#show.all([stored], as))[0];
    const facts = await this.#facts.takeAhead(stored.patient);
    const decision = await this.#judge.judge(stored, as, facts, { isWrite: true });
    if (!decision.allowed) return undefined;
    const isSeen = (await this.#judge.judge(stored, 'read', facts)).allowed;
    // What somebody sends is no news to them; whose restriction they could not see is not told by marking it.
    const own = stored.patient === null || !isSeen ? undefined : facts.get(stored.patient);
    return this.#show.shape(stored, decision.elements, own, !isSeen && as === 'create');
  }

  hiddenElements(stored: StoredResource): Promise<ReadonlySet<string>> {
    return this.#show.hiddenElements(stored);
  }

  mayWrite(change: WriteInQuestion): Promise<Decision> {
    const { findOthers, clock } = this.#parts;
    const [access, facts, judge, show] = [this.#access, this.#facts, this.#judge, this.#show];
    return judgeWrite(change, { access, facts, judge, show, findOthers, clock });
  }

  isOpen(type: string): boolean {
    const access = this.#access;
    return !access.checks.has('write-target') || (access.isOpen(type, 'read') && access.isOpen(type, 'search'));
  }

  /** The current state of a resource says whether its history is open; each version is then judged for itself. */
  async #isCurrentOpen(type: string, id: string, interaction: Judged): Promise<boolean> {
    if (!this.#access.checks.has('version-judged')) return true;
    const current = await this.#parts.store.read(type, id);
    return current !== undefined && (await this.#show.all([current], interaction)).length > 0;
  }
}

function placeInCompartment({ type, id }: StoredResource): CompartmentPlace {
  return { type, id };
}

function placeInHistory({ type, id, version, lastUpdated }: StoredResource): ChangePlace {
  return { type, id, version, lastUpdated };
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
