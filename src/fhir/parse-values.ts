import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { plainText, refuseModifier } from './parse-parameter.ts';
import { parseDateRange } from './search-dates.ts';
import { approximate, parseNumberRange } from './search-numbers.ts';
import type { DateValue, QuantityValue, SearchFilter, SearchPrefix } from './search-request.ts';
import { cutText, foldText } from './search-strings.ts';
import { splitEscaped } from './search-text.ts';

const DAY_MS = 86_400_000;
const PREFIXED = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?([\d+-].*)$/;

/** https://hl7.org/fhir/R4/search.html#date */
export function parseDateValue(code: string, text: string): DateValue {
  const found = PREFIXED.exec(text);
  const prefix = (found?.[1] ?? 'eq') as SearchPrefix;
  // A plus in a URL that was not written as %2B arrives as a space.
  const range = parseDateRange((found?.[2] ?? '').replace(' ', '+'));
  if (range === undefined) {
    const example = 'such as 2026-03, ge2026-03-01 or lt2026-03-01T09:00:00Z';
    throw refuse('parameter-invalid', `${code} has a value that is no date, ${example}.`);
  }
  if (prefix !== 'ap') return { prefix, ...range };
  // R4 leaves the tolerance to the server. This one does not depend on when it is asked, so that pages stay the same.
  const tolerance = Math.max(range.high - range.low, DAY_MS);
  return { prefix, low: range.low - tolerance, high: range.high + tolerance };
}

/** https://hl7.org/fhir/R4/search.html#number */
export function parseNumberValue(code: string, text: string): QuantityValue {
  const found = PREFIXED.exec(text);
  const range = parseNumberRange(found?.[2] ?? '');
  if (range === undefined || !Number.isFinite(range.low) || !Number.isFinite(range.high)) {
    throw refuse('parameter-invalid', `${code} has a value that is no number, such as 5.4, ge100 or 1.2e3.`);
  }
  const prefix = (found?.[1] ?? 'eq') as SearchPrefix;
  return { prefix, ...range, ...(prefix === 'ap' ? approximate(range) : {}) };
}

/** https://hl7.org/fhir/R4/search.html#quantity: `5.4`, `5.4|system|code`, `5.4||code`. */
export function parseQuantityValue(code: string, text: string): QuantityValue {
  const [number = '', system = '', unit = '', ...more] = splitEscaped(text, '|').map((part) => plainText(code, part));
  if (more.length > 0 || (system !== '' && unit === '')) {
    throw refuse('parameter-invalid', `${code} has a value that is not number, number|system|code or number||code.`);
  }
  return {
    ...parseNumberValue(code, number),
    ...(system === '' ? {} : { system: cutText(system) }),
    ...(unit === '' ? {} : { code: cutText(unit) }),
  };
}

/** https://hl7.org/fhir/R4/search.html#string */
export function parseStrings(code: string, modifier: string | undefined, values: readonly string[]): SearchFilter {
  refuseModifier(code, modifier, ['exact', 'contains']);
  const plain = values.map((one) => plainText(code, one));
  if (modifier === 'exact') return { kind: 'string', param: code, match: 'exact', values: plain.map(cutText) };
  const match = modifier === 'contains' ? 'contains' : 'starts';
  return { kind: 'string', param: code, match, values: plain.map((one) => foldGiven(code, one)) };
}

/** Folded to nothing, it would match everything. */
export function foldGiven(code: string, text: string): string {
  const folded = foldText(text);
  if (folded === '') throw refuse('parameter-invalid', `${code} has an empty value.`);
  return folded;
}

/** https://hl7.org/fhir/R4/search.html#uri: `:above` is any folder that the address lies in, and the address itself. */
export function parseUris(code: string, modifier: string | undefined, values: readonly string[]): SearchFilter {
  refuseModifier(code, modifier, ['above', 'below']);
  const plain = values.map((one) => plainText(code, one));
  if (plain.includes('')) throw refuse('parameter-invalid', `${code} has an empty value.`);
  if (modifier === undefined) return { kind: 'uri', param: code, match: 'exact', values: plain.map(cutText) };
  if (!plain.every((one) => /^https?:\/\/[^/\s]+/.test(one))) {
    throw refuse(
      'parameter-invalid',
      `${code}:${modifier} takes addresses with folders, such as http://x.example/a/b.`,
    );
  }
  const folders = plain.map((one) => cutText(one.replace(/\/+$/, '')));
  if (modifier === 'below') return { kind: 'uri', param: code, match: 'below', values: folders };
  const above = [...new Set(folders.flatMap(foldersOf))];
  if (above.length > LIMITS.searchValueSetCodesMax) {
    throw refuse('parameter-invalid', `${code}:above has addresses in more folders than can be looked for.`);
  }
  return { kind: 'uri', param: code, match: 'exact', values: above };
}

/** `http://x.example/a/b`: that, `http://x.example/a` and `http://x.example`, each also with a slash at its end. */
function foldersOf(address: string): string[] {
  const [, start = '', path = ''] = /^(https?:\/\/[^/]+)(.*)$/.exec(address) ?? [];
  const steps = path.split('/').filter((step) => step !== '');
  return [start, ...steps.map((_, index) => `${start}/${steps.slice(0, index + 1).join('/')}`)].flatMap((one) => [
    one,
    `${one}/`,
  ]);
}
