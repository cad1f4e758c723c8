import type { Access } from '../access/access.ts';
import { refersToClosed, withoutDisplays } from '../access/displays.ts';
import { keepElements } from '../access/keep-back.ts';
import { factsFor, isOfOne, type KnownFacts } from '../access/others.ts';
import { type KeepBack, mayHoldBack } from '../access/restricted.ts';
import { isRestrictedLabel, securityCodesOf } from '../fhir/security-labels.ts';
import type { Clock } from '../kernel/clock.ts';
import { parseExact } from '../kernel/exact-json.ts';
import type { PatientFacts } from '../store/patient-facts.ts';
import type { StoredResource } from '../store/store.ts';
import type { Judged, StoredJudge } from './judge-stored.ts';
import { NO_FACTS, type RequestFacts } from './request-facts.ts';

export interface ShowParts {
  readonly keepBack: KeepBack;
  readonly clock: Clock;
}

/** What leaves of stored resources for one caller. */
export class StoredShow {
  readonly #access: Access;
  readonly #facts: RequestFacts;
  readonly #judge: StoredJudge;
  readonly #parts: ShowParts;

  constructor(access: Access, facts: RequestFacts, judge: StoredJudge, parts: ShowParts) {
    this.#access = access;
    this.#facts = facts;
    this.#judge = judge;
    this.#parts = parts;
  }

  /** What of these the caller is shown, as it is shown. `known`: of patients that were asked for already. */
  async all(
    list: readonly StoredResource[],
    interaction: Judged,
    check: 'result-judged' | 'version-judged' = 'result-judged',
    known: KnownFacts = NO_FACTS,
  ): Promise<StoredResource[]> {
    const facts = isKnown(list, known) ? known : await this.#askFor(list, known);
    const found = this.#facts.names();
    // Mostly all is known, and waiting for what is there costs more than to look.
    const names = found instanceof Promise ? await found : found;
    const concerned = list.every(isOfOne)
      ? undefined
      : await this.#judge.others.ofAll(list, (one) => this.#judge.judgedBy(one));
    const now = this.#parts.clock.now();
    const isJudged = this.#access.checks.has(check);
    const shown: StoredResource[] = [];
    for (const one of list) {
      const resource = one.deleted ? await this.#judge.judgedBy(one) : one;
      const own = resource.patient === null ? undefined : factsFor(resource.patient, facts);
      const circumstances = { facts: own, others: concerned?.get(one), names, now };
      const decision = this.#judge.decide(resource, interaction, circumstances);
      if (!decision.allowed && isJudged) continue;
      const elements = decision.allowed ? decision.elements : undefined;
      shown.push(this.#isShownWhole(one, elements, own) ? one : await this.shape(one, elements, own));
    }
    return shown;
  }

  async #askFor(list: readonly StoredResource[], known: KnownFacts): Promise<KnownFacts> {
    const unknown = list.flatMap(({ patient }) =>
      patient === null || known.get(patient) !== undefined ? [] : patient,
    );
    const asked = await this.#facts.of(unknown);
    return { get: (patient) => known.get(patient) ?? asked.get(patient) };
  }

  /** Whether `shape` would leave it as it is. */
  #isShownWhole(
    stored: StoredResource,
    elements: ReadonlySet<string> | undefined,
    facts: PatientFacts | undefined,
  ): boolean {
    const { checks } = this.#access;
    return (
      elements === undefined &&
      !(checks.has('restricted-kept-back') && mayHoldBack(stored, isRestricted(stored, facts))) &&
      !(checks.has('display-kept-back') && refersToClosed(stored, this.#access))
    );
  }

  /** `isOwnWords`: it is the caller's own, and what is kept back of restricted patients is no news to it. */
  async shape(
    stored: StoredResource,
    elements: ReadonlySet<string> | undefined,
    facts: PatientFacts | undefined,
    isOwnWords = false,
  ): Promise<StoredResource> {
    const kept = await this.#keepBack(stored, elements, facts, isOwnWords);
    if (kept.deleted || !this.#access.checks.has('display-kept-back')) return kept;
    const content = withoutDisplays(kept.content, stored, this.#access);
    return content === kept.content ? kept : { ...kept, content };
  }

  /** Without what is not for this caller, or for nobody. */
  async #keepBack(
    stored: StoredResource,
    elements: ReadonlySet<string> | undefined,
    facts: PatientFacts | undefined,
    isOwnWords = false,
  ): Promise<StoredResource> {
    if (stored.deleted) return stored;
    let { content } = stored;
    if (!isOwnWords && this.#access.checks.has('restricted-kept-back'))
      content = await this.#parts.keepBack(stored, isRestricted(stored, facts));
    if (elements !== undefined) content = keepElements(content, elements);
    return content === stored.content ? stored : { ...stored, content };
  }

  /** Top-level elements of a stored resource that the caller is not shown, and so cannot change. */
  async hiddenElements(stored: StoredResource): Promise<ReadonlySet<string>> {
    // Whoever may not read it is not shown anything, and may still replace all of it.
    const facts = await this.#facts.of([stored.patient]);
    const decision = await this.#judge.judge(stored, 'read', facts);
    const own = stored.patient === null ? undefined : facts.get(stored.patient);
    const shown = await this.#keepBack(stored, decision.allowed ? decision.elements : undefined, own);
    if (shown === stored) return new Set();
    const [before, after] = [stored, shown].map(({ content }) => parseExact(content) as Record<string, unknown>);
    const same = (name: string): boolean => JSON.stringify(before?.[name]) === JSON.stringify(after?.[name]);
    return new Set(Object.keys(before ?? {}).filter((name) => name !== 'meta' && name !== 'id' && !same(name)));
  }
}

function isKnown(list: readonly StoredResource[], known: KnownFacts): boolean {
  return list.every(({ patient }) => patient === null || known.get(patient) !== undefined);
}

/** An old version may have the label that the current one has lost. */
function isRestricted({ type, content }: StoredResource, facts: PatientFacts | undefined): boolean {
  return facts?.restricted === true || (type === 'Patient' && securityCodesOf(content).some(isRestrictedLabel));
}
