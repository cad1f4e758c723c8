import { type Issue, type IssueCode, issue } from '../kernel/errors.ts';
import { spell } from '../kernel/exact-json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { type PositionNode, positionNode, wordJsonPath } from './positions.ts';
import { positionAt } from './text.ts';

/**
 * A JSON parser (RFC 8259) of our own, because `JSON.parse` keeps the last of two equal names without a word, rounds
 * long numbers, and cannot say where in the tree it stopped. One pass, nesting and number of values bounded.
 */

interface Reader {
  readonly text: string;
  at: number;
  values: number;
  readonly path: (string | number)[];
  /** See `FormatOptions.exactNumbers`. */
  readonly exactNumbers: boolean;
}

/** What ends the reading at the first fault; it never leaves this file. */
class JsonFault extends Error {
  readonly issue: Issue;

  constructor(problem: Issue) {
    super(problem.code);
    this.issue = problem;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Text → value. With `positions`, also fills that node with the offset of every value. */
export function parseJsonText(text: string, positions?: PositionNode, exactNumbers = false): Result<unknown> {
  const reader: Reader = { text, at: 0, values: 0, path: [], exactNumbers };
  try {
    skipSpace(reader);
    const value = readValue(reader, positions);
    skipSpace(reader);
    if (reader.at < text.length) throw fault(reader, 'Text follows the end of the JSON value.');
    return success(value);
  } catch (thrown) {
    if (thrown instanceof JsonFault) return failure(thrown.issue);
    throw thrown;
  }
}

/** The offsets of all values of a text that is known to be valid. */
export function readJsonPositions(text: string): PositionNode {
  const root = positionNode(text.length - text.trimStart().length);
  parseJsonText(text, root);
  return root;
}

function readValue(reader: Reader, node: PositionNode | undefined): unknown {
  reader.values += 1;
  if (reader.values > LIMITS.fieldsMax) {
    throw fault(reader, `The message holds more than ${LIMITS.fieldsMax} values.`, 'fields-too-many');
  }
  switch (reader.text[reader.at]) {
    case '{':
      return readObject(reader, node);
    case '[':
      return readArray(reader, node);
    case '"':
      return readString(reader);
    case 't':
      return readWord(reader, 'true', true);
    case 'f':
      return readWord(reader, 'false', false);
    case 'n':
      return readWord(reader, 'null', null);
    default:
      return readNumber(reader);
  }
}

function readObject(reader: Reader, node: PositionNode | undefined): Record<string, unknown> {
  enter(reader);
  const object: Record<string, unknown> = {};
  if (reader.text[reader.at] === '}') return leave(reader, object);
  for (;;) {
    if (reader.text[reader.at] !== '"') throw fault(reader, 'A member name in double quotes is expected.');
    const nameAt = reader.at;
    const name = readString(reader);
    // An own member of this name would become a prototype in the hands of code that copies by assignment.
    if (name === '__proto__') throw fault({ ...reader, at: nameAt }, 'The member name __proto__ is not accepted.');
    if (Object.hasOwn(object, name)) {
      throw fault(
        { ...reader, at: nameAt },
        'A member name stands twice in one object; send it once.',
        'duplicate-key',
      );
    }
    skipSpace(reader);
    if (reader.text[reader.at] !== ':') throw fault(reader, 'A colon is expected after a member name.');
    reader.at += 1;
    skipSpace(reader);
    const start = reader.at;
    const value = readChild(reader, node, name);
    object[name] = value;
    if (reader.exactNumbers && typeof value === 'number') spell(object, name, reader.text.slice(start, reader.at));
    if (endsHere(reader, '}')) return leave(reader, object);
  }
}

function readArray(reader: Reader, node: PositionNode | undefined): unknown[] {
  enter(reader);
  const list: unknown[] = [];
  if (reader.text[reader.at] === ']') return leave(reader, list);
  for (;;) {
    const start = reader.at;
    const value = readChild(reader, node, list.length);
    if (reader.exactNumbers && typeof value === 'number') spell(list, list.length, reader.text.slice(start, reader.at));
    list.push(value);
    if (endsHere(reader, ']')) return leave(reader, list);
  }
}

function readChild(reader: Reader, node: PositionNode | undefined, step: string | number): unknown {
  reader.path.push(step);
  let child: PositionNode | undefined;
  if (node !== undefined) {
    child = positionNode(reader.at);
    node.children.set(step, child);
  }
  const value = readValue(reader, child);
  reader.path.pop();
  return value;
}

/** After an item: true at the closing bracket, false after a comma. */
function endsHere(reader: Reader, close: '}' | ']'): boolean {
  skipSpace(reader);
  const character = reader.text[reader.at];
  if (character === close) return true;
  if (character !== ',') throw fault(reader, `A comma or ${close} is expected.`);
  reader.at += 1;
  skipSpace(reader);
  return false;
}

function enter(reader: Reader): void {
  if (reader.path.length >= LIMITS.depthMax) {
    throw fault(reader, `The message is nested more than ${LIMITS.depthMax} deep.`, 'depth-too-large');
  }
  reader.at += 1;
  skipSpace(reader);
}

function leave<T>(reader: Reader, value: T): T {
  reader.at += 1;
  return value;
}

function readString(reader: Reader): string {
  const { text } = reader;
  const start = reader.at;
  let escaped = false;
  let at = start + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) break;
    if (!(code >= 0x20)) {
      reader.at = at;
      throw fault(reader, at < text.length ? 'A text holds a bare control character.' : 'A text is not closed.');
    }
    if (code === BACKSLASH) {
      escaped = true;
      at += 1;
    }
    at += 1;
  }
  reader.at = at + 1;
  return escaped ? unescapeString(reader, start) : text.slice(start + 1, at);
}

function unescapeString(reader: Reader, start: number): string {
  const place = { ...reader, at: start };
  let value: string;
  try {
    value = JSON.parse(reader.text.slice(start, reader.at)) as string;
  } catch {
    throw fault(place, 'A text holds an escape that JSON does not have.');
  }
  if (!value.isWellFormed()) throw fault(place, 'A text holds half of a surrogate pair.', 'encoding-invalid');
  return value;
}

function readWord(reader: Reader, word: string, value: boolean | null): boolean | null {
  if (!reader.text.startsWith(word, reader.at)) throw unexpected(reader);
  reader.at += word.length;
  return value;
}

/**
 * A number that a double cannot hold (an integer above 2^53 - 1, such as many SNOMED ids; a decimal whose digits would
 * change) stays the text it is, so that no digit is lost. Every other number is a number.
 */
function readNumber(reader: Reader): number | string {
  const shape = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
  shape.lastIndex = reader.at;
  const source = shape.exec(reader.text)?.[0];
  if (source === undefined) throw unexpected(reader);
  reader.at += source.length;
  const value = Number(source);
  if (reader.exactNumbers) {
    if (!Number.isFinite(value)) throw fault(reader, 'A number is larger than any that can be compared or searched.');
    return value;
  }
  return isExactNumber(source, value) ? value : source;
}

export function isExactNumber(source: string, value: number): boolean {
  // Fifteen significant digits always survive a double (IEEE 754), and so does any number this short without exponent.
  if (source.length <= 15 && !/[eE]/.test(source)) return true;
  if (/^-?[0-9]+$/.test(source)) return Number.isSafeInteger(value);
  return Number.isFinite(value) && decimalOf(source) === decimalOf(String(value));
}

/** Sign, digits without outer zeros, and power of ten: equal for two spellings of one number. */
function decimalOf(source: string): string {
  const [mantissa = '', exponent = '0'] = source.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = `${whole}${fraction}`;
  let first = 0;
  let last = digits.length;
  while (first < last && digits[first] === '0') first += 1;
  while (last > first && digits[last - 1] === '0') last -= 1;
  if (first === last) return '0';
  const power = Number(exponent) - fraction.length + (digits.length - last);
  return `${source.startsWith('-') ? '-' : ''}${digits.slice(first, last)}e${power}`;
}

function skipSpace(reader: Reader): void {
  const { text } = reader;
  for (;;) {
    const code = text.charCodeAt(reader.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    reader.at += 1;
  }
}

function unexpected(reader: Reader): JsonFault {
  return fault(reader, reader.at < reader.text.length ? 'A JSON value is expected here.' : 'The text ends too early.');
}

function fault(place: Reader, text: string, code: IssueCode = 'json-syntax'): JsonFault {
  return new JsonFault(issue(code, text, { at: wordJsonPath(place.path), ...positionAt(place.text, place.at) }));
}
