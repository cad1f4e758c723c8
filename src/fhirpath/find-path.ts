import { LIMITS } from '../kernel/limits.ts';
import type { Node } from './ast.ts';
import type { CompiledExpression, CompileOptions, Environment } from './fhirpath.ts';

/** Found where the general way has to be gone: there is a list on the way, or one that FHIRPath would open out. */
const GENERAL = Symbol('the general way');

/** See `CompiledExpression.find`. */
export type Find = CompiledExpression['find'];

/**
 * A path of plain names such as `patient.name` or `%row.code`, which most expressions of a mapping are: what it finds,
 * without the machinery that others need. Undefined for an expression that is no such path.
 */
export function compileFindPath(
  node: Node,
  { dialect, track, variables }: CompileOptions,
  general: Find,
): Find | undefined {
  if (dialect !== 'plain' || track === true) return undefined;
  const names: string[] = [];
  let start: Node | undefined = node;
  while (start?.kind === 'member') {
    names.unshift(start.name);
    start = start.from;
  }
  // A name that every object inherits must be looked for among its own.
  if (names.length === 0 || names.some((name) => name in Object.prototype)) return undefined;
  if (start === undefined) return fromInput(names, general);
  return start.kind === 'variable' && variables.has(start.name) ? fromVariable(start.name, names, general) : undefined;
}

/** Near the end of the budget the general way counts to the last step. */
const STEPS_KEPT = LIMITS.expressionDepthMax + LIMITS.mappingItemsMax;

/** Paths of two names, which most are, go without a loop. */
function fromInput(names: readonly string[], general: Find): Find {
  const [first, second] = names;
  if (names.length === 2 && first !== undefined && second !== undefined) {
    return (input, env) => {
      const { budget } = env;
      if (budget.steps <= STEPS_KEPT || Array.isArray(input)) return general(input, env);
      budget.steps -= 2;
      if (typeof input !== 'object' || input === null) return undefined;
      const value = (input as Members)[first];
      if (typeof value !== 'object' || value === null) return undefined;
      const found = Array.isArray(value) ? GENERAL : (value as Members)[second];
      if (typeof found === 'string') return found;
      const settled = settle(found, budget);
      return settled === GENERAL ? general(input, env) : settled;
    };
  }
  return (input, env) => {
    const found = follow(input, names, env);
    return found === GENERAL ? general(input, env) : found;
  };
}

/** Paths of one name, such as those to the columns of a row, go without a loop. */
function fromVariable(variable: string, names: readonly string[], general: Find): Find {
  const [only] = names;
  if (names.length === 1 && only !== undefined) {
    return (input, env) => {
      const { budget } = env;
      const items = env.variables.get(variable);
      if (items?.length !== 1 || budget.steps <= STEPS_KEPT) return general(input, env);
      const item = items[0];
      if (Array.isArray(item)) return general(input, env);
      budget.steps -= 1;
      if (typeof item !== 'object' || item === null) return undefined;
      const found = (item as Members)[only];
      if (typeof found === 'string') return found;
      const settled = settle(found, budget);
      return settled === GENERAL ? general(input, env) : settled;
    };
  }
  return (input, env) => {
    const items = env.variables.get(variable);
    const found = items?.length === 1 ? follow(items[0], names, env) : GENERAL;
    return found === GENERAL ? general(input, env) : found;
  };
}

function follow(from: unknown, names: readonly string[], { budget }: Environment): unknown {
  if (budget.steps <= STEPS_KEPT) return GENERAL;
  budget.steps -= names.length;
  let value = from;
  for (let at = 0; at < names.length; at += 1) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) return GENERAL;
    value = (value as Members)[names[at] as string];
  }
  return settle(value, budget);
}

type Members = Readonly<Record<string, unknown>>;

function settle(value: unknown, budget: Environment['budget']): unknown {
  if (typeof value !== 'object') return value;
  if (value === null) return undefined;
  return Array.isArray(value) ? settleList(value, budget) : value;
}

function settleList(list: readonly unknown[], budget: Environment['budget']): unknown {
  if (list.length < 2 || list.length > LIMITS.mappingItemsMax) return GENERAL;
  budget.steps -= list.length;
  for (let at = 0; at < list.length; at += 1) {
    const item = list[at];
    if (item === null || item === undefined || Array.isArray(item)) return GENERAL;
  }
  return list;
}
