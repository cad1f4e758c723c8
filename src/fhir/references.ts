import type { Resource } from '@medplum/fhirtypes';
import { copySpellings } from '../kernel/exact-json.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';

/** https://hl7.org/fhir/R4/datatypes.html#id */
export function isResourceId(id: unknown): boolean {
  return typeof id === 'string' && /^[A-Za-z0-9\-.]{1,64}$/.test(id);
}

export interface ParsedReference {
  /** Base of an absolute reference, with its trailing slash; undefined for a relative one. */
  readonly base: string | undefined;
  readonly type: string;
  readonly id: string;
  readonly version: string | undefined;
}

/**
 * `Patient/1`, `https://x.example/fhir/Patient/1/_history/2` (https://hl7.org/fhir/R4/references.html#literal).
 * Undefined for a fragment, a urn, a search, or a type that is not in `types`.
 */
export function parseReference(reference: string, types: ReadonlySet<string>): ParsedReference | undefined {
  if (reference.startsWith('#') || reference.startsWith('urn:') || reference.includes('?')) return undefined;
  const slash = reference.indexOf('/');
  // `Patient/1`, which nearly every reference is.
  if (slash > 0 && reference.indexOf('/', slash + 1) === -1) {
    const type = reference.slice(0, slash);
    const id = reference.slice(slash + 1);
    return types.has(type) && isResourceId(id) ? { base: undefined, type, id, version: undefined } : undefined;
  }
  const steps = reference.split('/');
  let version: string | undefined;
  if (steps.length > 3 && steps.at(-2) === '_history') {
    version = steps.at(-1);
    steps.length -= 2;
  }
  const id = steps.pop();
  const type = steps.pop();
  if (id === undefined || type === undefined || !types.has(type) || !isResourceId(id)) return undefined;
  if (steps.length === 0) return { base: undefined, type, id, version };
  const base = `${steps.join('/')}/`;
  return /^https?:\/\/./.test(base) ? { base, type, id, version } : undefined;
}

/** The members of a Reference (https://hl7.org/fhir/R4/references.html#Reference). */
const REFERENCE_MEMBERS = new Set([
  'id',
  'extension',
  'reference',
  '_reference',
  'type',
  '_type',
  'identifier',
  'display',
  '_display',
]);

/**
 * The resource with every `Reference.reference`, in contained resources and extensions too, as `replace` returns it;
 * undefined leaves it as it is. The resource itself is not changed: what holds a reference that is another is a copy, and
 * what holds none is shared.
 */
export function rewriteReferences<T extends Resource>(
  resource: T,
  replace: (reference: string) => string | undefined,
): T {
  return rewriteValue(resource as unknown as JsonValue, '', replace) as unknown as T;
}

function rewriteValue(value: JsonValue, member: string, replace: (reference: string) => string | undefined): JsonValue {
  if (Array.isArray(value)) {
    let list = value;
    for (let at = 0; at < value.length; at += 1) {
      const item = value[at] as JsonValue;
      const rewritten = rewriteValue(item, member, replace);
      if (rewritten === item) continue;
      if (list === value) list = copySpellings(value, [...value]);
      list[at] = rewritten;
    }
    return list;
  }
  if (!isJsonObject(value)) return value;
  let object = value;
  for (const name in value) {
    const item = value[name] as JsonValue;
    const rewritten = rewriteValue(item, name, replace);
    if (rewritten === item) continue;
    if (object === value) object = { ...value };
    object[name] = rewritten;
  }
  if (!isReference(value, member)) return object;
  const reference = replace(value.reference) ?? value.reference;
  return reference === value.reference ? object : { ...object, reference };
}

/** Every `Reference.reference` of a resource, in the order they stand, contained resources and extensions included. */
export function referencesOf(resource: Resource): string[] {
  const found: string[] = [];
  const visit = (value: JsonValue, member: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item, member);
    } else if (isJsonObject(value)) {
      for (const name in value) visit(value[name] ?? null, name);
      if (isReference(value, member)) found.push(value.reference);
    }
  };
  visit(resource as unknown as JsonValue, '');
  return found;
}

/**
 * R4 has other elements called `reference`; those with this shape and no other member are in Immunization.education.
 */
function isReference(value: JsonObject, member: string): value is JsonObject & { reference: string } {
  return (
    typeof value.reference === 'string' &&
    member !== 'education' &&
    Object.keys(value).every((name) => REFERENCE_MEMBERS.has(name))
  );
}
