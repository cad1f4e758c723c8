import type { Environment } from '../fhirpath/fhirpath.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { CodeMap } from './codes.ts';
import type { MappingContext } from './mapping.ts';
import type { RunHost } from './run-host.ts';
import { type Trace, WatchedVariables } from './trace.ts';

/** Long enough from the start for most mappings. */
function frameOf(
  partner: unknown,
  messageId: string,
  others: readonly (readonly [string, readonly unknown[]])[],
): unknown[] {
  const u = undefined;
  const frame: unknown[] = [partner, messageId, u, u, u, u, u, u, u, u, u, u, u, u, u, u];
  for (let at = 0; at < others.length; at += 1) frame[2 + at] = others[at]?.[1];
  return frame;
}

/** A run that nobody watches keeps them in its frame. */
const NO_VARIABLES: Environment['variables'] = new Map();

/** What the expressions of one run can see. */
export function createEnvironment(
  context: MappingContext,
  codes: ReadonlyMap<string, CodeMap>,
  others: readonly (readonly [string, readonly unknown[]])[],
  resolve: Environment['resolve'],
  trace: Trace | undefined,
): Environment {
  const { name, title, organisation } = context.partner;
  const partner = organisation === undefined ? { name, title } : { name, title, organisation };
  const host: RunHost = { codes, references: undefined, entriesFailed: false, trace };
  return {
    variables:
      trace === undefined
        ? NO_VARIABLES
        : new WatchedVariables(trace, [['partner', [partner]], ['messageId', [context.messageId]], ...others]),
    frame: trace === undefined ? frameOf(partner, context.messageId, others) : undefined,
    now: context.now,
    resolve,
    budget: { steps: LIMITS.mappingStepsMax },
    onRead: trace?.onRead,
    onLook: trace?.onLook,
    host,
  };
}
