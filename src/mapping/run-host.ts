import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { Environment } from '../fhirpath/fhirpath.ts';
import type { CodeMap } from './codes.ts';
import type { Trace } from './trace.ts';

/** What our own functions find in `Environment.host` while a mapping runs. */
export interface RunHost {
  readonly codes: ReadonlyMap<string, CodeMap>;
  /** `fullUrl` by the name of the entry; undefined while the names are still being gathered. */
  references: { get(name: string): string | undefined } | undefined;
  /** Entries are missing because they failed; a reference to one of them is no error of its own. */
  entriesFailed: boolean;
  /** Present when a run is watched: after a failure, and for unread fields. */
  readonly trace: Trace | undefined;
}

export function hostOf(env: Environment): RunHost {
  return env.host as RunHost;
}

/** Steps of the skeleton, counted against the same budget as the steps of expressions. */
export function countSteps(env: Environment, steps: number): void {
  env.budget.steps -= steps;
  if (env.budget.steps > 0) return;
  throw new EvaluationError(
    'mapping-limit',
    'The mapping takes more steps than a message may; look for a loop in a loop.',
  );
}
