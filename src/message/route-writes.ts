import type { Resource } from '@medplum/fhirtypes';
import type { ResourceIndexer } from '../fhir/index-resource.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { parseExact, printExact } from '../kernel/exact-json.ts';
import type { Router } from '../routing/router.ts';
import type { ResourceWrite } from '../store/store.ts';
import type { PlannedWrite, RoutedWrite } from './message.ts';
import { hasInvalidTag, withInvalidTag } from './validation-policy.ts';

export interface RoutedWrites {
  readonly writes: readonly PlannedWrite[];
  readonly routed: readonly RoutedWrite[];
  /** A warning for each resource that a route withheld because it is not valid. */
  readonly issues: readonly Issue[];
}

/**
 * Where each new version goes. What its channel let pass although it is not valid goes by no route that rejects such,
 * and carries the tag where a route asks for it.
 */
export function routeWrites(
  planned: readonly PlannedWrite[],
  { router, indexer }: { readonly router: Router; readonly indexer: ResourceIndexer },
): RoutedWrites {
  const writes: PlannedWrite[] = [];
  const routed: RoutedWrite[] = [];
  const issues: Issue[] = [];
  for (const one of planned) {
    const invalid = one.invalid === true;
    const targets = router.route(one.write, invalid);
    const write =
      invalid && targets.some(({ validation }) => validation === 'tag') ? tagWrite(one.write, indexer) : one.write;
    writes.push({ ...one, write });
    for (const { route, partner, channel } of targets) routed.push({ write, route, partner, channel });
    if (!invalid) continue;
    const reached = new Set(targets.map(({ partner, channel }) => `${partner}/${channel}`));
    for (const { route, partner, channel } of router.route(one.write)) {
      if (reached.has(`${partner}/${channel}`)) continue;
      const text = `The route ${route} does not send this ${write.type} to ${partner}, because it is not valid.`;
      issues.push(issue('route-withheld', text, { severity: 'warning', expression: write.type }));
    }
  }
  return { writes, routed, issues };
}

/** The tag is content: it is stored, and found by search. */
function tagWrite(write: ResourceWrite, indexer: ResourceIndexer): ResourceWrite {
  const resource = parseExact(write.content) as unknown as Resource;
  if (hasInvalidTag(resource)) return write;
  const tagged = withInvalidTag(resource, true);
  return { ...write, content: printExact(tagged), index: indexer.index(tagged).index };
}
