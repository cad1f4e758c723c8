import { type Issue, issue } from '../kernel/errors.ts';
import { failure, success } from '../kernel/result.ts';
import { analyse } from './analyse.ts';
import type { Node } from './ast.ts';
import { Compiler, typedInput } from './compile.ts';
import type { CompiledExpression, CompileFhirPath, CompileOptions, Environment } from './fhirpath.ts';
import { compileFindChoice } from './find-choice.ts';
import { compileFindPath } from './find-path.ts';
import { type Items, isTree, readJson, writeJson } from './items.ts';
import { parseFhirPath } from './parser.ts';
import type { Closure, Scope } from './scope.ts';
import { lineAndColumn, SourceError, type SourceProblem } from './source-error.ts';
import { dateTimeOf, type Temporal } from './temporal.ts';

/** Compiles an expression once, to be run many times; every problem that can be seen beforehand is an issue. */
export const compileFhirPath: CompileFhirPath = (source, options) => {
  const problems: SourceProblem[] = [];
  try {
    const isFhir = options.dialect === 'fhir';
    const node = parseFhirPath(source, { numberedMembers: options.dialect === 'hl7v2', refuseDashes: !isFhir });
    const analysis = analyse(node, options);
    problems.push(...analysis.problems);
    if (problems.length === 0) {
      const refuse = (text: string, at: number) => void problems.push({ code: 'fhirpath-arguments', text, at });
      const closure = new Compiler(options, analysis.needsTypes, refuse).compile(node);
      if (problems.length === 0) return success(expressionOf(source, node, options, closure, analysis.needsTypes));
    }
  } catch (problem) {
    if (!(problem instanceof SourceError)) throw problem;
    problems.push(problem.problem);
  }
  return failure(...problems.map((problem) => issueOf(problem, source, options.place)));
};

function expressionOf(
  source: string,
  node: Node,
  options: CompileOptions,
  closure: Closure,
  typed: boolean,
): CompiledExpression {
  const run = (input: unknown, env: Environment): Items => {
    const context = typed ? typedInput(input) : readJson(input);
    return closure(context, new EvaluationScope(env, context));
  };
  const find = (input: unknown, env: Environment): unknown => {
    const items = run(input, env);
    if (typeof items !== 'object' || (isTree(items) && !Array.isArray(items))) return items;
    const list = writeJson(items);
    return list.length > 1 ? list : list[0];
  };
  const path = compileFindPath(node, options, find);
  return {
    source,
    place: options.place,
    evaluate: (input, env) => writeJson(run(input, env)),
    find: path?.find ?? compileFindChoice(node, options, find) ?? find,
    kept: path?.kept,
    bound: boundCall(node, options),
  };
}

/** The whole expression as one call of a function from outside that looks at nothing but literals. */
function boundCall(node: Node, { functions, track }: CompileOptions): CompiledExpression['bound'] {
  if (node.kind !== 'call' || node.from !== undefined || track === true) return undefined;
  const literals = node.args.flatMap((argument) => (argument.kind === 'literal' ? [writeJson(argument.value)] : []));
  return literals.length === node.args.length ? functions.get(node.name)?.bind?.(literals) : undefined;
}

class EvaluationScope implements Scope {
  readonly env: Environment;
  readonly budget: { steps: number };
  readonly context: Items;
  index: number | undefined = undefined;
  total: Items = undefined;

  constructor(env: Environment, context: Items) {
    this.env = env;
    this.budget = env.budget;
    this.context = context;
  }

  now(): Temporal {
    return dateTimeOf(this.env.now);
  }
}

/** The position within the expression, as one within its file: only its first line is moved to the right there. */
function issueOf(problem: SourceProblem, source: string, place: CompileOptions['place']): Issue {
  const { line, column } = lineAndColumn(source, problem.at);
  const inFile = line === 1 ? place.column + column - 1 : column;
  return issue(problem.code, problem.text, { mapping: `${place.file}:${place.line + line - 1}:${inFile}` });
}
