import { issue } from '../../kernel/errors.ts';
import { type Result, success } from '../../kernel/result.ts';
import { decoderFor, decodeText } from '../text.ts';
import { type Delimiters, readDelimiters } from './delimiters.ts';

/** MSH as bytes show it before the message is decoded: one byte, one character (ISO 8859-1). */
export interface RawMsh {
  readonly delimiters: Delimiters;
  /** `fields[3]` is MSH-3. */
  readonly fields: readonly string[];
}

/** Reads the MSH segment alone; undefined where the bytes do not begin with one. */
export function readRawMsh(bytes: Uint8Array): RawMsh | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf ? 3 : 0;
  while ([0x09, 0x0a, 0x0d, 0x20].includes(buffer[start] ?? 0)) start += 1;
  let end = start;
  while (end < buffer.length && buffer[end] !== 0x0d && buffer[end] !== 0x0a) end += 1;
  const msh = buffer.toString('latin1', start, end);
  if (!msh.startsWith('MSH')) return undefined;
  const delimiters = readDelimiters(msh);
  if (delimiters === undefined) return undefined;
  return { delimiters, fields: ['MSH', delimiters.field, ...msh.slice(4).split(delimiters.field)] };
}

/**
 * HL7 table 0211, as far as UK systems use it, with our name for the encoding. ASCII and an empty MSH-18 state
 * nothing that a sender keeps to, so they are not here.
 */
export function encodingOfCharset(charset: string): string | undefined {
  if (charset === 'UNICODE' || charset === 'UNICODE UTF-8') return 'utf-8';
  if (charset === '8859/1') return 'windows-1252';
  const part = /^8859\/([2-9]|1[0-5])$/.exec(charset)?.[1];
  return part === undefined ? undefined : `iso-8859-${part}`;
}

/**
 * Decodes a message by its MSH-18, else by the channel's encoding, else as UTF-8; bytes that are not UTF-8 are then
 * read as windows-1252, with a warning.
 */
export function decodeHl7v2(bytes: Uint8Array, channelEncoding?: string): Result<{ text: string; encoding: string }> {
  const msh = readRawMsh(bytes);
  const charset = firstValue(msh, 18);
  const stated = encodingOfCharset(charset) ?? channelEncoding;
  const decoded = decodeText(bytes, stated);
  if (decoded.ok) return success({ text: decoded.value, encoding: stated ?? 'utf-8' });
  if (stated !== undefined || decoded.issues[0]?.code !== 'encoding-invalid') return decoded;

  const encoding = 'windows-1252';
  const guessed = decoderFor(encoding)?.decode(bytes);
  if (guessed === undefined) return decoded;
  return success({ text: guessed, encoding }, [
    issue('encoding-invalid', 'MSH-18 names no encoding and the bytes are not UTF-8; they were read as windows-1252.', {
      severity: 'warning',
      at: 'MSH-18',
    }),
  ]);
}

/** First component of the first repetition of a field of MSH; empty where there is none. */
export function firstValue(msh: RawMsh | undefined, field: number): string {
  if (msh === undefined) return '';
  const [repetition = ''] = (msh.fields[field] ?? '').split(msh.delimiters.repetition);
  return (repetition.split(msh.delimiters.component)[0] ?? '').trim();
}
