import type { Resource } from '@medplum/fhirtypes';
import { referencesOf } from '../fhir/references.ts';
import { issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { Store } from '../store/store.ts';

/**
 * The focus and what it refers to, references of references included, as far as `LIMITS.deliveryReferenceDepth` steps:
 * what `resolve()` may find in a mapping out of FHIR. Current versions, so that a partner is told today's address and
 * not that of the day the referral was written. A reference to what the store does not hold resolves to nothing.
 * More than `LIMITS.deliveryResourcesMax` is a failure: leaving some out would send a partner half the truth.
 */
export async function gatherResources(focus: Resource, store: Pick<Store, 'read'>): Promise<Result<Resource[]>> {
  const gathered: Resource[] = [focus];
  const seen = new Set([`${focus.resourceType}/${focus.id}`]);
  let level: readonly Resource[] = [focus];
  for (let depth = 0; depth < LIMITS.deliveryReferenceDepth; depth += 1) {
    const wanted = new Set(level.flatMap(referencesOf).flatMap((reference) => relativeReference(reference) ?? []));
    const fresh = [...wanted].filter((reference) => !seen.has(reference));
    if (seen.size + fresh.length > LIMITS.deliveryResourcesMax) {
      return failure(issue('mapping-limit', `The resource refers to more than ${LIMITS.deliveryResourcesMax} others.`));
    }
    for (const reference of fresh) seen.add(reference);
    const found = await Promise.all(fresh.map((reference) => readCurrent(reference, store)));
    level = found.filter((resource) => resource !== undefined);
    gathered.push(...level);
  }
  return success(gathered);
}

async function readCurrent(reference: string, store: Pick<Store, 'read'>): Promise<Resource | undefined> {
  const [type = '', id = ''] = reference.split('/');
  const stored = await store.read(type, id);
  return stored === undefined || stored.deleted ? undefined : (JSON.parse(stored.content) as Resource);
}

/** `Patient/1` of `Patient/1/_history/2`; undefined for an absolute, logical or contained reference. */
function relativeReference(reference: string): string | undefined {
  return /^([A-Z][A-Za-z]{0,63}\/[A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/.exec(reference)?.[1];
}
