import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';

/**
 * The positions of contained resources that nobody could ever find: the resource that holds them does not refer to
 * them, and they do not refer to it (R4 rule dom-3).
 */
export function findOrphans(container: JsonObject): number[] {
  const contained = Array.isArray(container.contained) ? container.contained : [];
  if (contained.length === 0) return [];
  const referred = new Set<string>();
  collectFragments(container, referred);
  return contained.flatMap((one, index) =>
    !isJsonObject(one) || (typeof one.id === 'string' && referred.has(one.id)) || refersToContainer(one) ? [] : [index],
  );
}

function collectFragments(value: JsonValue, into: Set<string>): void {
  if (typeof value === 'string') {
    if (value.startsWith('#')) into.add(value.slice(1));
  } else if (Array.isArray(value)) {
    for (const item of value) collectFragments(item, into);
  } else if (isJsonObject(value)) {
    for (const name in value) collectFragments(value[name] ?? null, into);
  }
}

function refersToContainer(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.some(refersToContainer);
  return isJsonObject(value) && (value.reference === '#' || Object.values(value).some(refersToContainer));
}
