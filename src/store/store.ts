import type { ConsentRow } from '../fhir/consent.ts';
import type { IndexRow } from '../fhir/index-row.ts';
import type { SearchRequest } from '../fhir/search-request.ts';
import type { FormatName } from '../formats/format.ts';
import type { Issue } from '../kernel/errors.ts';
import type { PatientFacts, PatientFactsRequest } from './patient-facts.ts';
import type { StandingStore } from './standing.ts';

/**
 * The store contract: what every store must do, whatever database is behind it. `test/store/contract.ts` is the same
 * in the form of tests. All times are ISO 8601 instants in UTC with milliseconds.
 */
export interface Store extends StandingStore {
  /**
   * Applies a commit whole, durably, or not at all. There is no read inside it: what it depends on is stated in the
   * commit (versions, claimed identifiers, the message's key) and a breach comes back as a conflict, for the caller to
   * plan again. Resolves only when the data would survive the death of the process and the machine.
   */
  commit(commit: Commit): Promise<CommitResult>;

  // Resources (https://hl7.org/fhir/R4/http.html)
  /** The current version, also when it is a deletion; undefined where there never was one. */
  read(type: string, id: string): Promise<StoredResource | undefined>;
  /** The same, with the facts of its patient; `organisations` as in `PatientFactsRequest`. */
  readWithFacts(type: string, id: string, organisations: readonly string[]): Promise<ResourceWithFacts | undefined>;
  readVersion(type: string, id: string, version: number): Promise<StoredResource | undefined>;
  /** Newest first. */
  history(type: string, id: string): Promise<StoredResource[]>;
  /** `asked`: the facts of the patient whose record is searched are to come with the page. */
  search(request: SearchRequest, asked?: FactsAsked): Promise<SearchPage>;
  /** Versions in the order of their making, of one resource or of several types: what history is. */
  changes(request: ChangeRequest): Promise<StoredResource[]>;
  /** Current resources of one patient's compartment, his own included, in the order of type and id. */
  compartment(request: CompartmentRequest): Promise<CompartmentPage>;
  /** In whose record these resources are, deleted ones too, by `Type/id`; null for nobody's. Those that never were are missing. */
  recordsOf(references: readonly ResourceReference[]): Promise<ReadonlyMap<string, string | null>>;
  /** Ids of current resources that carry this identifier, at most `limit`. */
  findByIdentifier(type: string, identifier: BusinessIdentifier, limit?: number): Promise<string[]>;
  /** Identifiers that this resource alone holds among its type: a later version that is to keep them claims them again. */
  claimsOf(type: string, id: string): Promise<BusinessIdentifier[]>;
  /** Organisations that current resources relate this patient to. */
  organisationsOf(patient: string): Promise<string[]>;
  /** What decides who may see these patients' records, in the order in which they are asked for. */
  patientFacts(request: PatientFactsRequest): Promise<PatientFacts[]>;
  /** Active Consents that no rule was made of yet, each with its content; they deny everything until there is one. */
  consentsUnread(): Promise<StoredResource[]>;
  /** Puts the rules of a Consent in the place of what stands there, if it is still of this version. */
  putConsentRules(consent: StoredResource, rules: readonly ConsentRow[]): Promise<void>;

  // Messages
  message(id: string): Promise<StoredMessage | undefined>;
  messageByKey(key: string): Promise<StoredMessage | undefined>;
  messageBody(id: string): Promise<Uint8Array | undefined>;
  /** Newest first. */
  messages(filter?: MessageFilter): Promise<StoredMessage[]>;

  // Deliveries: the outbox. A lane is the queue of one patient at one partner.
  /** Leases up to `limit` due lanes to `owner` until `leaseUntil` and returns the head delivery of each. */
  claimDeliveries(claim: DeliveryClaim): Promise<StoredDelivery[]>;
  /** Records how an attempt ended. False when the lease was lost meanwhile: then nothing was recorded. */
  settleDelivery(settlement: DeliverySettlement): Promise<boolean>;
  delivery(id: string): Promise<StoredDelivery | undefined>;
  /** Newest first. */
  deliveries(filter?: DeliveryFilter): Promise<StoredDelivery[]>;
  deliveryAttempts(id: string): Promise<DeliveryAttempt[]>;
  /** An operator's decision on a dead delivery: try it again from the first attempt, or pass over it. Unblocks its lane. */
  reviveDelivery(id: string, decision: 'retry' | 'skip', at: string): Promise<boolean>;
  /** When the next lane falls due, so that the worker can sleep until then; undefined when nothing waits. */
  nextDeliveryAt(): Promise<string | undefined>;
  /** Holds back, or lets go, everything for a partner, in all processes. */
  setPartnerState(state: PartnerState): Promise<void>;
  counts(): Promise<StoreCounts>;

  // Audit
  /** Oldest first, after `afterSeq`. */
  audit(filter?: { readonly afterSeq?: number; readonly limit?: number }): Promise<StoredAudit[]>;
  /**
   * As resources of the type AuditEvent they are read and searched like any other, and never written
   * (`method-not-allowed`).
   */
  auditSegments(after: number, limit?: number): Promise<AuditSegment[]>;
  auditEntries(stretch: AuditStretch): Promise<StoredAudit[]>;
  /** The lowest and the highest segment that an entry says it is in; undefined when none is in any. */
  auditBounds(): Promise<{ readonly lowest: number; readonly highest: number } | undefined>;

  // SMART: an assertion's jti may be used once for as long as the assertion lives
  /** False when this issuer has used this jti before. Durable before it resolves. */
  useAssertionId(use: {
    readonly issuer: string;
    readonly jti: string;
    readonly expiresAt: string;
    readonly now: string;
  }): Promise<boolean>;

  /**
   * 32 bytes by chance, made when they are first asked for by this name, and from then on the same for every process on
   * the store.
   */
  sharedSecret(name: string): Promise<Uint8Array>;

  /** Cheap proof that the store answers; throws when it does not. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface BusinessIdentifier {
  readonly system: string;
  readonly value: string;
}

/** One version of a resource to be written. */
export interface ResourceWrite {
  readonly type: string;
  readonly id: string;
  /** The version this write makes. The one before it must be current: the primary key (type, id, version) is the lock. */
  readonly version: number;
  readonly lastUpdated: string;
  readonly deleted: boolean;
  /** The resource as JSON text, `meta` included, exactly as it is served. Empty when deleted. */
  readonly content: string;
  /** Id of the Patient whose compartment it belongs to; a Patient's own id; null for what belongs to nobody. */
  readonly patient: string | null;
  readonly index: readonly IndexRow[];
  /** Identifiers that this resource alone may hold among its type, so that two conditional creates cannot race. */
  readonly claims: readonly BusinessIdentifier[];
  /** Organisations (references such as `Organization/x` or `system|value`) this resource relates its patient to. */
  readonly organisations: readonly string[];
  /** What a Consent says of who may see its patient's record. */
  readonly consents?: readonly ConsentRow[] | undefined;
  /** The message that brought it; null when it came through the FHIR API. */
  readonly messageId: string | null;
}

export type MessageState = 'accepted' | 'refused';

export interface NewMessage {
  readonly id: string;
  /** Identity of content, per partner and channel: the same message again has the same key. */
  readonly key: string;
  readonly correlationId: string;
  readonly partner: string;
  readonly channel: string;
  readonly format: FormatName;
  readonly controlId: string | null;
  readonly receivedAt: string;
  readonly contentHash: string;
  readonly mapping: string;
  /** Hash of the mapping's files that made the result. */
  readonly mappingVersion: string;
  readonly state: MessageState;
  /** What the sender is told, kept so that the same message gets the same answer. */
  readonly answer: MessageAnswer;
  readonly body: Uint8Array;
}

export interface MessageAnswer {
  readonly messageId: string;
  readonly state: MessageState;
  /** References of what this message created or changed, with version: `ServiceRequest/…/_history/1`. */
  readonly created: readonly string[];
  readonly updated: readonly string[];
  /** Names of routes and the partners they go to. */
  readonly routed: readonly { readonly route: string; readonly partner: string }[];
  readonly issues: readonly Issue[];
}

export interface StoredMessage extends Omit<NewMessage, 'body'> {
  /** How often this message was processed: 1, and one more for each replay. */
  readonly runs: number;
}

export interface MessageFilter {
  readonly partner?: string | undefined;
  readonly state?: MessageState | undefined;
  readonly limit?: number | undefined;
}

export interface NewDelivery {
  readonly id: string;
  readonly partner: string;
  readonly channel: string;
  readonly route: string;
  /** What keeps order: the patient's id, or the resource's own reference where there is no patient. */
  readonly lane: string;
  readonly correlationId: string;
  readonly messageId: string | null;
  /** The version of the resource that is sent. */
  readonly resourceType: string;
  readonly resourceId: string;
  readonly resourceVersion: number;
  readonly createdAt: string;
}

/** `skipped`: an operator passed over a dead delivery. */
export type DeliveryState = 'pending' | 'delivered' | 'dead' | 'skipped';

export interface StoredDelivery extends NewDelivery {
  readonly seq: number;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly nextAt: string | null;
  readonly settledAt: string | null;
  readonly lastIssues: readonly Issue[];
}

export interface DeliveryClaim {
  readonly owner: string;
  readonly now: string;
  readonly leaseUntil: string;
  readonly limit: number;
}

export interface DeliverySettlement {
  readonly id: string;
  readonly owner: string;
  readonly at: string;
  readonly outcome:
    | { readonly kind: 'delivered'; readonly status: number | null }
    | {
        readonly kind: 'retry';
        readonly nextAt: string;
        readonly status: number | null;
        readonly issues: readonly Issue[];
      }
    | { readonly kind: 'dead'; readonly status: number | null; readonly issues: readonly Issue[] };
  readonly durationMs: number;
  readonly audit: readonly NewAudit[];
}

export interface DeliveryAttempt {
  readonly number: number;
  readonly at: string;
  readonly outcome: 'delivered' | 'retry' | 'dead';
  readonly status: number | null;
  readonly durationMs: number;
  readonly issues: readonly Issue[];
}

export interface PartnerState {
  readonly partner: string;
  /** By an operator: nothing is claimed until it is set back. */
  readonly paused: boolean;
  /** By the breaker: nothing is claimed before this time. */
  readonly openUntil: string | null;
}

export interface DeliveryFilter {
  readonly partner?: string | undefined;
  readonly state?: DeliveryState | undefined;
  readonly messageId?: string | undefined;
  readonly limit?: number | undefined;
}

export interface NewAudit {
  readonly id: string;
  readonly recorded: string;
  /** An AuditEvent as JSON text. */
  readonly content: string;
  readonly patient: string | null;
  /** What the event is searched by besides time and patient. */
  readonly facts?: AuditFacts | undefined;
  /** How it is kept where much of it is the same in many events; `content` is what that gives. */
  readonly framed?: FramedAudit | undefined;
  /** The same event as told of other patients: one event is about one patient at most. */
  readonly others?: readonly NewAudit[] | undefined;
}

/** An event in two parts: what it has in common with others, which is kept once, and what it has alone. */
export interface FramedAudit {
  readonly frame: AuditFrame;
  /** What goes into the frame's holes, in their order (`store/sql/audit-frame.ts`). */
  readonly fills: string;
}

export interface AuditFrame {
  /** The SHA-256 of its text, so that the chain covers the text. */
  readonly id: string;
  readonly text: string;
}

/** Codes and names that stand in the event too. */
export interface AuditFacts {
  readonly type: string | null;
  readonly subtype: string | null;
  readonly action: string | null;
  readonly outcome: string | null;
  /** The client or operator that asked; null where nobody was recognised. */
  readonly client: string | null;
  readonly partner: string | null;
}

export interface StoredAudit extends Omit<NewAudit, 'others'> {
  readonly seq: number;
  /** Its place in the hash chain; null for what was written before there was one. */
  readonly place: AuditPlace | null;
}

export interface AuditPlace {
  readonly segment: number;
  /** 1 for the first entry of the segment. */
  readonly number: number;
  readonly hash: string;
}

/** A stretch of the audit that one process wrote, with its head: where it has come to. */
export interface AuditSegment {
  readonly number: number;
  readonly process: string;
  readonly openedAt: string;
  /** Where the segment before it stood then; 0 and empty for the first. */
  readonly previousEntry: number;
  readonly previousHash: string;
  readonly headerHash: string;
  readonly entries: number;
  readonly headHash: string;
  readonly sealedAt: string | null;
}

/** Entries of one segment in their order, or those that are in none (`segment` null) in the order of `seq`. */
export interface AuditStretch {
  readonly segment: number | null;
  /** Number, or seq, of the entry before the first that is wanted. */
  readonly after: number;
  readonly limit: number;
  readonly since?: string | undefined;
  /** Exclusive. */
  readonly until?: string | undefined;
  readonly patient?: string | undefined;
}

/** Everything one message or one API write does, applied whole or not at all. */
export interface Commit {
  /** A message seen for the first time. Its key must be new. */
  readonly message?: NewMessage | undefined;
  /** A message processed again: replaces state, answer and mapping version of the row with this id. */
  readonly reprocessed?: Omit<NewMessage, 'body'> | undefined;
  readonly writes: readonly ResourceWrite[];
  readonly deliveries: readonly NewDelivery[];
  readonly audit: readonly NewAudit[];
}

export type CommitResult =
  | { readonly ok: true }
  /** `version`: somebody else wrote the resource. `identifier`: somebody else holds the claim. `message`: the key is known. */
  | { readonly ok: false; readonly conflict: 'version' | 'identifier' | 'message' };

export interface StoredResource {
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly lastUpdated: string;
  readonly deleted: boolean;
  /** JSON text as it is served; empty when deleted. */
  readonly content: string;
  readonly patient: string | null;
}

/** A resource, and what decides who may see it: as of the same moment, or of a little later where there is a Consent. */
export interface ResourceWithFacts {
  readonly stored: StoredResource;
  /** Undefined where it is in nobody's record. */
  readonly facts: PatientFacts | undefined;
}

/** One patient whose facts come with something else; `organisations` as in `PatientFactsRequest`. */
export interface FactsAsked {
  readonly patient: string;
  readonly organisations: readonly string[];
}

export interface ResourceReference {
  readonly type: string;
  readonly id: string;
}

export interface SearchPage {
  readonly matches: readonly StoredResource[];
  /** Where they were asked for and anything was found; as of a moment as with `ResourceWithFacts`. */
  readonly facts?: PatientFacts | undefined;
  /** Present when asked for (`_total=accurate`). */
  readonly total?: number | undefined;
  /** Where the next page starts; undefined on the last page. */
  readonly next?: string | undefined;
  /** Where the page before this one ends; undefined on the first page. */
  readonly previous?: string | undefined;
}

export interface ChangeRequest {
  readonly types: readonly string[];
  /** Of one resource alone; then there is one type. */
  readonly id?: string | undefined;
  /** `newest` first, or `oldest`. */
  readonly order: 'newest' | 'oldest';
  /** Only what was made at or after this instant. */
  readonly since?: string | undefined;
  /** Only what was the current version at some moment from `low` to before `high`. */
  readonly at?: { readonly low: string; readonly high: string } | undefined;
  /** The page begins behind this version. */
  readonly after?: ChangePlace | undefined;
  readonly limit: number;
}

export type ChangePlace = Pick<StoredResource, 'type' | 'id' | 'version' | 'lastUpdated'>;

export interface CompartmentRequest {
  readonly patient: string;
  readonly types: readonly string[];
  /** Only what was last changed at or after this instant. */
  readonly since?: string | undefined;
  /** The page begins behind this resource. */
  readonly after?: CompartmentPlace | undefined;
  readonly count: number;
}

export interface CompartmentPlace {
  readonly type: string;
  readonly id: string;
}

export interface CompartmentPage {
  readonly matches: readonly StoredResource[];
  /** The last resource of this page; undefined on the last page. */
  readonly next?: CompartmentPlace | undefined;
}

export interface StoreCounts {
  readonly messagesAccepted: number;
  readonly messagesRefused: number;
  readonly deliveriesPending: number;
  readonly deliveriesDelivered: number;
  readonly deliveriesDead: number;
  readonly deliveriesSkipped: number;
  readonly resources: number;
}
