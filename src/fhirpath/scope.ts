import { EvaluationError } from './evaluation-error.ts';
import type { Environment } from './fhirpath.ts';
import type { Items } from './items.ts';
import type { Temporal } from './temporal.ts';

/** What one evaluation carries besides `$this`. */
export interface Scope {
  readonly env: Environment;
  readonly budget: { steps: number };
  /** `%context`: the input of the whole expression. */
  readonly context: Items;
  /** `$index` of the innermost loop that has one. */
  index: number | undefined;
  /** `$total` of the innermost `aggregate`. */
  total: Items;
  /** `now()`, the same throughout one evaluation. */
  readonly now: () => Temporal;
}

/** A compiled part of an expression. `focus` is `$this`. */
export type Closure = (focus: Items, scope: Scope) => Items;

/** Pays for work; an expression that has spent its budget ends. */
export function spend(scope: Scope, steps: number): void {
  scope.budget.steps -= steps;
  if (scope.budget.steps <= 0) throw overBudget();
}

/** Steps that a text of this length costs, so that a loop cannot heap up ever longer texts. */
export function costOfText(text: string): number {
  return text.length >> 6;
}

function overBudget(): EvaluationError {
  return new EvaluationError('mapping-limit', 'The mapping used up its evaluation steps; it loops over too much.');
}
