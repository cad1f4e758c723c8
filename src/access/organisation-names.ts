import type { Clock } from '../kernel/clock.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { BusinessIdentifier, Store } from '../store/store.ts';
import { keyOf, type OrganisationNames } from './access.ts';

/**
 * The names under which relationships may know organisations: their identifier, and each Organization that carries it.
 * Nothing has to be waited for where they are known.
 */
export type FindOrganisationNames = (
  organisations: readonly BusinessIdentifier[],
) => OrganisationNames | Promise<OrganisationNames>;

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
  const find = async (organisation: BusinessIdentifier, nowMs: number): Promise<Held> => {
    const key = keyOf(organisation);
    const known = held.get(key);
    if (known !== undefined && nowMs < known.untilMs) return known;
    const ids = await parts.store.findByIdentifier('Organization', organisation);
    const found = {
      names: [key, ...ids.map((id) => `Organization/${id}`)],
      untilMs: nowMs + LIMITS.organisationNamesMs,
    };
    // Configured organisations are few; those of external issuers are not ours to number.
    if (held.size >= LIMITS.organisationNamesMax) held.clear();
    held.set(key, found);
    return found;
  };
  /** A caller asks with the same list at every request. */
  const lists = new WeakMap<readonly BusinessIdentifier[], { names: OrganisationNames; untilMs: number }>();
  const findAll = async (organisations: readonly BusinessIdentifier[], nowMs: number): Promise<OrganisationNames> => {
    const names = new Map<string, readonly string[]>();
    let untilMs = Number.POSITIVE_INFINITY;
    for (const one of organisations) {
      const found = await find(one, nowMs);
      names.set(keyOf(one), found.names);
      untilMs = Math.min(untilMs, found.untilMs);
    }
    lists.set(organisations, { names, untilMs });
    return names;
  };
  return (organisations) => {
    const nowMs = parts.clock.now().getTime();
    const known = lists.get(organisations);
    return known !== undefined && nowMs < known.untilMs ? known.names : findAll(organisations, nowMs);
  };
}
