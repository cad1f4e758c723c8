import type { Node } from './ast.ts';
import type { CompileOptions, Environment } from './fhirpath.ts';
import { compileFindPath, type Find } from './find-path.ts';

/** What a path finds where the general way has to be gone for it. */
const UNKNOWN = Symbol('the general way');

/** True or false, nothing, or `UNKNOWN`. */
type Test = (input: unknown, env: Environment) => unknown;

/**
 * `code = 'x'`, `name.exists()` and `iif(code = 'x', 'a', 'b')` over paths and texts, which most choices of a mapping
 * are: what is found, without the machinery that others need. Undefined for every other expression.
 */
export function compileFindChoice(node: Node, options: CompileOptions, general: Find): Find | undefined {
  const found = compileTest(node, options) ?? compileIif(node, options);
  if (found === undefined) return undefined;
  return (input, env) => {
    const answer = Array.isArray(input) ? UNKNOWN : found(input, env);
    return answer === UNKNOWN ? general(input, env) : answer;
  };
}

function compileTest(node: Node, options: CompileOptions): Test | undefined {
  if (node.kind === 'call' && node.name === 'exists' && node.args.length === 0 && node.from !== undefined) {
    const find = compilePath(node.from, options);
    if (find === undefined) return undefined;
    return (input, env) => {
      const found = find(input, env);
      return found === UNKNOWN ? UNKNOWN : found !== undefined;
    };
  }
  if (node.kind !== 'binary' || node.operator !== '=') return undefined;
  const text = textOf(node.right);
  const find = text === undefined ? undefined : compilePath(node.left, options);
  if (find === undefined) return undefined;
  return (input, env) => {
    const found = find(input, env);
    if (typeof found !== 'string') return found === undefined ? undefined : UNKNOWN;
    // As the operator costs.
    env.budget.steps -= 1;
    return found === text;
  };
}

function compileIif(node: Node, options: CompileOptions): Test | undefined {
  if (node.kind !== 'call' || node.name !== 'iif' || node.from !== undefined || node.args.length !== 3)
    return undefined;
  const [criterion, whenTrue, otherwise] = node.args;
  if (criterion === undefined || whenTrue === undefined || otherwise === undefined) return undefined;
  const holds = compileTest(criterion, options);
  const one = compileValue(whenTrue, options);
  const other = compileValue(otherwise, options);
  if (holds === undefined || one === undefined || other === undefined) return undefined;
  return (input, env) => {
    const truth = holds(input, env);
    if (truth === UNKNOWN) return UNKNOWN;
    return truth === true ? one(input, env) : other(input, env);
  };
}

function compileValue(node: Node, options: CompileOptions): Test | undefined {
  const text = textOf(node);
  return text === undefined ? compilePath(node, options) : () => text;
}

function compilePath(node: Node, options: CompileOptions): Test | undefined {
  return compileFindPath(node, options, () => UNKNOWN)?.find;
}

function textOf(node: Node): string | undefined {
  return node.kind === 'literal' && typeof node.value === 'string' ? node.value : undefined;
}
