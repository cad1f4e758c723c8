import { LIMITS } from '../kernel/limits.ts';
import { type BinaryOperator, type Node, partsOf, type TypeName } from './ast.ts';
import { Decimal } from './decimal.ts';
import { readTokens, type Token } from './lexer.ts';
import { isCalendarUnit, Quantity } from './quantity.ts';
import { SourceError } from './source-error.ts';
import { parseDate, parseDateTime, parseTime, type Temporal } from './temporal.ts';

/** How tightly each operator binds (http://hl7.org/fhirpath/N1/#operator-precedence); higher is tighter. */
const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ['*', 11],
  ['/', 11],
  ['div', 11],
  ['mod', 11],
  ['+', 10],
  ['-', 10],
  ['&', 10],
  ['is', 9],
  ['as', 9],
  ['|', 8],
  ['<=', 7],
  ['<', 7],
  ['>', 7],
  ['>=', 7],
  ['=', 6],
  ['~', 6],
  ['!=', 6],
  ['!~', 6],
  ['in', 5],
  ['contains', 5],
  ['and', 4],
  ['or', 3],
  ['xor', 3],
  ['implies', 2],
]);

/** Words that cannot start a path unless they stand in backticks. */
const RESERVED = new Set(['div', 'mod', 'and', 'or', 'xor', 'implies']);

/**
 * Levels of the tree. Chains without brackets, such as `a | b | c` or `a.b.c`, nest to the left in it and may be much
 * longer than brackets may be deep.
 */
const TREE_DEPTH_MAX = 8 * LIMITS.expressionDepthMax;

interface ParseOptions {
  /** HL7 v2: digits after a dot are a member. */
  readonly numberedMembers: boolean;
  /** Refuse `nhs-number` written without backticks. */
  readonly refuseDashes: boolean;
}

/** Parses an expression after the grammar of http://hl7.org/fhirpath/N1/#grammar. Throws `SourceError`. */
export function parseFhirPath(source: string, options: ParseOptions): Node {
  return new Parser(readTokens(source, options.numberedMembers), options).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #options: ParseOptions;
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], options: ParseOptions) {
    this.#tokens = tokens;
    this.#options = options;
  }

  parse(): Node {
    if (this.#peek().kind === 'end') throw new SourceError('The expression is empty.', 0);
    const node = this.#expression(0);
    const rest = this.#peek();
    if (rest.kind !== 'end') throw new SourceError('Nothing was expected after this expression.', rest.at);
    checkDepth(node);
    return node;
  }

  #expression(tightness: number): Node {
    this.#depth += 1;
    if (this.#depth > LIMITS.expressionDepthMax) {
      throw new SourceError(
        `The expression nests deeper than ${LIMITS.expressionDepthMax} levels; split it.`,
        this.#peek().at,
      );
    }
    let left = this.#signed();
    for (;;) {
      const token = this.#peek();
      const operator = token.kind === 'symbol' || token.kind === 'name' ? token.text : '';
      const precedence = PRECEDENCE.get(operator);
      if (precedence === undefined || precedence <= tightness) break;
      this.#next += 1;
      if (operator === 'is' || operator === 'as') {
        left = { kind: 'type', operator, operand: left, type: this.#typeName(), at: token.at };
        continue;
      }
      if (operator === '-') this.#checkDash(token);
      const right = this.#expression(precedence);
      left = { kind: 'binary', operator: operator as BinaryOperator, left, right, at: token.at };
    }
    this.#depth -= 1;
    return left;
  }

  /** A sign binds looser than `.` and tighter than every other operator: `-1.abs()` is `-(1.abs())`. */
  #signed(): Node {
    const token = this.#peek();
    if (token.kind !== 'symbol' || (token.text !== '-' && token.text !== '+')) return this.#path();
    this.#next += 1;
    this.#depth += 1;
    if (this.#depth > LIMITS.expressionDepthMax) throw new SourceError('Too many signs in a row.', token.at);
    const operand = this.#signed();
    this.#depth -= 1;
    return { kind: 'sign', operator: token.text, operand, at: token.at };
  }

  #path(): Node {
    let node = this.#term();
    for (;;) {
      const token = this.#peek();
      if (token.kind !== 'symbol' || (token.text !== '.' && token.text !== '[')) return node;
      this.#next += 1;
      if (token.text === '.') {
        node = this.#step(node);
      } else {
        const index = this.#expression(0);
        this.#expect(']');
        node = { kind: 'item', from: node, index, at: token.at };
      }
    }
  }

  /** What stands after a dot: a member, a function, `$this`. */
  #step(from: Node): Node {
    const token = this.#take();
    if (token.kind === 'name' || token.kind === 'quoted-name') return this.#memberOrCall(from, token);
    throw new SourceError('After a dot comes the name of a member or a function.', token.at);
  }

  #memberOrCall(from: Node | undefined, token: Token): Node {
    const next = this.#peek();
    if (token.kind === 'quoted-name' || next.kind !== 'symbol' || next.text !== '(') {
      return { kind: 'member', from, name: token.text, at: token.at };
    }
    this.#next += 1;
    const args: Node[] = [];
    if (!this.#accept(')')) {
      do args.push(this.#expression(0));
      while (this.#accept(','));
      this.#expect(')');
    }
    return { kind: 'call', from, name: token.text, args, at: token.at };
  }

  #term(): Node {
    const token = this.#take();
    switch (token.kind) {
      case 'string':
        return { kind: 'literal', value: token.text, at: token.at };
      case 'number':
        return this.#numberOrQuantity(token);
      case 'date':
        return { kind: 'literal', value: realDate(parseDate(token.text), token), at: token.at };
      case 'datetime':
        return { kind: 'literal', value: realDate(parseDateTime(token.text), token), at: token.at };
      case 'time':
        return { kind: 'literal', value: realDate(parseTime(token.text), token), at: token.at };
      case 'quoted-name':
        return { kind: 'member', from: undefined, name: token.text, at: token.at };
      case 'name':
        return this.#word(token);
      case 'symbol':
        return this.#symbolTerm(token);
      case 'end':
        throw new SourceError('The expression ends too early.', token.at);
    }
  }

  #word(token: Token): Node {
    if (token.text === 'true' || token.text === 'false') {
      return { kind: 'literal', value: token.text === 'true', at: token.at };
    }
    if (RESERVED.has(token.text)) {
      throw new SourceError(
        `The operator ${token.text} has nothing on its left; a name is put in backticks.`,
        token.at,
      );
    }
    return this.#memberOrCall(undefined, token);
  }

  #symbolTerm(token: Token): Node {
    if (token.text === '(') {
      const node = this.#expression(0);
      this.#expect(')');
      return node;
    }
    if (token.text === '{') {
      this.#expect('}');
      return { kind: 'empty', at: token.at };
    }
    if (token.text === '%') {
      const name = this.#take();
      if (name.at === token.end && (name.kind === 'name' || name.kind === 'quoted-name' || name.kind === 'string')) {
        return { kind: 'variable', name: name.text, at: token.at };
      }
      throw new SourceError('After % comes the name of a variable.', token.at);
    }
    if (token.text === '$') {
      const name = this.#take();
      if (name.at === token.end && name.kind === 'name') {
        if (name.text === 'this' || name.text === 'index' || name.text === 'total') {
          return { kind: name.text, at: token.at };
        }
      }
      throw new SourceError('Only $this, $index and $total exist.', token.at);
    }
    throw new SourceError('A value, a path or a function was expected here.', token.at);
  }

  /** `4`, `4.5`, `4 'mg'`, `4 days`. */
  #numberOrQuantity(token: Token): Node {
    const value = readNumber(token);
    const unit = this.#peek();
    if (unit.kind === 'string' || (unit.kind === 'name' && isCalendarUnit(unit.text))) {
      this.#next += 1;
      const decimal = typeof value === 'number' ? new Decimal(BigInt(value), 0) : value;
      return { kind: 'literal', value: new Quantity(decimal, unit.text, unit.kind === 'name'), at: token.at };
    }
    return { kind: 'literal', value, at: token.at };
  }

  #typeName(): TypeName {
    const first = this.#take();
    if (first.kind !== 'name' && first.kind !== 'quoted-name') {
      throw new SourceError('After is and as comes the name of a type.', first.at);
    }
    const dot = this.#peek();
    const second = this.#tokens[this.#next + 1];
    const qualified = first.text === 'System' || first.text === 'FHIR';
    if (
      qualified &&
      dot.kind === 'symbol' &&
      dot.text === '.' &&
      (second?.kind === 'name' || second?.kind === 'quoted-name')
    ) {
      this.#next += 2;
      return { namespace: first.text, name: second.text, at: first.at };
    }
    return { namespace: undefined, name: first.text, at: first.at };
  }

  /** `nhs-number` would be `nhs` minus `number`: two names that do not exist, and so silently nothing. */
  #checkDash(dash: Token): void {
    if (!this.#options.refuseDashes) return;
    const before = this.#tokens[this.#next - 2];
    const after = this.#peek();
    if (before?.kind !== 'name' || after.kind !== 'name' || before.end !== dash.at || after.at !== dash.end) return;
    throw new SourceError(
      `${before.text}-${after.text} would subtract. Write the name in backticks: \`${before.text}-${after.text}\`; ` +
        'or put spaces around the dash to subtract.',
      before.at,
    );
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#next += 1;
    return token;
  }

  #accept(symbol: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'symbol' || token.text !== symbol) return false;
    this.#next += 1;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#accept(symbol)) throw new SourceError(`A ${symbol} is missing here.`, this.#peek().at);
  }
}

/** Level by level, because a tree that is too deep must not be walked by calls that nest. */
function checkDepth(root: Node): void {
  let level: Node[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    const [first] = level;
    if (depth > TREE_DEPTH_MAX && first !== undefined) {
      throw new SourceError(`More than ${TREE_DEPTH_MAX} steps or operands follow each other; split them.`, first.at);
    }
    level = level.flatMap(partsOf);
  }
}

function realDate(value: Temporal | undefined, token: Token): Temporal {
  if (value === undefined) throw new SourceError('There is no such date or time in the calendar.', token.at);
  return value;
}

function readNumber(token: Token): number | Decimal {
  if (token.text.includes('.')) {
    const decimal = Decimal.parse(token.text);
    if (decimal === undefined) throw new SourceError('This number has too many digits.', token.at);
    return decimal;
  }
  const integer = Number(token.text);
  if (!Number.isSafeInteger(integer)) throw new SourceError('This number is too large for an integer.', token.at);
  return integer;
}
