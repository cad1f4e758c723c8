import { judgeResource, type ResourceInQuestion } from '../access/judge.ts';
import type { AccessInteraction } from '../config/config.ts';
import { type GinnelError, refuse } from '../kernel/errors.ts';
import type { AccessNeed, Decision, Denial, Identity, Interaction } from './identity.ts';
import { allows, isTypeName, type Permission, readScopes } from './scopes.ts';

/**
 * What each interaction needs of every type it touches (SMART App Launch 2.2, Scopes for requesting FHIR Resources).
 * An operation finds and gives resources, so it needs both reading and searching.
 */
const PERMISSIONS_NEEDED = {
  read: ['r'],
  vread: ['r'],
  history: ['r'],
  // To see what changed among all resources of a type is to find them.
  'history-type': ['s'],
  search: ['s'],
  create: ['c'],
  update: ['u'],
  patch: ['u'],
  delete: ['d'],
  operation: ['r', 's'],
} as const satisfies Record<
  Exclude<Interaction, 'intake' | 'transaction' | 'history-system' | 'capabilities'>,
  readonly Permission[]
>;

/** The words of access rules for the same. */
const RULES_NEEDED = {
  read: ['read'],
  vread: ['read'],
  history: ['read'],
  'history-type': ['search'],
  search: ['search'],
  create: ['create'],
  update: ['update'],
  patch: ['update'],
  delete: ['delete'],
  operation: ['read', 'search'],
} as const satisfies Record<keyof typeof PERMISSIONS_NEEDED, readonly AccessInteraction[]>;

/**
 * May they? The one decision for every route, and for each resource that is given or changed. Scope and access rule
 * must both open it. Whatever is not granted is denied: a need that names no type, a scope that cannot be read, an
 * interaction that the table does not know, an identity without rules.
 */
export function decide(identity: Identity, need: AccessNeed): Decision {
  if (need.interaction !== 'intake' && need.resource !== undefined) {
    // The grants hold the scopes already; reading them again for each resource of a page costs more than deciding.
    const rules: readonly AccessInteraction[] | undefined = RULES_NEEDED[need.interaction as keyof typeof RULES_NEEDED];
    if (identity.access === undefined || rules === undefined)
      return denied('Nothing that can be granted was asked for.');
    return decideResource(identity.access, need.interaction as keyof typeof RULES_NEEDED, need.resource);
  }
  const { scopesRead } = identity;
  const scopes = scopesRead?.texts === identity.scopes ? scopesRead.scopes : readScopes(identity.scopes);
  if (need.interaction === 'intake') {
    if (!allows(scopes, { kind: 'intake' })) return denied('Sending messages needs the scope intake.');
    if (identity.partner !== need.partner) return denied('An application sends messages as its own partner only.');
    return { allowed: true };
  }
  // What anybody may read without a token.
  if (need.interaction === 'capabilities') return { allowed: true };
  if (need.interaction === 'history-system') {
    // It shows the types whose own history may be seen: each is decided as that.
    return scopes.some((scope) => scope.kind === 'resource' && scope.permissions.includes('s'))
      ? { allowed: true }
      : denied('The history of the system needs the scope of a type that may be searched, such as system/CarePlan.s.');
  }
  if (need.interaction === 'transaction') {
    // What its entries do is not known before they are read: each is decided as the interaction that it is.
    return scopes.some(({ kind }) => kind === 'resource')
      ? { allowed: true }
      : denied('A batch or transaction needs the scopes of its entries, such as system/CarePlan.cu.');
  }
  if (need.interaction === 'operation' && need.stateless === true) {
    return scopes.length > 0 ? { allowed: true } : denied('An operation needs a token with a scope.');
  }
  const permissions: readonly Permission[] | undefined = PERMISSIONS_NEEDED[need.interaction];
  if (permissions === undefined || need.types.length === 0) return denied('Nothing that can be granted was asked for.');
  const { access } = identity;
  if (access === undefined)
    return withoutRule('No access rule is configured for this application; whoever runs the gateway adds one.');
  for (const type of need.types) {
    if (!isTypeName(type)) return denied('This is not the name of a resource type.');
    const inScope = permissions.every((permission) => allows(scopes, { kind: 'resource', type, permission }));
    if (!inScope && access.checks.has('scope')) {
      return denied(`This ${need.interaction} needs the scope system/${type}.${permissions.join('')}.`);
    }
    for (const interaction of RULES_NEEDED[need.interaction]) {
      if (access.grants(type, interaction).length > 0) continue;
      return withoutRule(
        `No access rule of this application opens ${type} for this ${need.interaction}; whoever runs the gateway adds one.`,
      );
    }
  }
  return { allowed: true };
}

function decideResource(
  access: NonNullable<Identity['access']>,
  interaction: keyof typeof RULES_NEEDED,
  resource: ResourceInQuestion,
): Decision {
  const [first, ...others]: readonly AccessInteraction[] = RULES_NEEDED[interaction];
  if (first === undefined) return denied('Nothing was asked for.');
  const decision = judgeResource(access, first, resource);
  if (!decision.allowed || others.length === 0) return decision;
  return others.map((one) => judgeResource(access, one, resource)).find(({ allowed }) => !allowed) ?? decision;
}

/** What a caller is told who may not: `access-rule-missing` where a token with more scopes would be refused too. */
export function refuseDenied(denial: Denial): GinnelError {
  return refuse(codeOfDenial(denial), denial.reason);
}

export function codeOfDenial({ lacks }: Denial): 'access-rule-missing' | 'scope-insufficient' {
  return lacks === 'rule' ? 'access-rule-missing' : 'scope-insufficient';
}

function denied(reason: string): Decision {
  return { allowed: false, reason };
}

function withoutRule(reason: string): Decision {
  return { allowed: false, reason, lacks: 'rule' };
}
