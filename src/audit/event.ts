import type { AuditEvent, AuditEventAgent, AuditEventEntity, CodeableConcept, Coding } from '@medplum/fhirtypes';
import { newId } from '../kernel/ids.ts';
import type { NewAudit } from '../store/store.ts';
import { type AuditGateway, clientAgent, gatewayAgent, gatewayReference, networkOf, partnerAgent } from './agents.ts';
import { concept, DCM, IDENTIFIERS, INTERACTIONS, ROLES, SYSTEMS } from './codes.ts';
import { correlationEntity, jobEntity, patientEntity, queryEntity, resourceEntity, typeEntities } from './entities.ts';
import type { AuditInput, PurposeOfUse } from './input.ts';

export type { AuditInput } from './input.ts';

/** What differs from kind to kind; the rest is the same for all. */
interface Happening {
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
}

/**
 * Builds an AuditEvent (FHIR R4) after the patterns of IHE BALP: RESTful access, disclosure as source (110106 Export)
 * and as recipient (110107 Import), and user authentication (110114). Pure but for the new id.
 */
export function buildAuditEvent(input: AuditInput, gateway: AuditGateway): NewAudit {
  const happening = describeHappening(input, gateway);
  const id = newId(input.recorded.getTime());
  const recorded = input.recorded.toISOString();
  const event: AuditEvent = {
    resourceType: 'AuditEvent',
    id,
    type: happening.type,
    subtype: [...happening.subtype],
    action: happening.action,
    recorded,
    outcome: happening.outcome,
    ...(happening.reasons.length === 0 ? {} : { outcomeDesc: happening.reasons.join(' ') }),
    ...(happening.purpose === undefined ? {} : { purposeOfEvent: [purposeConcept(happening.purpose)] }),
    agent: [...happening.agents],
    source: {
      observer: gatewayReference(gateway),
      type: [{ system: SYSTEMS.sourceType, code: '4', display: 'Application Server' }],
    },
    entity: [...happening.patients.map(patientEntity), ...happening.entities, correlationEntity(input.correlationId)],
  };
  // One patient's event is found by that patient. What concerns several, or nobody, is found by what it holds.
  const [patient = null, ...others] = happening.patients;
  return { id, recorded, content: JSON.stringify(event), patient: others.length === 0 ? patient : null };
}

function describeHappening(input: AuditInput, gateway: AuditGateway): Happening {
  switch (input.kind) {
    case 'access': {
      const { subtype, action, client, server } = INTERACTIONS[input.interaction];
      return {
        type: SYSTEMS.rest,
        subtype: [subtype],
        action,
        outcome: '0',
        reasons: [],
        agents: [
          clientAgent(client, input.client, input.address, input.tokenId),
          gatewayAgent(server, gateway),
          partnerAgent(input.partner, gateway),
        ],
        patients: input.patients,
        entities: [
          ...(input.interaction === 'search' ? [] : input.resources.map(resourceEntity)),
          ...(input.interaction === 'search' || input.queryNames.length > 0 ? [queryEntity(input)] : []),
        ],
        purpose: input.purpose ?? 'TREAT',
      };
    }
    case 'refusedAccess': {
      const { subtype, action, client, server } = INTERACTIONS[input.interaction];
      return {
        type: SYSTEMS.rest,
        subtype: [subtype],
        action,
        outcome: '4',
        reasons: input.issueCodes,
        agents: [
          clientAgent(client, input.client, input.address, input.tokenId),
          gatewayAgent(server, gateway),
          ...(input.partner === undefined ? [] : [partnerAgent(input.partner, gateway)]),
        ],
        patients: [],
        entities: typeEntities(input.types),
        purpose: input.purpose,
      };
    }
    case 'message':
    case 'refusedMessage':
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
        patients: input.patients,
        entities: [
          jobEntity(IDENTIFIERS.message, input.messageId, { channel: input.channel }),
          ...input.resources.map(resourceEntity),
        ],
        purpose: input.purpose ?? 'TREAT',
      };
    case 'delivery':
      return {
        type: DCM.export,
        subtype: [SYSTEMS.disclose],
        action: 'R',
        outcome: ({ delivered: '0', retry: '4', dead: '8' } as const)[input.outcome],
        reasons: input.issueCodes,
        agents: [
          gatewayAgent(DCM.source, gateway, true),
          partnerAgent(input.partner, gateway, { role: DCM.destination, requestor: false, address: input.address }),
        ],
        patients: input.patients,
        entities: [
          jobEntity(IDENTIFIERS.delivery, input.deliveryId, { channel: input.channel, route: input.route }),
          ...input.resources.map(resourceEntity),
        ],
        purpose: input.purpose ?? 'TREAT',
      };
    case 'token':
      return {
        type: DCM.authentication,
        subtype: [DCM.login],
        action: 'E',
        outcome: '0',
        reasons: [],
        agents: [
          clientAgent(DCM.application, input.client, input.address, undefined),
          gatewayAgent(DCM.destination, gateway),
          partnerAgent(input.partner, gateway),
        ],
        patients: [],
        entities: [
          {
            what: { identifier: { system: IDENTIFIERS.token, value: input.tokenId } },
            type: ROLES.systemObject,
            role: ROLES.securityResource,
            detail: input.scopes.map((scope) => ({ type: 'scope', valueString: scope })),
          },
        ],
        purpose: input.purpose,
      };
    case 'refusedToken':
      return {
        type: DCM.authentication,
        subtype: [DCM.login],
        action: 'E',
        outcome: '4',
        reasons: [input.error, input.reason],
        agents: [
          clientAgent(DCM.application, input.client, input.address, undefined),
          gatewayAgent(DCM.destination, gateway),
          ...(input.partner === undefined ? [] : [partnerAgent(input.partner, gateway)]),
        ],
        patients: [],
        entities: [],
        purpose: input.purpose,
      };
    case 'admin':
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
        patients: input.patients,
        entities: [
          jobEntity(input.action === 'replay-message' ? IDENTIFIERS.message : IDENTIFIERS.delivery, input.subject, {}),
        ],
        purpose: input.purpose ?? 'HSYSADMIN',
      };
  }
}

function purposeConcept(code: PurposeOfUse): CodeableConcept {
  return concept({ system: SYSTEMS.actReason, code });
}
