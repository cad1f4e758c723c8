import type { Resource } from '@medplum/fhirtypes';
import { contributorIn, contributorName } from '../../fhir/organisations.ts';
import type { StoredResource } from '../../store/store.ts';

/** Who writes, and by which request. */
export interface Contributor {
  readonly partner: string;
  readonly correlationId: string;
}

/**
 * Whether its source names another partner as the one that brought it: a record is open to those who have contributed to
 * it, and nobody says so of somebody else. What a partner did bring stays its own while it stays in the same record.
 */
export function namesAnother(
  { meta }: Resource,
  { before, after }: { readonly before: StoredResource | undefined; readonly after: Pick<StoredResource, 'patient'> },
  { partner }: Contributor,
): boolean {
  const named = contributorIn(meta?.source ?? '');
  if (named === undefined || named === contributorName(partner)) return false;
  if (before === undefined || before.deleted || before.patient !== after.patient) return true;
  return contributorIn((JSON.parse(before.content) as Resource).meta?.source ?? '') !== named;
}

/** As of what a message brings, with the request in place of the message. */
export function sourceOf({ partner, correlationId }: Contributor): string {
  return `${contributorName(partner)}#${correlationId}`;
}
