import type { Resource } from '@medplum/fhirtypes';
import { otherSpellings } from '../mapping/fhir-shape.ts';
import type { MappedEntry } from '../mapping/mapping.ts';
import { mergeResource } from './merge.ts';

/**
 * A stored resource brought up to date as the entry says: first what the sender deletes is taken away, then what it may
 * only fill is passed over where something is stored, then the rest is merged. Of a choice such as `deceased[x]` what is
 * sent takes the place of what is stored under another spelling, because a resource has one of them.
 */
export function mergeEntry(
  stored: Resource,
  sent: Resource,
  { union, fill, remove }: Pick<MappedEntry, 'union' | 'fill' | 'remove'>,
): Resource {
  const kept: Record<string, unknown> = { ...stored };
  for (const name of remove) takeAway(kept, name);
  const brought: Record<string, unknown> = { ...sent };
  for (const name of remove) takeAway(brought, name);
  for (const name of fill) {
    if ([name, ...otherSpellings(name)].some((one) => kept[one] !== undefined)) takeAway(brought, name);
  }
  for (const name of Object.keys(brought)) {
    for (const other of otherSpellings(name)) if (brought[other] === undefined) takeAway(kept, other);
  }
  return mergeResource(kept as unknown as Resource, brought as unknown as Resource, union);
}

/** An element, and with a primitive what stands beside it. */
function takeAway(resource: Record<string, unknown>, name: string): void {
  delete resource[name];
  delete resource[`_${name}`];
}
