import { LIMITS } from '../kernel/limits.ts';

/**
 * A text as string search compares it: without case, accents and the width of spaces
 * (https://hl7.org/fhir/R4/search.html#string). It is cut again at the end, for some letters become several.
 */
export function foldText(text: string): string {
  const cut = cutText(text);
  const plain = ASCII.test(cut) ? cut.toLowerCase() : foldLetters(cut);
  return cutText(plain.replace(/\s+/gu, ' ').trim());
}

const ASCII = /^[\0-\x7f]*$/;

/** By way of capitals, for some letters are one small letter and two capitals. */
function foldLetters(text: string): string {
  const folded = text.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '');
  // A sigma is written in another way at the end of a word, and what is asked for may end anywhere.
  return folded.replaceAll('ς', 'σ');
}

/**
 * Index and query cut alike, so that a long text is found by its beginning and no index entry is without bound: of
 * this length it has at most three times as many bytes, which an index of PostgreSQL can hold.
 */
export function cutText(text: string): string {
  if (text.length <= LIMITS.indexTextCharsMax) return text;
  // A character of two halves is not cut through.
  const half = (text.codePointAt(LIMITS.indexTextCharsMax - 1) ?? 0) > 0xffff;
  return text.slice(0, LIMITS.indexTextCharsMax - (half ? 1 : 0));
}
