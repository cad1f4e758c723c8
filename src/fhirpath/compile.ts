import type { BinaryNode, CallNode, MemberNode, Node, TypeName } from './ast.ts';
import { equal } from './equality.ts';
import { isKindOf, isResourceType } from './fhir-types.ts';
import type { CompileOptions, ExtraFunction } from './fhirpath.ts';
import type { Call, FunctionRule } from './function-rule.ts';
import { functionsOf } from './functions.ts';
import { union, wholeNumber } from './functions-subsetting.ts';
import { compileAsOperator, compileIsOperator, typesRead } from './functions-types.ts';
import { bareValue, countOf, type Items, isTree, listOf, readJson, truthOf, writeJson } from './items.ts';
import {
  boxOne,
  choiceReader,
  compilePath,
  type ReadItem,
  type Reading,
  readerOf,
  resourceTypeOf,
} from './navigate.ts';
import { applySign, BINARY } from './operators.ts';
import { type Closure, costOfText, type Scope, spend } from './scope.ts';
import { choiceOf } from './static-type.ts';
import { isTypeFunction, knownType, readTypeName } from './type-test.ts';
import { readVariable } from './variables.ts';

/** Turns a checked syntax tree into closures. Names and arguments were checked before: see `analyse.ts`. */
export class Compiler {
  readonly #options: CompileOptions;
  readonly #reading: Reading;
  readonly #functions: ReadonlyMap<string, FunctionRule>;
  readonly #refuse: (text: string, at: number) => void;

  constructor(options: CompileOptions, typed: boolean, refuse: (text: string, at: number) => void) {
    this.#options = options;
    this.#reading = { dialect: options.dialect, typed, track: options.track === true };
    this.#functions = functionsOf(options.dialect);
    this.#refuse = refuse;
  }

  compile(node: Node): Closure {
    switch (node.kind) {
      case 'literal': {
        const { value } = node;
        return () => value;
      }
      case 'empty':
        return () => undefined;
      case 'this':
        return (focus) => focus;
      case 'index':
        return (_focus, scope) => scope.index;
      case 'total':
        return (_focus, scope) => scope.total;
      case 'variable':
        return readVariable(node.name, this.#options.variables.has(node.name), this.#options.slots?.get(node.name));
      case 'member':
        return this.#member(node);
      case 'call':
        return this.#call(node);
      case 'item':
        return this.#item(this.compile(node.from), this.compile(node.index));
      case 'sign': {
        const operand = this.compile(node.operand);
        return (focus, scope) => applySign(node.operator, operand(focus, scope));
      }
      case 'type':
        return this.#typeOperator(node.operator, node.operand, node.type);
      case 'binary':
        return this.#binary(node);
    }
  }

  /** A whole path at once: the members that follow each other are read in one go. */
  #member(node: MemberNode): Closure {
    const reads: ReadItem[] = [];
    let start: Node | undefined = node;
    while (start?.kind === 'member') {
      const read = readerOf(start.name, this.#reading);
      const isTypeName = start.from === undefined && this.#options.dialect === 'fhir' && isResourceType(start.name);
      reads.unshift(isTypeName ? startOfPath(start.name, read) : read);
      start = start.from;
    }
    return compilePath(start && this.compile(start), reads);
  }

  #item(from: Closure, index: Closure): Closure {
    return (focus, scope) => {
      const items = from(focus, scope);
      const at = wholeNumber(index(focus, scope), 'The index in [ ]');
      if (at === undefined || at < 0) return undefined;
      return Array.isArray(items) ? items[at] : at === 0 ? items : undefined;
    };
  }

  #call(node: CallNode): Closure {
    const extra = this.#options.functions.get(node.name);
    if (extra !== undefined) return this.#extraCall(extra, node);
    if (node.name === 'ofType' || node.name === 'as') {
      const choice = this.#choice(node.from, readTypeName(node.args[0]));
      if (choice !== undefined) return choice;
    }
    const rule = this.#functions.get(node.name);
    if (rule === undefined) return () => undefined;
    const call: Call = {
      node,
      reading: this.#reading,
      input: node.from === undefined ? (focus) => focus : this.compile(node.from),
      args: isTypeFunction(node.name) ? [] : node.args.map((argument) => this.compile(argument)),
      nodes: node.args,
      refuse: this.#refuse,
      compile: (part) => this.compile(part),
    };
    return rule.compile(call);
  }

  /** Functions from outside see JSON values and nothing of ours. */
  #extraCall(extra: ExtraFunction, node: CallNode): Closure {
    const input = node.from === undefined ? undefined : this.compile(node.from);
    const args = node.args.map((argument) => this.compile(argument));
    // Arguments are texts in the source, as a rule: then they are made once.
    const literals = node.args.map((argument) => (argument.kind === 'literal' ? writeJson(argument.value) : undefined));
    const fixed = literals.every((literal) => literal !== undefined) ? literals : undefined;
    const bound = fixed && input === undefined ? extra.bind?.(fixed) : undefined;
    if (bound !== undefined) {
      return (focus, scope) => {
        spend(scope, 1 + countOf(focus));
        return bound(scope.env);
      };
    }
    return (focus, scope) => {
      const items = writeJson(input === undefined ? focus : input(focus, scope));
      spend(scope, 1 + items.length);
      const values = fixed ?? args.map((argument) => writeJson(argument(focus, scope)));
      const found = extra.apply(items, values, scope.env);
      return readJson(found.length === 1 ? found[0] : found);
    };
  }

  #typeOperator(operator: 'is' | 'as', operand: Node, name: TypeName): Closure {
    const type = knownType(name, this.#options.dialect === 'fhir');
    if (operator === 'as') {
      const choice = this.#choice(operand, name);
      if (choice !== undefined) return choice;
    }
    if (type === undefined) return () => undefined;
    const input = typesRead(this.compile(operand), this.#reading);
    return operator === 'is' ? compileIsOperator(input, type) : compileAsOperator(input, type);
  }

  /**
   * `value.ofType(Quantity)` reads `valueQuantity` and looks at nothing else. The name of a System type stands for the
   * FHIR type that is written like it, as the search parameters of R4 have it: `onset.as(DateTime)`.
   */
  #choice(operand: Node | undefined, type: TypeName | undefined): Closure | undefined {
    const choice = this.#options.dialect === 'fhir' ? choiceOf(operand, type) : undefined;
    if (choice === undefined || operand?.kind !== 'member') return undefined;
    const from = operand.from === undefined ? undefined : this.compile(operand.from);
    return compilePath(from, [choiceReader(choice, this.#reading)]);
  }

  #binary(node: BinaryNode): Closure {
    const left = this.compile(node.left);
    const right = this.compile(node.right);
    switch (node.operator) {
      case '|':
        return (focus, scope) => union(left(focus, scope), right(focus, scope), scope);
      case 'and':
        return (focus, scope) => and(left, right, focus, scope);
      case 'or':
        return (focus, scope) => or(left, right, focus, scope);
      case 'implies':
        return (focus, scope) => implies(left, right, focus, scope);
      case '=':
        if (node.right.kind === 'literal' && typeof node.right.value === 'string') {
          return equalsText(left, node.right.value);
        }
        break;
      default:
    }
    const apply = BINARY[node.operator];
    return (focus, scope) => {
      const one = left(focus, scope);
      const other = right(focus, scope);
      spend(scope, 1 + (Array.isArray(one) || Array.isArray(other) ? costOf(node.operator, one, other) : 0));
      const result = apply(one, other);
      if (typeof result === 'string') spend(scope, costOfText(result));
      return result;
    };
  }
}

/** Comparing lists takes as long as they are; without an order, each item is compared with each. */
function costOf(operator: string, left: Items, right: Items): number {
  const [one, other] = [countOf(left), countOf(right)];
  return operator === '~' || operator === '!~' ? one * other : one + other;
}

/** `Patient.name` over a Patient starts at the Patient; over anything else it is nothing. */
function startOfPath(type: string, read: ReadItem): ReadItem {
  return (item, scope) => {
    const value = bareValue(item);
    if (!isTree(value)) return undefined;
    if (value.resourceType === type) return item;
    const actual = resourceTypeOf(value);
    if (actual !== undefined && isKindOf(actual, type)) return item;
    return read(item, scope);
  };
}

/** `code = 'x'`, the commonest condition there is. */
function equalsText(left: Closure, text: string): Closure {
  return (focus, scope) => {
    spend(scope, 1);
    const items = left(focus, scope);
    if (typeof items === 'string') return items === text;
    const list = listOf(items);
    if (list.length === 0) return undefined;
    return list.length === 1 ? equal(list[0], text) : false;
  };
}

function and(left: Closure, right: Closure, focus: Items, scope: Scope): boolean | undefined {
  const one = truthOf(left(focus, scope), 'and');
  if (one === false) return false;
  const other = truthOf(right(focus, scope), 'and');
  if (other === false) return false;
  return one === undefined || other === undefined ? undefined : true;
}

function or(left: Closure, right: Closure, focus: Items, scope: Scope): boolean | undefined {
  const one = truthOf(left(focus, scope), 'or');
  if (one === true) return true;
  const other = truthOf(right(focus, scope), 'or');
  if (other === true) return true;
  return one === undefined || other === undefined ? undefined : false;
}

function implies(left: Closure, right: Closure, focus: Items, scope: Scope): boolean | undefined {
  const one = truthOf(left(focus, scope), 'implies');
  if (one === false) return true;
  const other = truthOf(right(focus, scope), 'implies');
  if (other === true) return true;
  return one === undefined || other === undefined ? undefined : false;
}

/** The input as an expression that asks for types sees it. */
export function typedInput(input: unknown): Items {
  const type = isTree(input) ? resourceTypeOf(input) : undefined;
  return type === undefined ? readJson(input) : boxOne(input, undefined, type);
}
