import { type Issue, issue } from '../../../../src/kernel/errors.ts';
import { LIMITS } from '../../../../src/kernel/limits.ts';

/**
 * Refuses what is nested too deeply or has a list too long, before anything else walks it. Reads at most one level more
 * than it allows.
 */
export function checkSize(resource: unknown): Issue[] {
  switch (findExcess(resource, LIMITS.depthMax)) {
    case 'depth':
      return [issue('depth-too-large', `The resource is nested more than ${LIMITS.depthMax} levels deep.`)];
    case 'list':
      return [issue('fields-too-many', `The resource has a list of more than ${LIMITS.listItemsMax} items.`)];
    case undefined:
      return [];
  }
}

function findExcess(value: unknown, levels: number): 'depth' | 'list' | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (levels === 0) return 'depth';
  if (Array.isArray(value) && value.length > LIMITS.listItemsMax) return 'list';
  for (const member of Object.values(value)) {
    const found = findExcess(member, levels - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
