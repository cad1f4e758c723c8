import { isJsonObject } from '../kernel/json.ts';

/**
 * Finds resources by what a reference says: the full URL of a Bundle entry, `Type/id`, or `Type/id/_history/1`
 * (https://hl7.org/fhir/R4/bundle.html#references). References into `contained` are for the resource that holds them.
 */
export function indexReferences(
  entries: readonly { readonly fullUrl: unknown; readonly resource: unknown }[],
): (reference: string) => unknown {
  const found = new Map<string, unknown>();
  const keep = (key: string, resource: unknown) => {
    if (!found.has(key)) found.set(key, resource);
  };
  for (const { fullUrl, resource } of entries) {
    if (!isJsonObject(resource)) continue;
    if (typeof fullUrl === 'string') keep(fullUrl, resource);
    if (typeof resource.resourceType === 'string' && typeof resource.id === 'string') {
      keep(`${resource.resourceType}/${resource.id}`, resource);
    }
  }
  return (reference) => found.get(reference) ?? found.get(reference.replace(/\/_history\/[A-Za-z0-9.-]{1,64}$/, ''));
}
