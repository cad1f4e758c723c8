import { issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';

/**
 * SMART scopes (SMART App Launch 2.2, Scopes for requesting FHIR Resources). Only `system/` scopes exist here: a
 * partner's application acts for itself. `intake` is our own: it may send messages as its partner.
 */
export type Scope = ResourceScope | IntakeScope;

export interface ResourceScope {
  readonly kind: 'resource';
  /** A resource type, or `*` for every type. */
  readonly type: string;
  /** A part of `cruds`, in that order. */
  readonly permissions: string;
}

export interface IntakeScope {
  readonly kind: 'intake';
}

export type Permission = 'c' | 'r' | 'u' | 'd' | 's';

export type ScopeNeed =
  | { readonly kind: 'resource'; readonly type: string; readonly permission: Permission }
  | { readonly kind: 'intake' };

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
 * One scope. A scope with a query (`system/Observation.rs?category=…`) is refused: its restriction is not enforced yet,
 * and granting it without would give more than was agreed. The issue never repeats what was asked: a query may name
 * a patient.
 */
export function parseScope(text: string): Result<Scope> {
  if (text === 'intake') return success({ kind: 'intake' });
  const [path = '', query] = splitOnce(text, '?');
  const [context = '', rest] = splitOnce(path, '/');
  if (context !== 'system' || rest === undefined) {
    return failure(
      issue(
        'scope-invalid',
        'A scope is `system/<type>.<cruds>` or `intake`; user and patient scopes are not given here.',
      ),
    );
  }
  const [type = '', permissionText = ''] = splitOnce(rest, '.');
  if (type !== '*' && !isTypeName(type)) {
    return failure(issue('scope-invalid', 'A scope names a resource type or `*`: `system/CarePlan.rs`, `system/*.r`.'));
  }
  const permissions = V1_PERMISSIONS.get(permissionText) ?? permissionText;
  if (!V2_PERMISSIONS.test(permissions)) {
    return failure(
      issue(
        'scope-invalid',
        `The scope for ${type} needs some of \`cruds\` after the dot, in that order, such as \`.rs\`.`,
      ),
    );
  }
  if (query !== undefined) {
    const whole = `system/${type}.${permissions}`;
    return failure(
      issue(
        'scope-invalid',
        `Scopes restricted by a query are not supported yet; ${whole}? is refused, ${whole} is not.`,
      ),
    );
  }
  return success({ kind: 'resource', type, permissions });
}

/** A list of scopes. One bad scope makes the list bad; every bad one has its issue. */
export function parseScopes(texts: readonly string[]): Result<readonly Scope[]> {
  if (texts.length > LIMITS.scopesMax) {
    return failure(issue('scope-invalid', `There are more than ${LIMITS.scopesMax} scopes.`));
  }
  const parsed = texts.map(parseScope);
  const issues = parsed.flatMap((one) => one.issues);
  const scopes = parsed.flatMap((one) => (one.ok ? [one.value] : []));
  return scopes.length === texts.length ? success(scopes) : failure(...issues);
}

/** The scopes of a registration or an identity; what cannot be read grants nothing. */
export function readScopes(texts: readonly string[]): readonly Scope[] {
  return texts.flatMap((text) => {
    const parsed = parseScope(text);
    return parsed.ok ? [parsed.value] : [];
  });
}

/** In SMART v2 spelling. */
export function formatScope(scope: Scope): string {
  return scope.kind === 'intake' ? 'intake' : `system/${scope.type}.${scope.permissions}`;
}

/**
 * What both sides hold, no more and no less: `system/*.rs` asked where `system/CarePlan.rs system/Patient.r` is
 * registered gives those two.
 */
export function intersectScopes(asked: readonly Scope[], registered: readonly Scope[]): readonly Scope[] {
  const permissionsByType = new Map<string, string>();
  for (const one of asked) {
    for (const other of registered) {
      if (one.kind !== 'resource' || other.kind !== 'resource') continue;
      const type = intersectTypes(one.type, other.type);
      if (type === undefined) continue;
      const permissions = PERMISSIONS.filter(
        (letter) => one.permissions.includes(letter) && other.permissions.includes(letter),
      );
      const before = permissionsByType.get(type) ?? '';
      const united = PERMISSIONS.filter((letter) => before.includes(letter) || permissions.includes(letter)).join('');
      if (united !== '') permissionsByType.set(type, united);
    }
  }
  const everywhere = permissionsByType.get('*') ?? '';
  const scopes: Scope[] = [];
  for (const [type, permissions] of permissionsByType) {
    if (type !== '*' && [...permissions].every((letter) => everywhere.includes(letter))) continue;
    scopes.push({ kind: 'resource', type, permissions });
  }
  if (hasIntake(asked) && hasIntake(registered)) scopes.push({ kind: 'intake' });
  return scopes;
}

/** Whether one of the scopes gives what is needed. */
export function allows(scopes: readonly Scope[], need: ScopeNeed): boolean {
  if (need.kind === 'intake') return hasIntake(scopes);
  return scopes.some(
    (scope) =>
      scope.kind === 'resource' &&
      (scope.type === '*' || scope.type === need.type) &&
      scope.permissions.includes(need.permission),
  );
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
