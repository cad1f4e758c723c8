import { LIMITS } from '../kernel/limits.ts';
import { SourceError } from './source-error.ts';

/**
 * Words of an expression (http://hl7.org/fhirpath/N1/#lexical-elements). `text` is the decoded content: a string
 * without its quotes, a date without its `@`.
 */
export interface Token {
  readonly kind: 'name' | 'quoted-name' | 'string' | 'number' | 'date' | 'datetime' | 'time' | 'symbol' | 'end';
  readonly text: string;
  /** 0-based offsets of its first character and of the one after its last. */
  readonly at: number;
  readonly end: number;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const DIGITS = /[0-9]+/y;
const NUMBER = /[0-9]+(?:\.[0-9]+)?/y;
const DATE = /[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?/y;
const TIME = /[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?/y;
const ZONE = /Z|[+-][0-9]{2}:[0-9]{2}/y;
const SYMBOL = /!=|!~|<=|>=|[().,[\]{}+\-*/&|<>=~%$]/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['`', '`'],
  ["'", "'"],
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/**
 * Cuts an expression into tokens, the last of kind `end`. With `numberedMembers` (HL7 v2) digits after a dot are a
 * member of their own, so that `PID.3.4` is not read as the number 3.4. Throws `SourceError`.
 */
export function readTokens(source: string, numberedMembers: boolean): Token[] {
  if (source.length > LIMITS.expressionCharsMax) {
    throw new SourceError(`The expression is longer than ${LIMITS.expressionCharsMax} characters.`, 0);
  }
  const tokens: Token[] = [];
  let at = skipBlank(source, 0);
  while (at < source.length) {
    const previous = tokens.at(-1);
    const afterDot = previous?.kind === 'symbol' && previous.text === '.';
    const token = readToken(source, at, numberedMembers && afterDot);
    tokens.push(token);
    at = skipBlank(source, token.end);
  }
  tokens.push({ kind: 'end', text: '', at: source.length, end: source.length });
  return tokens;
}

function readToken(source: string, at: number, numberedMember: boolean): Token {
  const character = source[at] ?? '';
  if (character === "'") return readQuoted(source, at, 'string');
  if (character === '`') return readQuoted(source, at, 'quoted-name');
  if (character === '@') return readTemporal(source, at);
  if (numberedMember) {
    const digits = match(DIGITS, source, at);
    if (digits !== undefined) return { kind: 'quoted-name', text: digits, at, end: at + digits.length };
  }
  const number = match(NUMBER, source, at);
  if (number !== undefined) return { kind: 'number', text: number, at, end: at + number.length };
  const name = match(NAME, source, at);
  if (name !== undefined) return { kind: 'name', text: name, at, end: at + name.length };
  const symbol = match(SYMBOL, source, at);
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, at, end: at + symbol.length };
  if (character === '"') throw new SourceError("Strings are written in single quotes: 'text'.", at);
  throw new SourceError('This character has no meaning in FHIRPath.', at);
}

function readQuoted(source: string, at: number, kind: 'string' | 'quoted-name'): Token {
  const quote = source[at];
  let text = '';
  let next = at + 1;
  while (next < source.length) {
    const character = source[next] ?? '';
    if (character === quote) {
      if (kind === 'quoted-name' && text === '') throw new SourceError('A name in backticks is empty.', at);
      return { kind, text, at, end: next + 1 };
    }
    if (character !== '\\') {
      text += character;
      next += 1;
      continue;
    }
    const mark = source[next + 1] ?? '';
    const plain = ESCAPES.get(mark);
    if (plain !== undefined) {
      text += plain;
      next += 2;
    } else if (mark === 'u' && /^[0-9A-Fa-f]{4}$/.test(source.slice(next + 2, next + 6))) {
      text += String.fromCharCode(Number.parseInt(source.slice(next + 2, next + 6), 16));
      next += 6;
    } else {
      throw new SourceError('This escape is unknown; write \\\\ for a backslash.', next);
    }
  }
  throw new SourceError(kind === 'string' ? 'This string is not closed.' : 'This backtick is not closed.', at);
}

/** `@2015-02-04`, `@2015-02-04T14:34:28+01:00`, `@2015T`, `@T14:34`. */
function readTemporal(source: string, at: number): Token {
  const start = at + 1;
  if (source[start] === 'T') {
    const time = match(TIME, source, start + 1);
    if (time === undefined) throw new SourceError('A time is written @T14:30:00.', at);
    return { kind: 'time', text: time, at, end: start + 1 + time.length };
  }
  const date = match(DATE, source, start);
  if (date === undefined) throw new SourceError('A date is written @2026-01-31.', at);
  let end = start + date.length;
  if (source[end] !== 'T') return { kind: 'date', text: date, at, end };
  const time = match(TIME, source, end + 1) ?? '';
  const zone = time === '' ? '' : (match(ZONE, source, end + 1 + time.length) ?? '');
  end += 1 + time.length + zone.length;
  return { kind: 'datetime', text: time === '' ? date : `${date}T${time}${zone}`, at, end };
}

function skipBlank(source: string, from: number): number {
  let at = from;
  for (;;) {
    const character = source[at];
    if (character === ' ' || character === '\t' || character === '\n' || character === '\r') {
      at += 1;
    } else if (character === '/' && source[at + 1] === '/') {
      const end = source.indexOf('\n', at);
      at = end === -1 ? source.length : end + 1;
    } else if (character === '/' && source[at + 1] === '*') {
      const end = source.indexOf('*/', at + 2);
      if (end === -1) throw new SourceError('This comment is not closed.', at);
      at = end + 2;
    } else {
      return at;
    }
  }
}

function match(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}
