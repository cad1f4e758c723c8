import type { AuditEvent, CodeableConcept } from '@medplum/fhirtypes';
import type { AuditFacts } from '../store/store.ts';
import { type AuditGateway, gatewayReference } from './agents.ts';
import { concept, SYSTEMS } from './codes.ts';
import type { Happening } from './happening.ts';
import type { AuditInput, PurposeOfUse } from './input.ts';
import { profileOf } from './profiles.ts';

/** An event's JSON text but for its id, its time and what it was about. */
export interface EventBody {
  /** What stands before the time, and behind it. */
  readonly before: string;
  readonly after: string;
  readonly facts: AuditFacts;
}

export function bodyOf(input: AuditInput, happening: Happening, gateway: AuditGateway): EventBody {
  const profile = profileOf(input, { ...happening, hasPatient: happening.patients.length > 0 });
  const before: Pick<AuditEvent, 'meta' | 'type' | 'subtype' | 'action'> = {
    ...(profile === undefined ? {} : { meta: { profile: [profile] } }),
    type: happening.type,
    subtype: [...happening.subtype],
    action: happening.action,
  };
  const after: Omit<AuditEvent, 'resourceType' | 'type' | 'recorded' | 'entity'> = {
    outcome: happening.outcome,
    ...(happening.reasons.length === 0 ? {} : { outcomeDesc: happening.reasons.join(' ') }),
    ...(happening.purpose === undefined ? {} : { purposeOfEvent: [purposeConcept(happening.purpose)] }),
    agent: [...happening.agents],
    source: { observer: gatewayReference(gateway), type: [{ system: SYSTEMS.sourceType, code: '4' }] },
  };
  const facts: AuditFacts = {
    type: happening.type.code ?? null,
    subtype: happening.subtype[0]?.code ?? null,
    action: happening.action,
    outcome: happening.outcome,
    client: happening.client ?? null,
    partner: happening.partner ?? null,
  };
  return { before: JSON.stringify(before).slice(1, -1), after: JSON.stringify(after).slice(1, -1), facts };
}

function purposeConcept(code: PurposeOfUse): CodeableConcept {
  return concept({ system: SYSTEMS.actReason, code });
}
