import type { Resource } from '@medplum/fhirtypes';
import type { ValidationPolicy } from '../config/config.ts';
import { GINNEL_BASE } from '../fhir/canonical.ts';
import { hasErrors, type Issue, type IssueCode } from '../kernel/errors.ts';

/** The tag of a resource that was not valid when it was stored. */
export const INVALID_TAG = {
  system: `${GINNEL_BASE}/CodeSystem/validation`,
  code: 'invalid',
  display: 'Not valid when it was stored',
} as const;

/**
 * What no policy lets pass: what could run in a browser, name another person, mean its opposite, or cannot be stored
 * or found at all.
 */
const ALWAYS_REFUSED: ReadonlySet<IssueCode> = new Set([
  'depth-too-large',
  'fields-too-many',
  'resource-type-unknown',
  'id-invalid',
  'narrative-unsafe',
  'modifier-extension-unknown',
  'nhs-number-invalid',
]);

export interface Judgement {
  /** Errors that the policy lets pass are warnings here. */
  readonly issues: readonly Issue[];
  readonly refused: boolean;
  /** Let pass although it is not valid. */
  readonly invalid: boolean;
}

/** What becomes of a resource with these issues under a policy. */
export function judgeIssues(found: readonly Issue[], policy: ValidationPolicy): Judgement {
  // A mapping names the same profiles in every message: that one is not installed is no news about this one.
  const issues = found.filter(({ code, severity }) => code !== 'profile-unknown' || severity === 'error');
  if (!hasErrors(issues)) return { issues, refused: false, invalid: false };
  const mayPass = issues.every(({ severity, code }) => severity !== 'error' || !ALWAYS_REFUSED.has(code));
  if (policy === 'reject' || !mayPass) return { issues, refused: true, invalid: false };
  const softened = issues.map((one): Issue => (one.severity === 'error' ? { ...one, severity: 'warning' } : one));
  return { issues: softened, refused: false, invalid: true };
}

/** The resource with our tag, or without it. One that is as it should be is returned itself. */
export function withInvalidTag<T extends Resource>(resource: T, wanted: boolean): T {
  const tags = resource.meta?.tag ?? [];
  if (hasInvalidTag(resource) === wanted) return resource;
  const others = tags.filter((tag) => !isInvalidTag(tag));
  const { tag: _tag, ...meta } = resource.meta ?? {};
  const kept = wanted ? [...others, INVALID_TAG] : others;
  return { ...resource, meta: kept.length === 0 ? meta : { ...meta, tag: kept } };
}

export function hasInvalidTag({ meta }: Resource): boolean {
  return Array.isArray(meta?.tag) && meta.tag.some(isInvalidTag);
}

function isInvalidTag(tag: { readonly system?: string; readonly code?: string } | null): boolean {
  return tag?.system === INVALID_TAG.system && tag.code === INVALID_TAG.code;
}
