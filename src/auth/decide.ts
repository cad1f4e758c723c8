import type { AccessNeed, Decision, Identity, Interaction } from './identity.ts';
import { allows, isTypeName, type Permission, readScopes } from './scopes.ts';

/**
 * What each interaction needs of every type it touches (SMART App Launch 2.2, Scopes for requesting FHIR Resources).
 * An operation finds and gives resources, so it needs both reading and searching.
 */
const PERMISSIONS_NEEDED = {
  read: ['r'],
  vread: ['r'],
  history: ['r'],
  search: ['s'],
  create: ['c'],
  update: ['u'],
  patch: ['u'],
  delete: ['d'],
  operation: ['r', 's'],
} as const satisfies Record<Exclude<Interaction, 'intake' | 'transaction'>, readonly Permission[]>;

/**
 * May they? The one decision for every route. Whatever is not granted is denied: a need that names no type, a scope
 * that cannot be read, and an interaction that the table does not know.
 */
export function decide(identity: Identity, need: AccessNeed): Decision {
  const scopes = readScopes(identity.scopes);
  if (need.interaction === 'intake') {
    if (!allows(scopes, { kind: 'intake' })) return denied('Sending messages needs the scope intake.');
    if (identity.partner !== need.partner) return denied('An application sends messages as its own partner only.');
    return { allowed: true };
  }
  if (need.interaction === 'transaction') {
    // What its entries do is not known before they are read: each is decided as the interaction that it is.
    return scopes.some(({ kind }) => kind === 'resource')
      ? { allowed: true }
      : denied('A batch or transaction needs the scopes of its entries, such as system/CarePlan.cu.');
  }
  const permissions: readonly Permission[] | undefined = PERMISSIONS_NEEDED[need.interaction];
  if (permissions === undefined || need.types.length === 0) return denied('Nothing that can be granted was asked for.');
  for (const type of need.types) {
    if (!isTypeName(type)) return denied('This is not the name of a resource type.');
    if (permissions.every((permission) => allows(scopes, { kind: 'resource', type, permission }))) continue;
    return denied(`This ${need.interaction} needs the scope system/${type}.${permissions.join('')}.`);
  }
  return { allowed: true };
}

function denied(reason: string): Decision {
  return { allowed: false, reason };
}
