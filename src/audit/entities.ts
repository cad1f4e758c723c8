import type { AuditEventEntity } from '@medplum/fhirtypes';
import { IDENTIFIERS, ROLES } from './codes.ts';

/** What an event was about. */

const TYPE_NAME = /^[A-Z][A-Za-z]{1,63}$/;
/** Search parameters with modifiers and chains: `subject:Patient.identifier`, `_has:Task:focus:status`. No digits. */
const PARAMETER_NAME = /^[_A-Za-z][A-Za-z_.:-]{0,99}$/;

export function patientEntity(id: string): AuditEventEntity {
  return { what: { reference: `Patient/${id}` }, type: ROLES.person, role: ROLES.patient };
}

export function resourceEntity(reference: string): AuditEventEntity {
  return { what: { reference }, type: ROLES.systemObject, role: ROLES.domainResource };
}

export function jobEntity(system: string, id: string, details: Readonly<Record<string, string>>): AuditEventEntity {
  const detail = Object.entries(details).map(([type, valueString]) => ({ type, valueString }));
  return {
    what: { identifier: { system, value: id } },
    type: ROLES.systemObject,
    role: ROLES.job,
    ...(detail.length === 0 ? {} : { detail }),
  };
}

/** What was asked for, where no resource can be named. What has not the form of a type's name is left out. */
export function typeEntities(types: readonly string[]): AuditEventEntity[] {
  return types
    .filter((type) => TYPE_NAME.test(type))
    .map((name) => ({ type: ROLES.systemObject, role: ROLES.domainResource, name }));
}

/**
 * BALP keeps the whole search; we keep the parameters' names alone, because their values may be NHS numbers, names
 * and dates of birth, and the trail outlives the records it is about. What has not the form of a parameter's name is
 * left out too.
 */
export function queryEntity(asked: {
  readonly types: readonly string[];
  readonly queryNames: readonly string[];
}): AuditEventEntity {
  const names = asked.queryNames.map((name) => (PARAMETER_NAME.test(name) ? name : 'other'));
  const text = `${asked.types.filter((type) => TYPE_NAME.test(type)).join(',')}?${names.join('&')}`;
  return { type: ROLES.systemObject, role: ROLES.query, query: Buffer.from(text, 'utf8').toString('base64') };
}

/** An access token, by its `jti`. */
export function tokenEntity(tokenId: string): AuditEventEntity {
  return {
    what: { identifier: { system: IDENTIFIERS.token, value: tokenId } },
    type: ROLES.systemObject,
    role: ROLES.securityResource,
  };
}

/** Says that one event stands for several; nothing where it stands for itself. */
export function countEntities(count: number | undefined): AuditEventEntity[] {
  if (count === undefined) return [];
  return [
    { type: ROLES.systemObject, role: ROLES.securityResource, detail: [{ type: 'count', valueString: String(count) }] },
  ];
}

export function correlationEntity(correlationId: string): AuditEventEntity {
  return { what: { identifier: { value: correlationId } }, type: ROLES.requestId };
}
