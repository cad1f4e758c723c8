import type { IssueCode } from '../kernel/errors.ts';

/**
 * What may be told to the audit trail: a closed list. There is no field for a name, an NHS number, a search value or a
 * message's content; patients and resources are named by our own ids.
 */
export type AuditInput =
  | AccessAudit
  | RefusedAccessAudit
  | MessageAudit
  | DeliveryAudit
  | TokenAudit
  | RefusedTokenAudit
  | RevokedTokenAudit
  | BreakGlassAudit
  | AdminAudit;

interface AuditBasis {
  readonly recorded: Date;
  /** Follows a message or a request through the gateway; also the answer's `X-Correlation-Id`. */
  readonly correlationId: string;
  /** Network address of the other side, where it is known. */
  readonly address?: string | undefined;
  /** Why; direct care (`TREAT`) unless told. */
  readonly purpose?: PurposeOfUse | undefined;
}

/** The person who asks through an application, as their token or header names them. No patient. */
export interface AuditPerson {
  readonly identifier: { readonly system: string; readonly value: string };
  readonly name?: string | undefined;
  readonly role?: string | undefined;
}

/** Codes of http://terminology.hl7.org/CodeSystem/v3-ActReason that a gateway of care meets. */
export type PurposeOfUse = 'TREAT' | 'ETREAT' | 'BTG' | 'CAREMGT' | 'PATRQT' | 'HOPERAT' | 'HSYSADMIN';

export type RestInteraction =
  | 'read'
  | 'vread'
  | 'history'
  | 'history-type'
  | 'history-system'
  | 'search'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  /** A batch or transaction as a whole; its entries are interactions of their own. */
  | 'transaction'
  /** As an entry of a batch; by itself it is open to all and not recorded. */
  | 'capabilities'
  | 'operation';

/** Why a record may be opened that is else closed: a closed list, so that no reason tells who it is about. */
export const BREAK_GLASS_REASONS = ['emergency', 'safeguarding', 'public-interest', 'legal', 'consent-given'] as const;

export function isBreakGlassReason(text: string): text is (typeof BREAK_GLASS_REASONS)[number] {
  return BREAK_GLASS_REASONS.some((reason) => reason === text);
}

/** One patient's record was opened in an emergency: an alert, which does not say whose. */
export interface BreakGlassAudit extends AuditBasis {
  readonly kind: 'breakGlass';
  readonly client: string;
  readonly partner: string;
  readonly tokenId?: string | undefined;
  readonly person?: AuditPerson | undefined;
  readonly reason: (typeof BREAK_GLASS_REASONS)[number];
}

/** The FHIR API gave or changed something. */
export interface AccessAudit extends AuditBasis {
  readonly kind: 'access';
  readonly interaction: RestInteraction;
  readonly client: string;
  readonly partner: string;
  /** The access token's `jti`. */
  readonly tokenId?: string | undefined;
  readonly person?: AuditPerson | undefined;
  /** The resource types that were asked for. */
  readonly types: readonly string[];
  /** Ids of the patients whose data it was. */
  readonly patients: readonly string[];
  /** References of what was read or written. Of a search they are not recorded: the patients and the query are. */
  readonly resources: readonly string[];
  /**
   * In whose record each of `resources` is, null for nobody's, where there are several patients: the event of one names
   * what is that patient's, or nobody's. Without it each names all.
   */
  readonly whose?: readonly (string | null)[] | undefined;
  /** Names of the parameters that were asked by, as the gateway knows them. Never their values. */
  readonly queryNames: readonly string[];
}

/**
 * The FHIR API or a message's door said no. There is no field for a patient or a resource: what a stranger writes into
 * a URL may be an NHS number.
 */
export interface RefusedAccessAudit extends AuditBasis {
  readonly kind: 'refusedAccess';
  readonly interaction: RestInteraction | 'intake';
  /** Undefined when nobody was recognised. */
  readonly client: string | undefined;
  readonly partner: string | undefined;
  readonly tokenId?: string | undefined;
  readonly person?: AuditPerson | undefined;
  readonly types: readonly string[];
  readonly issueCodes: readonly IssueCode[];
  /** How many refusals this event stands for, where there were too many for one each. */
  readonly count?: number | undefined;
}

/** A partner's message was taken in, or refused with the issues named. */
export interface MessageAudit extends AuditBasis {
  readonly kind: 'message' | 'refusedMessage';
  readonly messageId: string;
  readonly partner: string;
  readonly channel: string;
  readonly patients: readonly string[];
  /** What it created or changed. */
  readonly resources: readonly string[];
  /** As of an access. */
  readonly whose?: readonly (string | null)[] | undefined;
  readonly issueCodes: readonly IssueCode[];
}

/** An attempt to give a partner a resource. */
export interface DeliveryAudit extends AuditBasis {
  readonly kind: 'delivery';
  readonly deliveryId: string;
  readonly partner: string;
  readonly channel: string;
  readonly route: string;
  readonly outcome: 'delivered' | 'retry' | 'dead';
  readonly patients: readonly string[];
  /** The version that was sent: `ServiceRequest/<id>/_history/2`. */
  readonly resources: readonly string[];
  readonly issueCodes: readonly IssueCode[];
}

export interface TokenAudit extends AuditBasis {
  readonly kind: 'token';
  readonly client: string;
  readonly partner: string;
  /** The `jti` of the token that was issued. */
  readonly tokenId: string;
  /** What was granted. */
  readonly scopes: readonly string[];
}

export interface RefusedTokenAudit extends AuditBasis {
  readonly kind: 'refusedToken';
  /** Undefined when the client is not registered; what a stranger calls itself is not recorded. */
  readonly client: string | undefined;
  readonly partner: string | undefined;
  /** The OAuth error that was answered, and the reason behind it, both from closed lists of auth. */
  readonly error: string;
  readonly reason: string;
  /** How many refusals this event stands for, where there were too many for one each. */
  readonly count?: number | undefined;
}

/** A client ended a token of its own before its time (RFC 7009). */
export interface RevokedTokenAudit extends AuditBasis {
  readonly kind: 'revokedToken';
  readonly client: string;
  readonly partner: string;
  /** The `jti` of the token. */
  readonly tokenId: string;
}

export type AdminAction =
  | 'retry-delivery'
  | 'skip-delivery'
  | 'replay-message'
  | 'add-client'
  | 'rotate-client'
  | 'revoke-client'
  | 'rotate-keys'
  | 'compact-store'
  | 'repair-store'
  | 'export-audit';

/** An operator decided something. */
export interface AdminAudit extends AuditBasis {
  readonly kind: 'admin';
  readonly action: AdminAction;
  /** Name of the operator's account. */
  readonly operator: string;
  /** Id of the delivery, message, client or key it was about; of the store, what is to be done. */
  readonly subject: string;
  readonly partner: string | undefined;
  readonly patients: readonly string[];
}
