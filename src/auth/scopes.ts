import { issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { formatRestriction, isNarrower, joinRestrictions, parseRestriction } from './restriction.ts';

/**
 * SMART scopes (SMART App Launch 2.2, Scopes for requesting FHIR Resources). Our own tokens hold `system/` scopes only: a
 * partner's application acts for itself. `intake` is our own: it may send messages as its partner.
 */
export type Scope = ResourceScope | IntakeScope;

export interface ResourceScope {
  readonly kind: 'resource';
  /** A resource type, or `*` for every type. */
  readonly type: string;
  /** A part of `cruds`, in that order. */
  readonly permissions: string;
  /** A search without `?` that a resource must match, `category=…|laboratory`; undefined where the scope is not restricted. */
  readonly query?: string | undefined;
}

export interface IntakeScope {
  readonly kind: 'intake';
}

export type Permission = 'c' | 'r' | 'u' | 'd' | 's';

export type ScopeNeed =
  | { readonly kind: 'resource'; readonly type: string; readonly permission: Permission }
  | { readonly kind: 'intake' };

/** Before the slash: `system` in our own tokens; `user` and `patient` in those of an issuer elsewhere. */
export type ScopeContext = 'system' | 'user' | 'patient';

const PERMISSIONS: readonly Permission[] = ['c', 'r', 'u', 'd', 's'];

/** The spelling of SMART v1, and what it means in v2. */
const V1_PERMISSIONS: ReadonlyMap<string, string> = new Map([
  ['read', 'rs'],
  ['write', 'cud'],
  ['*', 'cruds'],
]);

const TYPE_NAME = /^[A-Z][A-Za-z]{1,63}$/;
const V2_PERMISSIONS = /^(?=.)c?r?u?d?s?$/;

/** Whether a text has the form of a resource type's name; only then may it stand in an answer. */
export function isTypeName(text: string): boolean {
  return TYPE_NAME.test(text);
}

/**
 * One scope. A restriction by a query is read here and known by nobody yet: whether R4 has its parameters is for
 * `check-criteria.ts`. The issue never repeats what was asked: a query may name a patient.
 */
export function parseScope(text: string, contexts: readonly ScopeContext[] = ['system']): Result<Scope> {
  if (text === 'intake') return success({ kind: 'intake' });
  if (text.length > LIMITS.scopeCharsMax) return wrong(`A scope has at most ${LIMITS.scopeCharsMax} characters.`);
  const [path = '', query] = splitOnce(text, '?');
  const [context = '', rest] = splitOnce(path, '/');
  if (rest === undefined || !contexts.some((one) => one === context)) {
    return wrong('A scope is `system/<type>.<cruds>` or `intake`; user and patient scopes are not given here.');
  }
  const [type = '', permissionText = ''] = splitOnce(rest, '.');
  if (type !== '*' && !isTypeName(type)) {
    return wrong('A scope names a resource type or `*`: `system/CarePlan.rs`, `system/*.r`.');
  }
  const permissions = V1_PERMISSIONS.get(permissionText) ?? permissionText;
  if (!V2_PERMISSIONS.test(permissions)) {
    return wrong(`The scope for ${type} needs some of \`cruds\` after the dot, in that order, such as \`.rs\`.`);
  }
  if (query === undefined) return success({ kind: 'resource', type, permissions });
  if (type === '*') return wrong('A scope that is restricted by a query names its resource type.');
  const restriction = parseRestriction(query);
  if (restriction === undefined) {
    const form = 'name=value pairs joined with `&`, as in a search, with what is special written as %XX';
    return wrong(`The query of the scope for ${type} is not of the form ${form}.`);
  }
  return success({ kind: 'resource', type, permissions, query: formatRestriction(restriction) });
}

/** A list of scopes. One bad scope makes the list bad; every bad one has its issue. */
export function parseScopes(texts: readonly string[]): Result<readonly Scope[]> {
  if (texts.length > LIMITS.scopesMax) {
    return failure(issue('scope-invalid', `There are more than ${LIMITS.scopesMax} scopes.`));
  }
  const parsed = texts.map((text) => parseScope(text));
  const issues = parsed.flatMap((one) => one.issues);
  const scopes = parsed.flatMap((one) => (one.ok ? [one.value] : []));
  return scopes.length === texts.length ? success(scopes) : failure(...issues);
}

/** The scopes of a registration or an identity; what cannot be read grants nothing. */
export function readScopes(texts: readonly string[], contexts: readonly ScopeContext[] = ['system']): readonly Scope[] {
  return texts.flatMap((text) => {
    const parsed = parseScope(text, contexts);
    return parsed.ok ? [parsed.value] : [];
  });
}

/** In SMART v2 spelling. */
export function formatScope(scope: Scope): string {
  if (scope.kind === 'intake') return 'intake';
  return `system/${scope.type}.${scope.permissions}${scope.query === undefined ? '' : `?${scope.query}`}`;
}

/**
 * What both sides hold, no more and no less: `system/*.rs` asked where `system/CarePlan.rs system/Patient.r` is
 * registered gives those two. Restrictions hold together: what is asked with one query and registered with another is
 * granted with both, so that the grant is never wider than either side. A scope that another one of the result
 * includes is left out.
 */
export function intersectScopes(asked: readonly Scope[], registered: readonly Scope[]): readonly Scope[] {
  const found = new Map<string, ResourceScope>();
  for (const one of asked) {
    for (const other of registered) {
      const common = intersectTwo(one, other);
      if (common === undefined) continue;
      const key = `${common.type}?${common.query ?? ''}`;
      const before = found.get(key)?.permissions ?? '';
      const united = PERMISSIONS.filter((letter) => before.includes(letter) || common.permissions.includes(letter));
      found.set(key, { ...common, permissions: united.join('') });
    }
  }
  const scopes: Scope[] = dropIncluded([...found.values()]);
  if (hasIntake(asked) && hasIntake(registered)) scopes.push({ kind: 'intake' });
  return scopes;
}

/**
 * Whether one of the scopes gives what is needed, of at least some resources of the type: which ones, `criteriaFor`
 * says, and every caller that passes a resource on must hold it against them.
 */
export function allows(scopes: readonly Scope[], need: ScopeNeed): boolean {
  if (need.kind === 'intake') return hasIntake(scopes);
  return scopes.some((scope) => gives(scope, need.type, need.permission));
}

/**
 * Which resources of a type the scopes reach with a permission: `all`, or those that match one of the queries
 * (searches without `?`, OR between them). An empty list is none.
 */
export function criteriaFor(scopes: readonly Scope[], type: string, permission: Permission): 'all' | readonly string[] {
  const queries = new Set<string>();
  for (const scope of scopes) {
    if (!gives(scope, type, permission)) continue;
    if (scope.query === undefined) return 'all';
    queries.add(scope.query);
  }
  return [...queries];
}

function gives(scope: Scope, type: string, permission: Permission): scope is ResourceScope {
  if (scope.kind !== 'resource' || !scope.permissions.includes(permission)) return false;
  return scope.type === '*' || scope.type === type;
}

function intersectTwo(one: Scope, other: Scope): ResourceScope | undefined {
  if (one.kind !== 'resource' || other.kind !== 'resource') return undefined;
  const type = intersectTypes(one.type, other.type);
  const permissions = PERMISSIONS.filter(
    (letter) => one.permissions.includes(letter) && other.permissions.includes(letter),
  ).join('');
  if (type === undefined || permissions === '') return undefined;
  const query = joinRestrictions(one.query, other.query);
  // Two restrictions may be more together than one scope can say: then it is not granted, because less would be wider.
  const sayable = query === undefined || (query.length < LIMITS.scopeCharsMax - 100 && parseRestriction(query));
  if (!sayable) return undefined;
  return { kind: 'resource', type, permissions, ...(query === undefined ? {} : { query }) };
}

/** One after another, so that of two that include each other one stays. */
function dropIncluded(scopes: readonly ResourceScope[]): Scope[] {
  const kept = new Set(scopes);
  for (const scope of scopes) {
    const wider = [...kept].filter((other) => other !== scope && includesResources(other, scope));
    if ([...scope.permissions].every((letter) => wider.some(({ permissions }) => permissions.includes(letter))))
      kept.delete(scope);
  }
  return [...kept];
}

/** Whether every resource that `narrow` reaches is one that `wide` reaches too. */
function includesResources(wide: ResourceScope, narrow: ResourceScope): boolean {
  if (wide.type !== '*' && wide.type !== narrow.type) return false;
  return wide.query === undefined || (narrow.query !== undefined && isNarrower(narrow.query, wide.query));
}

function hasIntake(scopes: readonly Scope[]): boolean {
  return scopes.some(({ kind }) => kind === 'intake');
}

function intersectTypes(one: string, other: string): string | undefined {
  if (one === '*') return other;
  return other === '*' || other === one ? one : undefined;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

function wrong(text: string): Result<never> {
  return failure(issue('scope-invalid', text));
}
