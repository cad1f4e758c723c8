import type { Access, OrganisationNames } from '../access/access.ts';
import type { FindOrganisationNames } from '../access/organisation-names.ts';
import type { KnownFacts } from '../access/others.ts';
import type { PatientFacts } from '../store/patient-facts.ts';
import type { Store } from '../store/store.ts';

export interface RequestFactsParts {
  readonly store: Pick<Store, 'patientFacts'>;
  readonly findNames: FindOrganisationNames;
}

/** Of the patients that are asked for in one turn. */
interface Asked {
  readonly patients: Set<string>;
  readonly found: Promise<KnownFacts>;
}

/** What decides on records, looked up for one request: names of organisations, and facts of patients. */
export class RequestFacts {
  readonly #access: Access;
  readonly #parts: RequestFactsParts;
  #names: OrganisationNames | Promise<OrganisationNames> | undefined;
  #asked: Asked | undefined;
  #ahead: Map<string, Promise<KnownFacts>> | undefined;
  #mayChange = false;

  constructor(access: Access, parts: RequestFactsParts) {
    this.#access = access;
    this.#parts = parts;
  }

  /** Once for a request; there is something to wait for only where they are not known. */
  names(): OrganisationNames | Promise<OrganisationNames> {
    this.#names ??= this.#parts.findNames(this.#access.organisations);
    return this.#names;
  }

  /** Those whose relationship to a patient opens something. */
  organisations(): readonly string[] | Promise<readonly string[]> {
    if (!this.#access.asksRelationships) return NOBODY;
    const names = this.names();
    return names instanceof Promise ? names.then((found) => this.#listed(found)) : this.#listed(names);
  }

  #listed(names: OrganisationNames): readonly string[] {
    return [`urn:ginnel:partner:${this.#access.partner}`, ...[...names.values()].flat()];
  }

  /** Patients that are asked for in one turn are one statement: the writes of a transaction ask together. */
  async of(patients: readonly (string | null)[]): Promise<KnownFacts> {
    const wanted = patients.filter((patient) => patient !== null);
    if (wanted.length === 0) return NO_FACTS;
    if (this.#asked === undefined) {
      const together = new Set<string>();
      // Only after this turn: what starts at once would ask for nobody.
      this.#asked = { patients: together, found: Promise.resolve().then(() => this.#ask(together)) };
    }
    const { found, patients: together } = this.#asked;
    for (const patient of wanted) together.add(patient);
    return found;
  }

  async #ask(patients: ReadonlySet<string>): Promise<KnownFacts> {
    const organisations = await this.organisations();
    this.#asked = undefined;
    const found = await this.#parts.store.patientFacts({ patients: [...patients], organisations });
    return new Map(found.map((facts) => [facts.patient, facts]));
  }

  /** Asked for when a new resource was judged, for the answer that shows it, so that they come while it is written. */
  keepAhead(patient: string, asking: Promise<KnownFacts>): void {
    this.#ahead ??= new Map();
    this.#ahead.set(patient, asking);
  }

  /** What this request writes may change what was asked for before. */
  mayChange(): void {
    this.#mayChange = true;
  }

  async takeAhead(patient: string | null): Promise<KnownFacts> {
    const asking = patient === null || this.#mayChange ? undefined : this.#ahead?.get(patient);
    // What was written is written: that nothing could be asked beside it must not make it look undone.
    return asking === undefined ? this.of([patient]) : asking.catch(() => this.of([patient]));
  }
}

export const NO_FACTS: KnownFacts = new Map();
const NOBODY: readonly string[] = [];

/** Of one patient, that came with what was read. */
export function factsOfOne(facts: PatientFacts | undefined): KnownFacts {
  if (facts === undefined) return NO_FACTS;
  return { get: (patient) => (patient === facts.patient ? facts : undefined) };
}
