import type { Definitions } from '../../../../src/fhir/definitions.ts';
import type { Invariant } from '../../../../src/fhir/structure.ts';
import { compileFhirPath } from '../../../../src/fhirpath/compile-fhirpath.ts';
import { EvaluationError } from '../../../../src/fhirpath/evaluation-error.ts';
import type { CompiledExpression } from '../../../../src/fhirpath/fhirpath.ts';
import { GinnelError, type Issue, issue } from '../../../../src/kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../../../../src/kernel/json.ts';
import { LIMITS } from '../../../../src/kernel/limits.ts';
import { type ElementRule, NO_ISSUES } from './rule.ts';

/**
 * Invariants that have a rule of their own here: references within the resource (ref-1), contained resources (dom-3),
 * and the content of narrative (txt-1, txt-2). sdf-19 is about the specification's own StructureDefinitions.
 */
const ELSEWHERE = new Set(['ref-1', 'dom-3', 'txt-1', 'txt-2', 'sdf-19']);

/** The one invariant of a resource that validateResource passes over: an Organization has a name or an identifier. */
const NOT_IN_CORE = new Set(['org-1']);

/**
 * R4's own rules where validateResource does not ask them: it looks at those on the elements of the outermost resource.
 */
export function invariants(definitions: Definitions): ElementRule {
  const compiled = new Map<Invariant, CompiledExpression>();
  const compile = (invariant: Invariant): CompiledExpression => {
    const known = compiled.get(invariant);
    if (known !== undefined) return known;
    const result = compileFhirPath(invariant.expression, {
      dialect: 'fhir',
      variables: new Set(['resource', 'rootResource', 'context']),
      functions: new Map(),
      place: { file: invariant.key, line: 1, column: 1 },
    });
    if (!result.ok) throw new GinnelError(result.issues);
    compiled.set(invariant, result.value);
    return result.value;
  };

  const check = (
    list: readonly Invariant[],
    value: unknown,
    resource: JsonObject,
    container: JsonObject,
    expression: () => string,
  ): readonly Issue[] => {
    if (list.length === 0) return NO_ISSUES;
    const found: Issue[] = [];
    for (const invariant of list) {
      if (ELSEWHERE.has(invariant.key) || !isBroken(compile(invariant), value, resource, container)) continue;
      const text = `R4 rule ${invariant.key} does not hold: ${invariant.human}.`;
      found.push(issue('resource-invalid', text, { expression: expression() }));
    }
    return found;
  };

  return ({ value, property, resource, container, expression }) => {
    const own = check(property.invariants, value, resource, container, expression);
    if (!isJsonObject(value) || property.inner !== undefined) return own;
    if (property.type !== 'Resource') {
      const ofType = definitions.structure(property.type)?.invariants ?? NO_INVARIANTS;
      return ofType.length === 0 ? own : [...own, ...check(ofType, value, resource, container, expression)];
    }
    const ofType = definitions.structure(String(value.resourceType))?.invariants ?? NO_INVARIANTS;
    const wanted = value === container ? ofType.filter(({ key }) => NOT_IN_CORE.has(key)) : ofType;
    return check(wanted, value, value, property.name === 'contained' ? container : value, expression);
  };
}

const NO_INVARIANTS: readonly Invariant[] = [];

/**
 * Only a plain false breaks it. An expression without an answer is one about dates of different precision, such as a
 * Period from 09:30 to the same day, and no proof of anything.
 */
function isBroken(
  expression: CompiledExpression,
  value: unknown,
  resource: JsonObject,
  container: JsonObject,
): boolean {
  try {
    const result = expression.evaluate(value, {
      variables: new Map([
        ['resource', [resource]],
        ['rootResource', [container]],
        ['context', [value]],
      ]),
      now: new Date(0),
      budget: { steps: LIMITS.mappingStepsMax },
    });
    return result.length === 1 && result[0] === false;
  } catch (fault) {
    // Values of the wrong type are reported as such.
    if (fault instanceof EvaluationError) return false;
    throw fault;
  }
}
