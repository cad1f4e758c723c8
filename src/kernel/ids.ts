import { hash, randomUUID } from 'node:crypto';

/**
 * A new UUID version 7 (RFC 9562 section 5.7): 48 bits of milliseconds, then random bits. Ids of one process sort by
 * the millisecond they were made in, which keeps index pages together and gives search a stable order.
 */
export function newId(nowMs: number = Date.now()): string {
  if (nowMs !== timed.ms) {
    const time = nowMs.toString(16).padStart(12, '0');
    timed = { ms: nowMs, text: `${time.slice(0, 8)}-${time.slice(8)}-7` };
  }
  // A version 4 from node:crypto, which keeps random bytes in stock, with the time in place of its first 48 bits.
  return timed.text + randomUUID().slice(15);
}

/** The first part of the last id: many are made in one millisecond. */
let timed: { readonly ms: number; readonly text: string } = { ms: -1, text: '' };

/** Hex digits whose first two bits are the variant's, by their last two. */
const VARIANT_DIGITS = '89ab';
/** The character code of `9`; behind it, `a` to `f` end in the bits 0001 to 0110, which is 9 less than what they stand for. */
const NINE = 57;

/** The same text always gives the same UUID version 8 (RFC 9562 section 5.8), cut from its SHA-256. */
export function stableUuid(text: string): string {
  const hex = hash('sha256', text, 'hex');
  // The version takes the place of four bits, the variant that of two.
  const digit = hex.charCodeAt(16);
  const variant = VARIANT_DIGITS[(digit <= NINE ? digit : digit + 9) & 0x3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** SHA-256 as lower-case hex. */
export function sha256Hex(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex');
}
