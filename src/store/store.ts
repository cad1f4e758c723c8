import type { IndexRow } from '../fhir/index-row.ts';
import type { SearchRequest } from '../fhir/search-request.ts';
import type { FormatName } from '../formats/format.ts';
import type { Issue } from '../kernel/errors.ts';

/**
 * The store contract: what every store must do, whatever database is behind it. `test/store/contract.ts` is the same
 * in the form of tests. All times are ISO 8601 instants in UTC with milliseconds.
 */
export interface Store {
  /**
   * Applies a commit whole, durably, or not at all. There is no read inside it: what it depends on is stated in the
   * commit (versions, claimed identifiers, the message's key) and a breach comes back as a conflict, for the caller to
   * plan again. Resolves only when the data would survive the death of the process and the machine.
   */
  commit(commit: Commit): Promise<CommitResult>;

  // Resources (https://hl7.org/fhir/R4/http.html)
  /** The current version, also when it is a deletion; undefined where there never was one. */
  read(type: string, id: string): Promise<StoredResource | undefined>;
  readVersion(type: string, id: string, version: number): Promise<StoredResource | undefined>;
  /** Newest first. */
  history(type: string, id: string): Promise<StoredResource[]>;
  search(request: SearchRequest): Promise<SearchPage>;
  /** Ids of current resources that carry this identifier, at most `limit`. */
  findByIdentifier(type: string, identifier: BusinessIdentifier, limit?: number): Promise<string[]>;
  /** Identifiers that this resource alone holds among its type: a later version that is to keep them claims them again. */
  claimsOf(type: string, id: string): Promise<BusinessIdentifier[]>;
  /** Organisations that current resources relate this patient to. */
  organisationsOf(patient: string): Promise<string[]>;

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

  // SMART: an assertion's jti may be used once for as long as the assertion lives
  /** False when this issuer has used this jti before. Durable before it resolves. */
  useAssertionId(use: {
    readonly issuer: string;
    readonly jti: string;
    readonly expiresAt: string;
    readonly now: string;
  }): Promise<boolean>;

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
}

export interface StoredAudit extends NewAudit {
  readonly seq: number;
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

export interface SearchPage {
  readonly matches: readonly StoredResource[];
  /** Present when asked for (`_total=accurate`). */
  readonly total?: number | undefined;
  /** Where the next page starts; undefined on the last page. */
  readonly next?: string | undefined;
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
