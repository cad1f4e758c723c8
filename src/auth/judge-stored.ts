import type { Resource } from '@medplum/fhirtypes';
import type { OrganisationNames } from '../access/access.ts';
import type { ResourceInQuestion } from '../access/judge.ts';
import {
  createOthersFacts,
  type FindOthers,
  factsFor,
  type KnownFacts,
  type OthersFacts,
  type Written,
} from '../access/others.ts';
import type { ResourceIndexer } from '../fhir/index-resource.ts';
import type { IndexRow } from '../fhir/index-row.ts';
import type { SearchMatcher } from '../fhir/match-search.ts';
import type { SearchFilter } from '../fhir/search-request.ts';
import { securityCodesOf } from '../fhir/security-labels.ts';
import type { Clock } from '../kernel/clock.ts';
import type { PatientFacts } from '../store/patient-facts.ts';
import type { Store, StoredResource } from '../store/store.ts';
import { decide } from './decide.ts';
import type { Decision, Identity, Interaction } from './identity.ts';
import type { RequestFacts } from './request-facts.ts';

export type WriteAs = 'create' | 'update' | 'patch' | 'delete';
export type Judged = Extract<Interaction, 'read' | 'vread' | 'history' | 'search' | 'operation' | WriteAs>;

/** A stored resource, or one that is to be; `index`: of a write, that is indexed already. */
export type Judgeable = Pick<StoredResource, 'type' | 'patient' | 'content' | 'id' | 'lastUpdated'> & {
  readonly index?: readonly IndexRow[];
};

export interface JudgeParts {
  readonly store: Pick<Store, 'readVersion'>;
  readonly indexer: ResourceIndexer;
  readonly matches: SearchMatcher;
  readonly findOthers: FindOthers;
  readonly clock: Clock;
}

/** All that is known when a resource is judged, but for itself. */
export interface Circumstances {
  readonly facts: PatientFacts | undefined;
  readonly others?: readonly PatientFacts[] | undefined;
  readonly names: OrganisationNames;
  readonly now: Date;
  readonly isWrite?: boolean;
}

/** What one caller may do to each resource that it asks for. */
export class StoredJudge {
  readonly #identity: Identity;
  readonly #facts: RequestFacts;
  readonly #parts: JudgeParts;
  #others: OthersFacts | undefined;

  constructor(identity: Identity, facts: RequestFacts, parts: JudgeParts) {
    this.#identity = identity;
    this.#facts = facts;
    this.#parts = parts;
  }

  /** Of the patients whom a resource concerns besides; few requests ask for them. */
  get others(): OthersFacts {
    this.#others ??= createOthersFacts(this.#parts.findOthers, (patients) => this.#facts.of(patients));
    return this.#others;
  }

  /** With all that has to be looked up for it, but for the facts of its patient. */
  async judge(
    resource: Judgeable,
    interaction: Judged,
    known: KnownFacts,
    { isWrite = false, written }: { readonly isWrite?: boolean; readonly written?: Written | undefined } = {},
  ): Promise<Decision> {
    const names = await this.#facts.names();
    const others = await this.others.of(resource, written);
    const facts = resource.patient === null ? undefined : factsFor(resource.patient, known);
    return this.decide(resource, interaction, { facts, others, names, now: this.#parts.clock.now(), isWrite });
  }

  /** With nothing to wait for. */
  decide(resource: Judgeable, interaction: Judged, circumstances: Circumstances): Decision {
    const { type } = resource;
    const inQuestion = new StoredInQuestion(resource, circumstances, this.#parts);
    return decide(this.#identity, { interaction, types: [type], resource: inQuestion });
  }

  /** A deletion is judged by what was deleted: it has nothing of its own to be judged by. */
  async judgedBy(stored: StoredResource): Promise<StoredResource> {
    if (!stored.deleted) return stored;
    const before = await this.#parts.store.readVersion(stored.type, stored.id, stored.version - 1);
    return before === undefined || before.deleted ? stored : before;
  }
}

/** Its content is looked into only where a grant depends on it. */
class StoredInQuestion implements ResourceInQuestion {
  readonly type: string;
  readonly patient: string | null;
  readonly facts: PatientFacts | undefined;
  readonly others: readonly PatientFacts[] | undefined;
  readonly names: OrganisationNames;
  readonly now: Date;
  readonly isWrite: boolean;
  readonly #resource: Judgeable;
  readonly #parts: Pick<JudgeParts, 'indexer' | 'matches'>;

  constructor(resource: Judgeable, circumstances: Circumstances, parts: Pick<JudgeParts, 'indexer' | 'matches'>) {
    const { facts, others, names, now, isWrite = false } = circumstances;
    this.type = resource.type;
    this.patient = resource.patient;
    this.facts = facts;
    this.others = others;
    this.names = names;
    this.now = now;
    this.isWrite = isWrite;
    this.#resource = resource;
    this.#parts = parts;
  }

  labels(): readonly string[] {
    const { content } = this.#resource;
    return content === '' ? [] : securityCodesOf(content);
  }

  matches(filters: readonly SearchFilter[]): boolean {
    const { type, id, content, lastUpdated, index } = this.#resource;
    if (content === '') return false;
    const rows = index ?? this.#parts.indexer.index(JSON.parse(content) as Resource).index;
    const request = { type, filters, count: 1, sort: [], total: false };
    return this.#parts.matches(request, { type, id, lastUpdated, index: rows });
  }
}
