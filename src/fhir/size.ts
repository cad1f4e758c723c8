import { type Issue, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';

/** What is nested deeper than `levels` more levels, or has a list too long. Reads at most one level more than it allows. */
export function findExcess(value: unknown, levels: number): readonly Issue[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (levels <= 0) {
    return [issue('depth-too-large', `The resource is nested more than ${LIMITS.depthMax} levels deep.`)];
  }
  if (Array.isArray(value) && value.length > LIMITS.listItemsMax) {
    return [issue('fields-too-many', `The resource has a list of more than ${LIMITS.listItemsMax} items.`)];
  }
  for (const member of Object.values(value)) {
    const found = findExcess(member, levels - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
