import { LIMITS } from '../kernel/limits.ts';
import type { Node } from './ast.ts';
import type { CompiledExpression, CompileOptions, Environment, KeptPath } from './fhirpath.ts';

/** Found where the general way has to be gone: there is a list on the way, or one that FHIRPath would open out. */
const GENERAL = Symbol('the general way');

/** See `CompiledExpression.find`. */
export type Find = CompiledExpression['find'];

/** What is known of an expression that is a path of plain names. */
interface FoundPath {
  readonly find: Find;
  readonly kept?: KeptPath | undefined;
}

/**
 * A path of plain names such as `patient.name` or `%row.code`, which most expressions of a mapping are: what it finds,
 * without the machinery that others need. Undefined for an expression that is no such path.
 */
export function compileFindPath(
  node: Node,
  { dialect, track, variables, slots, pathSlot }: CompileOptions,
  general: Find,
): FoundPath | undefined {
  if (dialect !== 'plain' || track === true) return undefined;
  const names: string[] = [];
  let start: Node | undefined = node;
  while (start?.kind === 'member') {
    names.unshift(start.name);
    start = start.from;
  }
  // A name that every object inherits must be looked for among its own.
  if (names.length === 0 || names.some((name) => name in Object.prototype)) return undefined;
  const last = names.at(-1) ?? '';
  if (start === undefined) {
    if (names.length === 1 || pathSlot === undefined) return { find: fromInput(names, general) };
    return fromKept({ slot: pathSlot(names.slice(0, -1)), name: last, steps: names.length }, general);
  }
  if (start.kind !== 'variable' || !variables.has(start.name)) return undefined;
  const slot = slots?.get(start.name);
  if (slot === undefined) return { find: fromVariable(start.name, names, general) };
  if (names.length === 1) return fromKept({ slot, name: last, steps: 1 }, general);
  return { find: fromSlot(slot, names, general) };
}

/** A text at a path of which the frame holds all but the last name; undefined where it takes more to tell what is there. */
export function findKeptText({ slot, name, steps }: KeptPath, { frame, budget }: Environment): string | undefined {
  if (frame === undefined || budget.steps <= STEPS_KEPT) return undefined;
  const holder = frame[slot];
  if (typeof holder !== 'object' || holder === null) return undefined;
  // A list has texts under no name.
  const found = (holder as Members)[name];
  if (typeof found !== 'string') return undefined;
  budget.steps -= steps;
  return found;
}

/** Near the end of the budget the general way counts to the last step. */
const STEPS_KEPT = LIMITS.expressionDepthMax + LIMITS.mappingItemsMax;

/** Paths such as `patient.name` and `%row.code`, whose beginning is looked up once for all expressions of a run. */
function fromKept(kept: KeptPath, general: Find): FoundPath {
  const { slot, name, steps } = kept;
  const find: Find = (input, env) => {
    const text = findKeptText(kept, env);
    if (text !== undefined) return text;
    const { budget, frame } = env;
    const holder = frame?.[slot];
    if (holder === undefined || Array.isArray(holder) || budget.steps <= STEPS_KEPT) return general(input, env);
    budget.steps -= steps;
    if (typeof holder !== 'object' || holder === null) return undefined;
    const settled = settle((holder as Members)[name], budget);
    return settled === GENERAL ? general(input, env) : settled;
  };
  return { find, kept };
}

function fromInput(names: readonly string[], general: Find): Find {
  return (input, env) => {
    const found = follow(input, names, env);
    return found === GENERAL ? general(input, env) : found;
  };
}

function fromSlot(slot: number, names: readonly string[], general: Find): Find {
  return (input, env) => {
    const item = env.frame?.[slot];
    const found = item === undefined ? GENERAL : follow(item, names, env);
    return found === GENERAL ? general(input, env) : found;
  };
}

function fromVariable(variable: string, names: readonly string[], general: Find): Find {
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
