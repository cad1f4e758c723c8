import { type RE2JS as Pattern, RE2JS } from 're2js';
import { LIMITS } from '../kernel/limits.ts';
import type { Node } from './ast.ts';
import { EvaluationError } from './evaluation-error.ts';
import { type Call, type FunctionRule, type FunctionTable, withArguments } from './function-rule.ts';
import { wholeNumber } from './functions-subsetting.ts';
import { bareValue, boundLength, boundText, type Items, itemsOf, listOf, onlyOf, tooMany } from './items.ts';
import { kindOf } from './operators.ts';
import { costOfText, spend } from './scope.ts';

const PATTERN_CHARS_MAX = 1_000;

/** http://hl7.org/fhirpath/N1/#string-manipulation */
export const STRINGS: FunctionTable = {
  indexOf: onText(1, 1, 'indexOf()', (text, [part]) => withText(part, 'indexOf()', (one) => text.indexOf(one))),
  lastIndexOf: onText(1, 1, 'lastIndexOf()', (text, [part]) =>
    withText(part, 'lastIndexOf()', (one) => text.lastIndexOf(one)),
  ),
  substring: onText(1, 2, 'substring()', (text, [start, length]) => {
    const from = wholeNumber(start, 'substring()');
    if (from === undefined || from < 0 || from >= text.length) return undefined;
    const count = length === undefined ? undefined : wholeNumber(length, 'substring()');
    return count === undefined ? text.slice(from) : text.slice(from, from + Math.max(0, count));
  }),
  startsWith: onText(1, 1, 'startsWith()', (text, [part]) =>
    withText(part, 'startsWith()', (one) => text.startsWith(one)),
  ),
  endsWith: onText(1, 1, 'endsWith()', (text, [part]) => withText(part, 'endsWith()', (one) => text.endsWith(one))),
  contains: onText(1, 1, 'contains()', (text, [part]) => withText(part, 'contains()', (one) => text.includes(one))),
  upper: onText(0, 0, 'upper()', (text) => text.toUpperCase()),
  lower: onText(0, 0, 'lower()', (text) => text.toLowerCase()),
  replace: onText(2, 2, 'replace()', (text, [pattern, substitution]) =>
    withText(pattern, 'replace()', (one) =>
      withText(substitution, 'replace()', (other) => replaceText(text, one, other)),
    ),
  ),
  matches: withPattern(1, 'matches()', (pattern, text) => pattern.matcher(text).find()),
  matchesFull: withPattern(1, 'matchesFull()', (pattern, text) => pattern.matcher(text).matches()),
  replaceMatches: withPattern(2, 'replaceMatches()', (pattern, text, substitution) =>
    pattern.pattern() === '' ? text : boundText(pattern.matcher(text).replaceAll(substitution)),
  ),
  length: onText(0, 0, 'length()', (text) => text.length),
  toChars: onText(0, 0, 'toChars()', (text) => boundList([...text])),
  // Not in the first normative version, but in the next, and every mapping wants them.
  split: onText(1, 1, 'split()', (text, [separator]) =>
    withText(separator, 'split()', (one) => boundList(text.split(one))),
  ),
  join: withArguments(0, 1, (input, [separator]) => {
    const between = separator === undefined ? '' : textOf(separator, 'join()');
    if (between === undefined) return undefined;
    const texts = listOf(input).map((item) => textOf(item, 'join()') ?? '');
    boundLength(texts.reduce((length, one) => length + one.length + between.length, 0));
    return texts.join(between);
  }),
  trim: onText(0, 0, 'trim()', (text) => text.trim()),
  encode: onText(1, 1, 'encode()', (text, [format]) => withText(format, 'encode()', (name) => encode(text, name))),
  decode: onText(1, 1, 'decode()', (text, [format]) => withText(format, 'decode()', (name) => decode(text, name))),
  escape: onText(1, 1, 'escape()', (text, [target]) => withText(target, 'escape()', (name) => escapeText(text, name))),
  unescape: onText(1, 1, 'unescape()', (text, [target]) =>
    withText(target, 'unescape()', (name) => unescapeText(text, name)),
  ),
};

/** The single string of a collection; undefined for none; an error for anything else. */
export function textOf(items: Items, where: string): string | undefined {
  const value = typeof items === 'string' ? items : bareValue(onlyOf(items, where));
  if (typeof value === 'string' || value === undefined) return value;
  throw new EvaluationError(
    'mapping-failed',
    `${where} takes a string and found ${kindOf(value)}; convert it with toString().`,
  );
}

function onText(
  minArguments: number,
  maxArguments: number,
  where: string,
  apply: (text: string, args: readonly Items[]) => Items,
): FunctionRule {
  return withArguments(minArguments, maxArguments, (input, args, scope) => {
    const text = textOf(input, where);
    if (text === undefined) return undefined;
    const result = apply(text, args);
    spend(scope, costOfText(typeof result === 'string' ? result : text));
    return result;
  });
}

function withText(items: Items, where: string, apply: (text: string) => Items): Items {
  const text = textOf(items, where);
  return text === undefined ? undefined : apply(text);
}

function boundList(list: readonly string[]): Items {
  if (list.length > LIMITS.mappingItemsMax) throw tooMany();
  return itemsOf(list);
}

function replaceText(text: string, pattern: string, substitution: string): string {
  const parts = pattern === '' ? ['', ...text, ''] : text.split(pattern);
  boundLength(text.length + parts.length * substitution.length);
  return parts.join(substitution);
}

/** Functions with a regular expression: linear in the text, and compiled at load where the pattern is a literal. */
function withPattern(
  argumentCount: 1 | 2,
  where: string,
  apply: (pattern: Pattern, text: string, substitution: string) => Items,
): FunctionRule {
  return {
    minArguments: argumentCount,
    maxArguments: argumentCount,
    compile: (call) => {
      const [pattern, substitution] = call.args;
      if (pattern === undefined) return call.input;
      const literal = literalPattern(call, where);
      return (focus, scope) => {
        const text = textOf(call.input(focus, scope), where);
        const source = literal === undefined ? textOf(pattern(focus, scope), where) : '';
        const other = substitution === undefined ? '' : textOf(substitution(focus, scope), where);
        if (text === undefined || source === undefined || other === undefined) return undefined;
        spend(scope, 1 + 4 * costOfText(text));
        return apply(literal ?? compilePattern(source, where), text, other);
      };
    },
  };
}

function literalPattern(call: Call, where: string): Pattern | undefined {
  const node: Node | undefined = call.nodes[0];
  if (node?.kind !== 'literal' || typeof node.value !== 'string') return undefined;
  try {
    return compilePattern(node.value, where);
  } catch (problem) {
    if (!(problem instanceof EvaluationError)) throw problem;
    call.refuse(problem.text, node.at);
    return undefined;
  }
}

/** A dot matches line ends too, as the standard wants (single-line mode). */
function compilePattern(source: string, where: string): Pattern {
  if (source.length > PATTERN_CHARS_MAX) {
    throw new EvaluationError('mapping-limit', `A pattern of ${where} is longer than ${PATTERN_CHARS_MAX} characters.`);
  }
  try {
    return RE2JS.compile(source, RE2JS.DOTALL);
  } catch {
    throw new EvaluationError('mapping-failed', `The pattern of ${where} is no regular expression (RE2 syntax).`);
  }
}

function encode(text: string, format: string): string {
  switch (format) {
    case 'hex':
      return Buffer.from(text, 'utf8').toString('hex');
    case 'base64':
      return Buffer.from(text, 'utf8').toString('base64');
    case 'urlbase64':
      return Buffer.from(text, 'utf8').toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    default:
      throw new EvaluationError('mapping-failed', "encode() knows 'hex', 'base64' and 'urlbase64'.");
  }
}

function decode(text: string, format: string): string {
  const shape = format === 'hex' ? /^(?:[0-9a-fA-F]{2})*$/ : /^[A-Za-z0-9+/_-]*={0,2}$/;
  if (format !== 'hex' && format !== 'base64' && format !== 'urlbase64') {
    throw new EvaluationError('mapping-failed', "decode() knows 'hex', 'base64' and 'urlbase64'.");
  }
  if (!shape.test(text)) throw new EvaluationError('mapping-failed', `decode() found text that is not ${format}.`);
  return Buffer.from(text, format === 'hex' ? 'hex' : 'base64').toString('utf8');
}

const HTML: readonly (readonly [string, string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
];

function escapeText(text: string, target: string): string {
  if (target === 'json') return boundText(JSON.stringify(text).slice(1, -1));
  if (target !== 'html') throw new EvaluationError('mapping-failed', "escape() knows 'html' and 'json'.");
  return boundText(HTML.reduce((done, [plainText, escaped]) => done.replaceAll(plainText, escaped), text));
}

function unescapeText(text: string, target: string): string {
  if (target === 'html') {
    return [...HTML].reverse().reduce((done, [plainText, escaped]) => done.replaceAll(escaped, plainText), text);
  }
  if (target !== 'json') throw new EvaluationError('mapping-failed', "unescape() knows 'html' and 'json'.");
  return text.replace(/\\(u[0-9a-fA-F]{4}|[^u])/g, (whole, mark: string) => {
    if (mark.length > 1) return String.fromCharCode(Number.parseInt(mark.slice(1), 16));
    return JSON_ESCAPES.get(mark) ?? whole;
  });
}

const JSON_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
