import type { AuditEventAgent, AuditEventEntity } from '@medplum/fhirtypes';
import { DCM, ROLES } from './codes.ts';
import type { AuditInput, RestInteraction } from './input.ts';

/**
 * Which profile of IHE Basic Audit Log Patterns an event claims to follow (https://profiles.ihe.net/ITI/BALP). It is
 * claimed only where the event has all that the profile asks for; an event that has not is the same without the claim.
 */

const BALP = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.';

/** BALP has none for histories, operations and bundles. */
const RESTFUL: Partial<Record<RestInteraction, string>> = {
  read: 'Read',
  vread: 'Read',
  search: 'Query',
  create: 'Create',
  update: 'Update',
  patch: 'Update',
  delete: 'Delete',
};

export interface Claimant {
  readonly outcome: string;
  readonly agents: readonly AuditEventAgent[];
  /** Those besides the patient and the correlation id. */
  readonly entities: readonly AuditEventEntity[];
  readonly hasPatient: boolean;
}

export function profileOf(input: AuditInput, claimant: Claimant): string | undefined {
  switch (input.kind) {
    case 'access': {
      const name = RESTFUL[input.interaction];
      if (name === undefined || !isRestful(claimant)) return undefined;
      return `${BALP}${claimant.hasPatient ? 'Patient' : ''}${name}`;
    }
    case 'message':
    case 'refusedMessage':
      return isDisclosure(claimant) ? `${BALP}PrivacyDisclosure.Recipient` : undefined;
    case 'delivery':
      return isDisclosure(claimant) ? `${BALP}PrivacyDisclosure.Source` : undefined;
    default:
      return undefined;
  }
}

/** It went well, both sides have an address, and it is about one thing: a resource, or a query. */
function isRestful({ outcome, agents, entities }: Claimant): boolean {
  const sides = agents.filter(({ type }) => type?.coding?.[0] !== undefined && !isUser(type.coding[0].code));
  return (
    outcome === '0' &&
    sides.length === 2 &&
    sides.every(({ network }) => network !== undefined) &&
    entities.filter(({ type }) => type?.code === ROLES.systemObject.code).length === 1
  );
}

/** Both sides have an address, and there is a patient and something of theirs. */
function isDisclosure({ agents, entities, hasPatient }: Claimant): boolean {
  const has = (code: string): boolean =>
    agents.some(({ type, network }) => type?.coding?.[0]?.code === code && network !== undefined);
  return hasPatient && entities.length > 0 && has(DCM.source.code) && has(DCM.destination.code);
}

function isUser(code: string | undefined): boolean {
  return code === ROLES.recipient.code || code === ROLES.author.code;
}
