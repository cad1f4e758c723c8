import type { Clock } from '../kernel/clock.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { BusinessIdentifier, Store } from '../store/store.ts';
import { keyOf, type OrganisationNames } from './access.ts';

/** The names under which relationships may know organisations: their identifier, and each Organization that carries it. */
export type FindOrganisationNames = (organisations: readonly BusinessIdentifier[]) => Promise<OrganisationNames>;

interface Held {
  readonly names: readonly string[];
  readonly untilMs: number;
}

/**
 * Remembered for `LIMITS.organisationNamesMs`: a relationship to an Organization that has come to carry an identifier
 * counts that much later.
 */
export function createOrganisationNames(parts: {
  readonly store: Pick<Store, 'findByIdentifier'>;
  readonly clock: Clock;
}): FindOrganisationNames {
  const held = new Map<string, Held>();
  const find = async (organisation: BusinessIdentifier): Promise<readonly string[]> => {
    const key = keyOf(organisation);
    const nowMs = parts.clock.now().getTime();
    const known = held.get(key);
    if (known !== undefined && nowMs < known.untilMs) return known.names;
    const ids = await parts.store.findByIdentifier('Organization', organisation);
    const names = [key, ...ids.map((id) => `Organization/${id}`)];
    // Configured organisations are few; those of external issuers are not ours to number.
    if (held.size >= LIMITS.organisationNamesMax) held.clear();
    held.set(key, { names, untilMs: nowMs + LIMITS.organisationNamesMs });
    return names;
  };
  return async (organisations) => {
    const found = new Map<string, readonly string[]>();
    for (const one of organisations) found.set(keyOf(one), await find(one));
    return found;
  };
}
