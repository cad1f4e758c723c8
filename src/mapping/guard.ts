import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { Environment } from '../fhirpath/fhirpath.ts';
import { hostOf } from './run-host.ts';
import type { Place } from './yaml-source.ts';

/** A compiled piece of a skeleton: the message's root and what can be seen in, a value out; undefined is dropped. */
export type Render = (root: unknown, env: Environment) => unknown;

/**
 * In a watched run a failing leaf becomes an issue with its places, and the leaf is left out, so that one run tells
 * about all leaves. A run that nobody watches pays nothing for this.
 */
export function guard(watched: boolean, place: Place, render: Render): Render {
  if (!watched) return render;
  return (root, env) => {
    const { trace } = hostOf(env);
    trace?.beginLeaf();
    const value = attempt(env, place, () => render(root, env));
    trace?.endLeaf(place, value);
    return value;
  };
}

/** Runs, and keeps an `EvaluationError` in the trace where there is one; undefined then. */
export function attempt<T>(env: Environment, place: Place, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    const { trace } = hostOf(env);
    if (!(error instanceof EvaluationError) || error.code === 'mapping-limit' || trace === undefined) throw error;
    trace.fail(error, place);
    return undefined;
  }
}
