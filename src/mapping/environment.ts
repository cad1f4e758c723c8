import type { Environment } from '../fhirpath/fhirpath.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { CodeMap } from './codes.ts';
import type { MappingContext } from './mapping.ts';
import type { RunHost } from './run-host.ts';
import { type Trace, WatchedVariables } from './trace.ts';

/** What the expressions of one run can see. */
export function createEnvironment(
  context: MappingContext,
  codes: ReadonlyMap<string, CodeMap>,
  others: readonly (readonly [string, readonly unknown[]])[],
  resolve: Environment['resolve'],
  trace: Trace | undefined,
): Environment {
  const { name, title, organisation } = context.partner;
  const given = new Map<string, readonly unknown[]>();
  given.set('partner', [organisation === undefined ? { name, title } : { name, title, organisation }]);
  given.set('messageId', [context.messageId]);
  for (const [other, items] of others) given.set(other, items);
  const host: RunHost = { codes, references: undefined, entriesFailed: false, trace };
  return {
    variables: trace === undefined ? given : new WatchedVariables(trace, given),
    now: context.now,
    resolve,
    budget: { steps: LIMITS.mappingStepsMax },
    onRead: trace?.onRead,
    onLook: trace?.onLook,
    host,
  };
}
