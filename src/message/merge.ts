import type { Resource } from '@medplum/fhirtypes';
import { isJsonObject, type JsonValue } from '../kernel/json.ts';

/**
 * A stored resource brought up to date by what a partner sent about it. An element that the partner sent replaces the
 * stored one; an element it did not send stays as it is, because not every system knows everything about a person.
 * Lists named in `union` are joined: what is stored and is not among what was sent stays. So are the lists of `meta`:
 * a partner that does not know of a restriction must not lift it (https://hl7.org/fhir/R4/resource.html#tag-updates).
 */
export function mergeResource(stored: Resource, sent: Resource, union: readonly string[]): Resource {
  const merged = mergeMembers(stored, sent, union);
  if (stored.meta !== undefined && sent.meta !== undefined)
    merged.meta = mergeMembers(stored.meta, sent.meta, META_LISTS);
  return merged as unknown as Resource;
}

const META_LISTS = ['profile', 'security', 'tag'];

function mergeMembers(stored: object, sent: object, union: readonly string[]): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...stored };
  for (const [name, value] of Object.entries(sent)) {
    if (value === undefined) continue;
    const before = merged[name];
    merged[name] =
      union.includes(name) && Array.isArray(value) && Array.isArray(before) ? joinLists(before, value) : value;
  }
  return merged;
}

/**
 * In the stored order, then what is new: the same message again changes nothing. Of an item that both have, the members
 * that were not sent stay: an identifier keeps its verification status. Items that are the same thing are paired one to
 * one, so that a list which says something twice says it twice afterwards, and no more often.
 */
function joinLists(stored: readonly JsonValue[], sent: readonly JsonValue[]): JsonValue[] {
  const joined = [...stored];
  const places = Map.groupBy(stored.entries(), ([, item]) => itemKey(item));
  for (const item of sent) {
    const [place, before] = places.get(itemKey(item))?.shift() ?? [joined.length];
    joined[place] = isJsonObject(before) && isJsonObject(item) ? { ...before, ...item } : item;
  }
  return joined;
}

/**
 * What makes two list items the same thing: an identifier's or coding's system and value, a participant's member and
 * role, otherwise the whole content.
 */
function itemKey(item: JsonValue): string {
  if (!isJsonObject(item)) return canonicalText(item);
  if (typeof item.system === 'string' && item.value !== undefined) return canonicalText([item.system, item.value]);
  if (isJsonObject(item.member)) return canonicalText([referenceKey(item.member), roleKey(item.role)]);
  return canonicalText(item);
}

function referenceKey(reference: { [name: string]: JsonValue }): JsonValue {
  return reference.reference ?? reference.identifier ?? reference.display ?? null;
}

function roleKey(role: JsonValue | undefined): JsonValue {
  if (!Array.isArray(role)) return null;
  return role
    .flatMap((concept) => (isJsonObject(concept) && Array.isArray(concept.coding) ? concept.coding : [concept]))
    .map((coding) => (isJsonObject(coding) ? [coding.system ?? null, coding.code ?? coding.text ?? null] : coding));
}

/** JSON text with members in alphabetical order, so that equal content is equal text. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    isJsonObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  );
}

/** Whether two versions of a resource say the same: everything but what the store itself sets in `meta`. */
export function sameContent(one: Resource, other: Resource): boolean {
  return canonicalText(withoutServerMeta(one)) === canonicalText(withoutServerMeta(other));
}

function withoutServerMeta(resource: Resource): unknown {
  const { versionId: _version, lastUpdated: _updated, source: _source, ...meta } = resource.meta ?? {};
  return { ...resource, meta };
}
