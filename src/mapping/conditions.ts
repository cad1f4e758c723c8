import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { Environment } from '../fhirpath/fhirpath.ts';
import { isHl7Null } from './functions/text-functions.ts';
import { guard } from './guard.ts';
import { onlyItem } from './output.ts';
import type { Scope } from './scope.ts';
import type { Hole } from './skeleton.ts';

/** True, false, or undefined where it failed in a watched run. Empty is false; what is no boolean is an error. */
export function compileCondition(hole: Hole, scope: Scope): (root: unknown, env: Environment) => boolean | undefined {
  const expression = scope.compile(hole);
  const render = guard(scope.parts.track, hole.place, (root, env) => {
    const found = expression.find(root, env);
    const answer = Array.isArray(found) ? onlyItem(found) : found;
    if (answer === undefined) return false;
    if (typeof answer !== 'boolean') {
      throw new EvaluationError(
        'mapping-failed',
        'A condition is true or false; write .exists() to ask whether a value is there.',
      );
    }
    return answer;
  });
  return (root, env) => render(root, env) as boolean | undefined;
}

/** Whether an element is being deleted: the expression finds true, or HL7's `""` as all there is in a field. */
export function compileRemoval(hole: Hole, scope: Scope): (root: unknown, env: Environment) => boolean {
  const expression = scope.compile(hole);
  const render = guard(scope.parts.track, hole.place, (root, env) =>
    expression.evaluate(root, env).some((item) => item === true || isHl7Null(item, env)),
  );
  return (root, env) => render(root, env) === true;
}
