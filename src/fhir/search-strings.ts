import { LIMITS } from '../kernel/limits.ts';

/**
 * A text as string search compares it: without case, accents and the width of spaces
 * (https://hl7.org/fhir/R4/search.html#string).
 */
export function foldText(text: string): string {
  return cutText(text).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** Index and query cut alike, so that a long text is found by its beginning and no index entry is without bound. */
export function cutText(text: string): string {
  return text.length <= LIMITS.indexTextCharsMax ? text : text.slice(0, LIMITS.indexTextCharsMax);
}
