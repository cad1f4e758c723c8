import type { AuditEventAgent, AuditEventEntity, Coding } from '@medplum/fhirtypes';
import {
  type AuditGateway,
  clientAgent,
  gatewayAgent,
  networkOf,
  partnerAgent,
  personAgent,
  receiverAgent,
} from './agents.ts';
import { DCM, IDENTIFIERS, INTERACTIONS, SYSTEMS } from './codes.ts';
import { countEntities, jobEntity, queryEntity, resourceEntity, tokenEntity, typeEntities } from './entities.ts';
import type {
  AccessAudit,
  AdminAction,
  AdminAudit,
  AuditInput,
  AuditPerson,
  BreakGlassAudit,
  DeliveryAudit,
  MessageAudit,
  PurposeOfUse,
  RefusedAccessAudit,
  RefusedTokenAudit,
  RevokedTokenAudit,
  TokenAudit,
} from './input.ts';

/** What differs from kind to kind; the rest is the same for all. */
export interface Happening {
  readonly type: Coding;
  readonly subtype: readonly Coding[];
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  readonly outcome: '0' | '4' | '8';
  /** Codes that say why, when it did not go well. */
  readonly reasons: readonly string[];
  readonly agents: readonly AuditEventAgent[];
  readonly patients: readonly string[];
  readonly entities: readonly AuditEventEntity[];
  readonly purpose: PurposeOfUse | undefined;
  /** Who asked, by name: an application, or an operator's account. */
  readonly client?: string | undefined;
  readonly partner?: string | undefined;
}

/** Patterns of IHE BALP by kind: RESTful access, disclosure, user authentication; and what BALP has none for. */
export function describeHappening(input: AuditInput, gateway: AuditGateway): Happening {
  switch (input.kind) {
    case 'access':
    case 'refusedAccess':
      return describeAccess(input, gateway);
    case 'message':
    case 'refusedMessage':
      return describeMessage(input, gateway);
    case 'delivery':
      return describeDelivery(input, gateway);
    case 'breakGlass':
      return describeBreakGlass(input, gateway);
    case 'token':
    case 'refusedToken':
    case 'revokedToken':
      return describeToken(input, gateway);
    case 'admin':
      return describeAdmin(input, gateway);
  }
}

function describeAccess(input: AccessAudit | RefusedAccessAudit, gateway: AuditGateway): Happening {
  const { subtype, action, client, server } = INTERACTIONS[input.interaction];
  const granted = input.kind === 'access';
  return {
    type: SYSTEMS.rest,
    subtype: [subtype],
    action,
    outcome: granted ? '0' : '4',
    reasons: granted ? [] : input.issueCodes,
    agents: callerAgents(input, { client, server, writes: 'CUD'.includes(action) }, gateway),
    patients: granted ? input.patients : [],
    client: input.client,
    partner: input.partner,
    entities: granted ? accessEntities(input) : [...typeEntities(input.types), ...countEntities(input.count)],
    purpose: granted ? (input.purpose ?? 'TREAT') : input.purpose,
  };
}

/** What an access was about, besides the patient. */
export function accessEntities(input: AccessAudit): AuditEventEntity[] {
  const isSearch = input.interaction === 'search';
  return [
    ...(isSearch ? [] : input.resources.map(resourceEntity)),
    ...(isSearch || input.queryNames.length > 0 ? [queryEntity(input)] : []),
  ];
}

function describeMessage(input: MessageAudit, gateway: AuditGateway): Happening {
  return {
    type: DCM.import,
    subtype: [SYSTEMS.disclose],
    action: 'C',
    outcome: input.kind === 'message' ? '0' : '4',
    reasons: input.issueCodes,
    agents: [
      partnerAgent(input.partner, gateway, { role: DCM.source, requestor: true, address: input.address }),
      gatewayAgent(DCM.destination, gateway),
    ],
    partner: input.partner,
    patients: input.patients,
    entities: [
      jobEntity(IDENTIFIERS.message, input.messageId, { channel: input.channel }),
      ...input.resources.map(resourceEntity),
    ],
    purpose: input.purpose ?? 'TREAT',
  };
}

function describeDelivery(input: DeliveryAudit, gateway: AuditGateway): Happening {
  return {
    type: DCM.export,
    subtype: [SYSTEMS.disclose],
    action: 'R',
    outcome: ({ delivered: '0', retry: '4', dead: '8' } as const)[input.outcome],
    reasons: input.issueCodes,
    agents: [gatewayAgent(DCM.source, gateway, true), receiverAgent(input.partner, input, DCM.destination, gateway)],
    partner: input.partner,
    patients: input.patients,
    entities: [
      jobEntity(IDENTIFIERS.delivery, input.deliveryId, { channel: input.channel, route: input.route }),
      ...input.resources.map(resourceEntity),
    ],
    purpose: input.purpose ?? 'TREAT',
  };
}

function describeBreakGlass(input: BreakGlassAudit, gateway: AuditGateway): Happening {
  return {
    type: DCM.securityAlert,
    subtype: [DCM.emergencyOverride],
    action: 'E',
    outcome: '0',
    reasons: [input.reason],
    agents: callerAgents(input, ASKING, gateway),
    client: input.client,
    partner: input.partner,
    patients: [],
    entities: [],
    purpose: 'BTG',
  };
}

function describeToken(input: TokenAudit | RefusedTokenAudit | RevokedTokenAudit, gateway: AuditGateway): Happening {
  return {
    type: DCM.authentication,
    subtype: [input.kind === 'revokedToken' ? DCM.logout : DCM.login],
    action: 'E',
    outcome: input.kind === 'refusedToken' ? '4' : '0',
    reasons: input.kind === 'refusedToken' ? [input.error, input.reason] : [],
    // The token is what it is about: nobody has come with it.
    agents: callerAgents({ ...input, tokenId: undefined }, ASKING, gateway),
    client: input.client,
    partner: input.partner,
    patients: [],
    entities: tokenEntities(input),
    purpose: input.purpose,
  };
}

function tokenEntities(input: TokenAudit | RefusedTokenAudit | RevokedTokenAudit): AuditEventEntity[] {
  if (input.kind === 'refusedToken') return countEntities(input.count);
  const token = tokenEntity(input.tokenId);
  if (input.kind === 'revokedToken') return [token];
  return [{ ...token, detail: input.scopes.map((scope) => ({ type: 'scope', valueString: scope })) }];
}

function describeAdmin(input: AdminAudit, gateway: AuditGateway): Happening {
  return {
    type: DCM.activity,
    subtype: [{ system: SYSTEMS.adminAction, code: input.action }],
    action: 'E',
    outcome: '0',
    reasons: [],
    agents: [
      {
        who: { type: 'Practitioner', identifier: { system: IDENTIFIERS.operator, value: input.operator } },
        requestor: true,
        ...networkOf(input.address),
      },
      gatewayAgent(DCM.destination, gateway),
      ...(input.partner === undefined ? [] : [partnerAgent(input.partner, gateway)]),
    ],
    client: input.operator,
    partner: input.partner,
    patients: input.patients,
    entities: [jobEntity(ADMIN_SUBJECTS[input.action], input.subject, {})],
    purpose: input.purpose ?? 'HSYSADMIN',
  };
}

/** What kind of thing an operator's decision was about. */
const ADMIN_SUBJECTS = {
  'retry-delivery': IDENTIFIERS.delivery,
  'skip-delivery': IDENTIFIERS.delivery,
  'replay-message': IDENTIFIERS.message,
  'add-client': IDENTIFIERS.client,
  'rotate-client': IDENTIFIERS.client,
  'revoke-client': IDENTIFIERS.client,
  'rotate-keys': IDENTIFIERS.key,
  'export-audit': IDENTIFIERS.audit,
  'compact-store': IDENTIFIERS.store,
  'repair-store': IDENTIFIERS.store,
} as const satisfies Record<AdminAction, string>;

/** Whoever came through a door of the API, by application, person and partner. */
interface Caller {
  readonly client: string | undefined;
  readonly partner: string | undefined;
  readonly address?: string | undefined;
  readonly tokenId?: string | undefined;
  readonly person?: AuditPerson | undefined;
}

/** What the application and the gateway are to each other, and whether the person puts something into the record. */
interface Sides {
  readonly client: Coding;
  readonly server: Coding;
  readonly writes: boolean;
}

const ASKING: Sides = { client: DCM.application, server: DCM.destination, writes: false };

/** The application asks, unless a person asks through it. */
function callerAgents(caller: Caller, { client, server, writes }: Sides, gateway: AuditGateway): AuditEventAgent[] {
  const { person, partner } = caller;
  return [
    clientAgent(client, caller.client, caller.address, caller.tokenId, person === undefined),
    gatewayAgent(server, gateway),
    ...(person === undefined ? [] : [personAgent(person, writes)]),
    ...(partner === undefined ? [] : [partnerAgent(partner, gateway)]),
  ];
}
