import { suggestion } from '../kernel/nearest-name.ts';
import type { BinaryNode, CallNode, MemberNode, Node, TypeName } from './ast.ts';
import { isResourceType } from './fhir-types.ts';
import type { CompileOptions, ExtraFunction } from './fhirpath.ts';
import { FHIR_FUNCTIONS, functionsOf, UNSUPPORTED } from './functions.ts';
import type { SourceProblem } from './source-error.ts';
import {
  canBe,
  choiceOf,
  describeTypes,
  explainMember,
  isSystemOnly,
  joinTypes,
  mayBeResource,
  mayNeedTypes,
  memberType,
  type StaticType,
  SYSTEM,
} from './static-type.ts';
import { isTypeFunction, knownType, readTypeName, showsItself, unknownTypeText } from './type-test.ts';
import { isStandardVariable, STANDARD_VARIABLES } from './variables.ts';

/** What an expression turns out to be before it runs. */
interface Analysis {
  readonly problems: readonly SourceProblem[];
  /**
   * It has to know the FHIR types of what it reads. Most expressions need not, and run on bare JSON values, which is
   * several times faster.
   */
  readonly needsTypes: boolean;
}

/** Everything that can be seen to be wrong with an expression without data, all of it at once. */
export function analyse(node: Node, options: CompileOptions): Analysis {
  const analyser = new Analyser(options);
  const root: StaticType = options.dialect === 'fhir' ? 'any' : 'open';
  analyser.visit(node, root);
  const problems = analyser.problems.toSorted((left, right) => left.at - right.at);
  return { problems, needsTypes: options.dialect === 'fhir' && analyser.needsTypes };
}

/** Functions that give back items of their input. */
const KEEPING = new Set(
  'where first last tail skip take single distinct intersect exclude trace sort getValue'.split(' '),
);
/** Functions whose arguments are evaluated for each item of the input. */
const LOOPING = new Set('where select all exists repeat iif aggregate sort trace'.split(' '));
/** Functions that look at whether values are equal, or in which order they are. */
const COMPARING = new Set(
  (
    'distinct isDistinct intersect exclude subsetOf supersetOf union repeat sort lowBoundary highBoundary precision ' +
    'comparable'
  ).split(' '),
);
const COMPARING_OPERATORS = new Set(['=', '!=', '~', '!~', '<', '<=', '>', '>=', 'in', 'contains']);
/** Functions that rely on an order. */
const ORDERED = new Set('first last tail skip take'.split(' '));

class Analyser {
  readonly problems: SourceProblem[] = [];
  needsTypes = false;
  readonly #options: CompileOptions;

  constructor(options: CompileOptions) {
    this.#options = options;
  }

  /** Checks a node whose `$this` is of the given type, and says of what type it is itself. */
  visit(node: Node, focus: StaticType): StaticType {
    switch (node.kind) {
      case 'literal':
      case 'empty':
      case 'index':
        return SYSTEM;
      case 'this':
        return focus;
      case 'total':
        return 'open';
      case 'variable':
        return this.#variable(node.name, node.at);
      case 'member':
        return this.#member(node, focus);
      case 'call':
        return this.#call(node, focus);
      case 'item': {
        this.visit(node.index, focus);
        const from = this.visit(node.from, focus);
        this.#checkOrder(node.from, '[ ]', node.at);
        return from;
      }
      case 'sign':
        this.visit(node.operand, focus);
        return SYSTEM;
      case 'type': {
        const input = this.visit(node.operand, focus);
        return this.#typeOperation(node.operator, node.operand, input, node.type);
      }
      case 'binary':
        return this.#binary(node, focus);
    }
  }

  #report(code: SourceProblem['code'], text: string, at: number): void {
    this.problems.push({ code, text, at });
  }

  #variable(name: string, at: number): StaticType {
    if (this.#options.variables.has(name)) return 'open';
    if (!isStandardVariable(name)) {
      const hint = suggestion(name, [...this.#options.variables, ...STANDARD_VARIABLES]);
      this.#report('fhirpath-unknown-variable', `There is no variable called %${name}.${hint}`, at);
      return 'open';
    }
    if (name === 'context' || name === 'resource' || name === 'rootResource') {
      return this.#options.dialect === 'fhir' ? 'any' : 'open';
    }
    return SYSTEM;
  }

  #member(node: MemberNode, focus: StaticType): StaticType {
    const isStart = node.from === undefined;
    const input = node.from === undefined ? focus : this.visit(node.from, focus);
    if (this.#options.dialect === 'hl7v2' || input === 'open') return 'open';
    if (isStart && isResourceType(node.name) && mayBeResource(input)) return new Set([node.name]);
    const found = memberType(input, node.name);
    if (found !== undefined) return found;
    this.#report('fhirpath-unknown-property', explainMember(input, node.name), node.at);
    return 'open';
  }

  #binary(node: BinaryNode, focus: StaticType): StaticType {
    const left = this.visit(node.left, focus);
    const right = this.visit(node.right, focus);
    if (node.operator === '|') {
      const joined = joinTypes(left, right);
      if (mayNeedTypes(joined)) this.#needTypesOf(joined);
      return joined;
    }
    if (COMPARING_OPERATORS.has(node.operator)) {
      const oneNeeds = mayNeedTypes(left) && !isSystemOnly(right);
      if (oneNeeds || (mayNeedTypes(right) && !isSystemOnly(left))) this.needsTypes = true;
    }
    return SYSTEM;
  }

  /** Dates and times without an offset are equal when their text is, so that joining them needs no types. */
  #needTypesOf(type: StaticType): void {
    if (type === 'any' || type === 'open') return;
    if (type.has('dateTime') || type.has('instant')) this.needsTypes = true;
  }

  #call(node: CallNode, focus: StaticType): StaticType {
    const input = node.from === undefined ? focus : this.visit(node.from, focus);
    const extra = this.#options.functions.get(node.name);
    const rule = extra ?? functionsOf(this.#options.dialect).get(node.name);
    if (rule === undefined) {
      this.#unknownFunction(node);
      for (const argument of node.args) this.visit(argument, 'open');
      return 'open';
    }
    this.#checkCount(node, rule.minArguments, rule.maxArguments);
    if (extra !== undefined) {
      for (const argument of node.args) this.visit(argument, focus);
      this.#checkLiterals(extra, node);
      return 'open';
    }
    if (isTypeFunction(node.name)) return this.#typeCall(node, input);
    if (ORDERED.has(node.name) && node.from !== undefined) this.#checkOrder(node.from, `${node.name}()`, node.at);
    const args = node.args.map((argument) => this.visit(argument, LOOPING.has(node.name) ? input : focus));
    if (node.name === 'type') this.needsTypes = true;
    if (COMPARING.has(node.name) && [input, ...args].some(mayNeedTypes)) this.needsTypes = true;
    return this.#resultType(node, input, args);
  }

  #resultType(node: CallNode, input: StaticType, args: readonly StaticType[]): StaticType {
    const [first = SYSTEM, second = SYSTEM, third = SYSTEM] = args;
    if (KEEPING.has(node.name)) return input;
    switch (node.name) {
      case 'select':
        return first;
      case 'repeat': {
        const again = joinTypes(input, first);
        const quiet = new Analyser(this.#options);
        const more = node.args[0] === undefined ? input : quiet.visit(node.args[0], again);
        this.needsTypes ||= quiet.needsTypes;
        return joinTypes(first, more);
      }
      case 'union':
      case 'combine':
        return joinTypes(input, first);
      case 'iif':
        return node.args.length > 2 ? joinTypes(second, third) : second;
      case 'children':
      case 'descendants':
        return input === 'open' ? 'open' : 'any';
      case 'extension':
        return new Set(['Extension']);
      case 'resolve':
        return new Set(['Resource']);
      case 'aggregate':
      case 'type':
        return 'open';
      default:
        return SYSTEM;
    }
  }

  #typeCall(node: CallNode, input: StaticType): StaticType {
    const [argument] = node.args;
    if (argument === undefined) return 'open';
    const type = readTypeName(argument);
    if (type === undefined) {
      this.#report('fhirpath-arguments', `${node.name}() takes the name of a type.`, argument.at);
      return 'open';
    }
    return this.#typeOperation(node.name === 'is' ? 'is' : 'as', node.from, input, type);
  }

  #typeOperation(operator: 'is' | 'as', operand: Node | undefined, input: StaticType, name: TypeName): StaticType {
    const isFhir = this.#options.dialect === 'fhir';
    const choice = isFhir && operator === 'as' ? choiceOf(operand, name) : undefined;
    const type = choice === undefined ? knownType(name, isFhir) : { ...name, namespace: 'FHIR', name: choice.type };
    if (type === undefined) {
      this.#report('fhirpath-unknown-type', unknownTypeText(name, isFhir), name.at);
      return 'open';
    }
    if (choice === undefined && !showsItself(type)) this.needsTypes = true;
    if (operator === 'is') return SYSTEM;
    if (!isFhir) return 'open';
    if (type.namespace !== 'FHIR') return SYSTEM;
    if (!canBe(input, type.name, choice !== undefined)) {
      this.#report('fhirpath-unknown-type', `This can be ${describeTypes(input)}, and never ${type.name}.`, name.at);
    }
    return new Set([type.name]);
  }

  /** `children()` come in no order that a sender promises. */
  #checkOrder(from: Node, where: string, at: number): void {
    if (from.kind !== 'call' || (from.name !== 'children' && from.name !== 'descendants')) return;
    this.#report('fhirpath-arguments', `${from.name}() has no order, so that ${where} after it could be anything.`, at);
  }

  #checkCount(node: CallNode, minArguments: number, maxArguments: number): void {
    const count = node.args.length;
    if (count >= minArguments && count <= maxArguments) return;
    const wanted = minArguments === maxArguments ? String(minArguments) : `${minArguments} to ${maxArguments}`;
    const noun = wanted === '1' ? 'argument' : 'arguments';
    this.#report('fhirpath-arguments', `${node.name}() takes ${wanted} ${noun} and has ${count}.`, node.at);
  }

  #checkLiterals(extra: ExtraFunction, node: CallNode): void {
    const literals = node.args.map((argument) => (argument.kind === 'literal' ? String(argument.value) : undefined));
    const text = extra.checkLiterals?.(literals);
    if (text !== undefined) this.#report('fhirpath-arguments', text, node.args[0]?.at ?? node.at);
  }

  #unknownFunction(node: CallNode): void {
    const reason = UNSUPPORTED.get(node.name);
    if (reason !== undefined) {
      this.#report('fhirpath-unsupported', `${node.name}() is not supported: ${reason}.`, node.at);
      return;
    }
    if (Object.hasOwn(FHIR_FUNCTIONS, node.name)) {
      this.#report('fhirpath-unsupported', `${node.name}() works on FHIR only, and this input is not FHIR.`, node.at);
      return;
    }
    const known = [...this.#options.functions.keys(), ...functionsOf(this.#options.dialect).keys()];
    const text = `There is no function called ${node.name}().${suggestion(node.name, known)}`;
    this.#report('fhirpath-unknown-function', text, node.at);
  }
}
