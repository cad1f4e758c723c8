import type { StoredResource } from '../../store/store.ts';

/** Why an entry is there (https://hl7.org/fhir/R4/valueset-search-entry-mode.html), or all that is said of it. */
export type EntrySearch = 'match' | 'include' | { readonly mode: 'match'; readonly [member: string]: unknown };

/**
 * One entry of a searchset, as text. Resources are stored as text and are set in as they are, so that nothing changes
 * on the way out.
 */
export function searchEntryText(
  { type, id, content }: Pick<StoredResource, 'type' | 'id' | 'content'>,
  search: EntrySearch,
  fhirBase: string,
): string {
  const fullUrl = JSON.stringify(`${fhirBase}/${type}/${id}`);
  const said = JSON.stringify(typeof search === 'string' ? { mode: search } : search);
  return `{"fullUrl":${fullUrl},"resource":${content},"search":${said}}`;
}

/** A whole searchset: its other members, and its entries as text. FHIR has no empty lists, so none stand without entries. */
export function searchsetText(
  members: { readonly timestamp: string; readonly [member: string]: unknown },
  entries: readonly string[],
): string {
  const frame = JSON.stringify({ resourceType: 'Bundle', type: 'searchset', ...members });
  return entries.length === 0 ? frame : `${frame.slice(0, -1)},"entry":[${entries.join(',')}]}`;
}
