import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import type { BusinessIdentifier } from '../store/store.ts';
import type { MappedEntry } from './mapping.ts';

/** Marks an update that leaves alone what it does not mention; FHIR's own update has no word for it. */
export const WRITE_MODE_URL = 'https://ginnel.example/fhir/StructureDefinition/write-mode';

/** Names an element that such an update deletes. */
export const REMOVE_URL = 'https://ginnel.example/fhir/StructureDefinition/write-remove';

/** Names an element that such an update sets only where there is none. */
export const FILL_URL = 'https://ginnel.example/fhir/StructureDefinition/write-fill';

/**
 * What a mapping yields, as a FHIR transaction (https://hl7.org/fhir/R4/http.html#transaction): conditional on business
 * identifiers, so that the same message twice changes nothing.
 */
export function toTransactionBundle(entries: readonly MappedEntry[]): Bundle {
  return { resourceType: 'Bundle', type: 'transaction', entry: entries.map(toBundleEntry) };
}

function toBundleEntry({ fullUrl, resource, write, identifier, fill, remove }: MappedEntry): BundleEntry {
  const condition = `identifier=${token(identifier)}`;
  const { resourceType } = resource;
  if (write === 'create') {
    return { fullUrl, resource, request: { method: 'POST', url: resourceType, ifNoneExist: condition } };
  }
  const url = `${resourceType}?${condition}`;
  if (write === 'replace') return { fullUrl, resource, request: { method: 'PUT', url } };
  const extension = [
    { url: WRITE_MODE_URL, valueCode: 'merge' },
    ...remove.map((valueString) => ({ url: REMOVE_URL, valueString })),
    ...fill.map((valueString) => ({ url: FILL_URL, valueString })),
  ];
  return { fullUrl, resource, request: { extension, method: 'PUT', url } };
}

/** `system|value` as a search value in a URL: FHIR's own marks escaped first (https://hl7.org/fhir/R4/search.html#escaping). */
function token({ system, value }: BusinessIdentifier): string {
  const part = (text: string) =>
    encodeURI(text.replaceAll(/[\\,$|]/g, (mark) => `\\${mark}`)).replaceAll(/[&#+]/g, encodeURIComponent);
  return `${part(system)}|${part(value)}`;
}
