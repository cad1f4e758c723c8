import { TextDecoder } from 'node:util';
import type { Delimiters } from './delimiters.ts';

/**
 * Escape sequences (HL7 v2 chapter 2, section 2.7). Read: the delimiters, `\X..\` as bytes of the message's encoding,
 * and `\.br\` as a line feed. All others (highlighting, other character sets, indents) stay as they are.
 */
export interface UnescapeOptions {
  readonly delimiters: Delimiters;
  /** What the bytes of `\X..\` are. */
  readonly encoding: string;
  /** Called for each sequence that is kept as it is. */
  readonly onUnknown: () => void;
}

export function unescapeHl7v2(text: string, options: UnescapeOptions): string {
  const sign = options.delimiters.escape;
  let from = text.indexOf(sign);
  if (from === -1) return text;
  let result = text.slice(0, from);
  while (from < text.length) {
    const end = text.indexOf(sign, from + 1);
    if (end === -1) {
      options.onUnknown();
      return result + text.slice(from);
    }
    const decoded = decodeSequence(text.slice(from + 1, end), options);
    if (decoded === undefined) options.onUnknown();
    result += decoded ?? text.slice(from, end + 1);
    const next = text.indexOf(sign, end + 1);
    result += text.slice(end + 1, next === -1 ? undefined : next);
    from = next === -1 ? text.length : next;
  }
  return result;
}

function decodeSequence(sequence: string, { delimiters, encoding }: UnescapeOptions): string | undefined {
  switch (sequence) {
    case 'F':
      return delimiters.field;
    case 'S':
      return delimiters.component;
    case 'T':
      return delimiters.subcomponent;
    case 'R':
      return delimiters.repetition;
    case 'E':
      return delimiters.escape;
    case 'P':
      return delimiters.truncation;
    case '.br':
      return '\n';
    default:
      return sequence.startsWith('X') ? decodeHex(sequence.slice(1), encoding) : undefined;
  }
}

function decodeHex(digits: string, encoding: string): string | undefined {
  if (digits === '' || digits.length % 2 === 1 || !/^[0-9A-Fa-f]+$/.test(digits)) return undefined;
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(Buffer.from(digits, 'hex'));
  } catch {
    return undefined;
  }
}

/**
 * Escapes a value so that it can be nothing but a value: every delimiter, every line end and every control character,
 * the bytes that frame MLLP included, is written as a sequence.
 */
export function escapeHl7v2(text: string, delimiters: Delimiters): string {
  let result = '';
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sequence = sequenceFor(text.charAt(at), delimiters);
    if (sequence === undefined) continue;
    result += `${text.slice(from, at)}${delimiters.escape}${sequence}${delimiters.escape}`;
    from = at + 1;
  }
  return from === 0 ? text : result + text.slice(from);
}

function sequenceFor(character: string, delimiters: Delimiters): string | undefined {
  switch (character) {
    case delimiters.field:
      return 'F';
    case delimiters.component:
      return 'S';
    case delimiters.subcomponent:
      return 'T';
    case delimiters.repetition:
      return 'R';
    case delimiters.escape:
      return 'E';
    case delimiters.truncation:
      return 'P';
    case '\n':
      return '.br';
    default: {
      const code = character.charCodeAt(0);
      return code < 0x20 || code === 0x7f ? `X${code.toString(16).padStart(2, '0').toUpperCase()}` : undefined;
    }
  }
}
