import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { Payload } from '../formats/format.ts';
import type { Result } from '../kernel/result.ts';
import { readRouted } from './cases.ts';
import type { LoadedMapping } from './load-mapping.ts';
import type { MappedEntry, MappingContext, OutResult } from './mapping.ts';
import { runProgramIn } from './run-in.ts';
import { runProgramOut } from './run-out.ts';
import { EnoughIssues, type Trace } from './trace.ts';

/** What a watched run gives: entries of a map into FHIR, or the tree of a map out of it. */
export type WatchedResult = readonly MappedEntry[] | OutResult;

/**
 * Runs a mapping so that a trace sees what it does: over a message, or out of FHIR over a Bundle with the routed
 * resource in front. Undefined where the message is refused; the trace has then seen what was done until there.
 */
export function watchRun(
  { mapping, watched, codes }: Pick<LoadedMapping, 'mapping' | 'watched' | 'codes'>,
  payload: Payload,
  context: MappingContext,
  trace: Trace,
): WatchedResult | undefined {
  try {
    const result: Result<WatchedResult> =
      mapping.direction === 'in'
        ? runProgramIn(watched(), payload, context, codes, trace)
        : runOut({ watched, codes }, payload, context, trace);
    return result.ok ? result.value : undefined;
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof EnoughIssues) return undefined;
    throw error;
  }
}

function runOut(
  { watched, codes }: Pick<LoadedMapping, 'watched' | 'codes'>,
  payload: Payload,
  context: MappingContext,
  trace: Trace,
): Result<OutResult> {
  const { focus, resources } = readRouted(payload.tree);
  return runProgramOut(watched(), focus, resources, context, codes, trace);
}
