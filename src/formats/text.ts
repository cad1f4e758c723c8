import { TextDecoder } from 'node:util';
import { type IssuePlace, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';

/** Bytes ↔ text, and places in a text. Every format decodes through here, so that no byte is ever guessed silently. */

/**
 * Decodes a body whose encoding is stated by a byte order mark, or else by `encoding`, by the names of the WHATWG
 * Encoding Standard. Invalid bytes are an error. Browsers and Excel read `iso-8859-1` as windows-1252, which differs
 * only where ISO 8859-1 has control characters; so do we.
 */
export function decodeText(bytes: Uint8Array, encoding = 'utf-8'): Result<string> {
  if (bytes.length === 0) return failure(issue('body-empty', 'The body is empty.'));
  if (bytes.length > LIMITS.bodyBytesMax) {
    return failure(issue('body-too-large', `The body is larger than ${LIMITS.bodyBytesMax} bytes.`));
  }
  const stated = encodingOfMark(bytes) ?? encoding;
  const decoder = decoderFor(stated);
  if (decoder === undefined) {
    return failure(
      issue('config-invalid', 'The encoding set for this channel is not known; use utf-8 or windows-1252.'),
    );
  }
  try {
    const text = decoder.decode(bytes);
    return text.trim() === '' ? failure(issue('body-empty', 'The body holds only white space.')) : success(text);
  } catch {
    return failure(
      issue('encoding-invalid', `The bytes are not valid ${decoder.encoding}; send them in that encoding.`),
    );
  }
}

/** A decoder that refuses invalid bytes; undefined for an encoding that nobody knows. */
export function decoderFor(encoding: string): TextDecoder | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    return undefined;
  }
}

function encodingOfMark(bytes: Uint8Array): string | undefined {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return undefined;
}

/** Encodes text for sending. A character that the encoding lacks is an error, never a question mark. */
export function encodeText(text: string, encoding = 'utf-8'): Result<Uint8Array> {
  if (!text.isWellFormed()) return cannotPrint('A text holds half of a surrogate pair, which no encoding can carry.');
  const decoder = decoderFor(encoding);
  if (decoder === undefined) {
    return failure(
      issue('config-invalid', 'The encoding set for this channel is not known; use utf-8 or windows-1252.'),
    );
  }
  if (decoder.encoding === 'utf-8') return success(new TextEncoder().encode(text));
  const byteOf = singleByteTable(decoder.encoding);
  if (byteOf === undefined) return cannotPrint('Only utf-8 and single-byte encodings can be written.');
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const byte = code < 0x80 ? code : byteOf.get(code);
    if (byte === undefined) return cannotPrint(`A text holds a character that ${decoder.encoding} does not have.`);
    bytes[at] = byte;
  }
  return success(bytes);
}

/** Code unit → byte for an encoding of one byte a character, read off its decoder. */
function singleByteTable(encoding: string): Map<number, number> | undefined {
  if (encoding.startsWith('utf') || !/^(?:windows|iso)-/.test(encoding)) return undefined;
  const decoder = new TextDecoder(encoding);
  const table = new Map<number, number>();
  for (let byte = 0x80; byte <= 0xff; byte += 1) {
    const character = decoder.decode(Uint8Array.of(byte));
    if (character.length === 1 && character !== '\ufffd') table.set(character.charCodeAt(0), byte);
  }
  return table;
}

export function cannotPrint(text: string, place: IssuePlace = {}): Result<never> {
  return failure(issue('format-cannot-print', text, place));
}

/** Where each line of a text starts. CR, LF and CR LF each end a line. */
export type LineIndex = readonly number[];

export function indexLines(text: string): LineIndex {
  const starts = [0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10)) starts.push(at + 1);
  }
  return starts;
}

/** 1-based line and column (in UTF-16 units, as editors count) of an offset. */
export function positionOf(offset: number, starts: LineIndex): { line: number; column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

/** The same for one offset of a text. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  return positionOf(offset, indexLines(text.slice(0, Math.min(offset, text.length) + 1)));
}

/**
 * Whether a name from the sender's text may stand in an issue. Names are structure, not values, but a sender may key
 * an object by NHS number or forget the header row; a name with many digits or of unlikely length is not repeated.
 */
export function isSafeName(name: string): boolean {
  return name !== '' && name.length <= 64 && !/\d{4}|[^\p{L}\p{N} _@#.:/()-]/u.test(name);
}
