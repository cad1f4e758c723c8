import { compileFhirPath } from '../fhirpath/compile-fhirpath.ts';
import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { CompiledExpression, Environment, ExtraFunction } from '../fhirpath/fhirpath.ts';
import { GinnelError } from '../kernel/errors.ts';
import type { JsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Invariant, Structure } from './structure.ts';

/**
 * Invariants that are checked in the walk itself: references within the resource (ref-1), contained resources (dom-3),
 * the content of narrative (txt-1, txt-2), and that an extension has a value or extensions (ext-1).
 */
export const CHECKED_IN_THE_WALK: ReadonlySet<string> = new Set(['ref-1', 'dom-3', 'txt-1', 'txt-2', 'ext-1']);

/** sdf-19 is a rule for the specification's own StructureDefinitions, and names elements that those alone have. */
export const NOT_CHECKED: ReadonlySet<string> = new Set(['sdf-19']);

/** An invariant, ready to be asked. */
export interface CompiledInvariant {
  readonly key: string;
  readonly human: string;
  readonly expression: CompiledExpression;
  /** Members of which one at least must be there, or the invariant holds; undefined where it must always be asked. */
  readonly onlyWith: readonly string[] | undefined;
}

/** Compiles the invariants of an element, but for those that are checked elsewhere. */
export function compileInvariants(list: readonly Invariant[], structure: Structure | undefined): CompiledInvariant[] {
  return list
    .filter(({ key }) => !CHECKED_IN_THE_WALK.has(key) && !NOT_CHECKED.has(key))
    .map(({ key, human, expression: source }) => {
      const expression = compileRule(source, key);
      return { key, human, expression, onlyWith: membersNeeded(source, expression, structure) };
    });
}

const RULE_VARIABLES: ReadonlySet<string> = new Set(['resource', 'rootResource', 'context']);

/** Compiles the expression of a rule; throws what is wrong with it. R4's own all compile: a test says so. */
export function compileRule(
  source: string,
  file: string,
  functions: ReadonlyMap<string, ExtraFunction> = new Map(),
): CompiledExpression {
  const place = { file, line: 1, column: 1 };
  const compiled = compileFhirPath(source, { dialect: 'fhir', variables: RULE_VARIABLES, functions, place });
  if (!compiled.ok) throw new GinnelError(compiled.issues);
  return compiled.value;
}

/**
 * Most invariants are about elements that are mostly not there. An expression that reads only members of its own
 * element and holds for an element without any need not be asked where none of these members is there.
 */
function membersNeeded(
  source: string,
  expression: CompiledExpression,
  structure: Structure | undefined,
): readonly string[] | undefined {
  if (structure === undefined || /[$%]|\b(children|descendants)\b/.test(source)) return undefined;
  const withoutTexts = source.replace(/'[^']*'/g, "''");
  // Names at the start of a path; those after a dot are read from what these found.
  const starts = [...withoutTexts.matchAll(/(?<![.\w])([a-z]\w*)(?!\w*\s*\()/g)].map(([, name = '']) => name);
  const names = new Set(starts.filter((name) => !KEYWORDS.has(name)));
  const known = [...names].filter((name) => structure.properties.has(name) || structure.choices.has(name));
  if (known.length === 0 || /(?<![.\w])[A-Z]/.test(withoutTexts) || /^(extension|hasValue)\(/.test(source))
    return undefined;
  if (isBroken(expression, {}, createRuleEnvironment({}, {}))) return undefined;
  const members = known.flatMap((name) => structure.choices.get(name) ?? [name]);
  return members.flatMap((name) => [name, `_${name}`]);
}

const KEYWORDS = new Set(['and', 'or', 'xor', 'implies', 'in', 'contains', 'is', 'as', 'div', 'mod', 'true', 'false']);

/** What the rules of one resource see: made once for it, and `%context` set anew for each rule. */
export interface RuleEnvironment extends Environment {
  readonly variables: Map<string, readonly unknown[]>;
}

/** Rules do not ask for the time, so that the same resource is always judged the same. */
export function createRuleEnvironment(resource: JsonObject, container: JsonObject): RuleEnvironment {
  const variables = new Map<string, readonly unknown[]>([
    ['resource', [resource]],
    ['rootResource', [container]],
  ]);
  return { variables, now: EPOCH, budget: { steps: 0 } };
}

const EPOCH = new Date(0);

/**
 * Only a plain false breaks an invariant of R4. An expression without an answer is one about dates of different
 * precision, such as a Period from 09:30 to the same day, and no proof of anything.
 */
export function isBroken(expression: CompiledExpression, value: unknown, environment: RuleEnvironment): boolean {
  environment.variables.set('context', [value]);
  environment.budget.steps = LIMITS.mappingStepsMax;
  try {
    return expression.find(value, environment) === false;
  } catch (fault) {
    // Values of the wrong type are reported as such.
    if (fault instanceof EvaluationError) return false;
    throw fault;
  }
}
