import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { ofTypeParam } from './index-row.ts';
import { type ParseContext, plainText, refuseModifier } from './parse-parameter.ts';
import type { SearchFilter, TokenValue } from './search-request.ts';
import { cutText, foldText } from './search-strings.ts';
import { splitEscaped } from './search-text.ts';

/** https://hl7.org/fhir/R4/search.html#token with its modifiers, but for `:above` and `:below`, which need a terminology. */
export function parseTokens(
  code: string,
  modifier: string | undefined,
  values: readonly string[],
  context: ParseContext,
): SearchFilter {
  refuseModifier(code, modifier, ['not', 'text', 'in', 'not-in', 'of-type']);
  switch (modifier) {
    case 'text': {
      const folded = values.map((one) => foldText(plainText(code, one)));
      if (folded.includes('')) throw refuse('parameter-invalid', `${code}:text has an empty value.`);
      return { kind: 'text', param: code, values: folded };
    }
    case 'in':
    case 'not-in': {
      const codes = values.flatMap((one) => codesOf(code, plainText(code, one), context));
      if (codes.length > LIMITS.searchValueSetCodesMax) {
        const told = `${code}:${modifier} takes value sets of ${LIMITS.searchValueSetCodesMax} codes at most; these have more.`;
        throw refuse('parameter-unsupported', told);
      }
      return { kind: 'token', param: code, not: modifier === 'not-in', values: codes };
    }
    case 'of-type':
      return {
        kind: 'token',
        param: ofTypeParam(code),
        not: false,
        values: values.map((one) => parseTyped(code, one)),
      };
    default:
      return {
        kind: 'token',
        param: code,
        not: modifier === 'not',
        values: values.map((one) => parseToken(code, one)),
      };
  }
}

export function parseToken(code: string, text: string): TokenValue {
  const parts = splitEscaped(text, '|').map((part) => plainText(code, part));
  const [first = '', second] = parts;
  if (parts.length > 2 || (first === '' && (second ?? '') === '')) {
    throw refuse('parameter-invalid', `${code} has a value that is not code, |code, system|code or system|.`);
  }
  if (second === undefined) return { code: cutText(first) };
  return second === '' ? { system: cutText(first) } : { system: cutText(first), code: cutText(second) };
}

/** The codes of a value set of R4 that can be listed; of any other nothing is known here. */
function codesOf(code: string, url: string, { definitions }: ParseContext): TokenValue[] {
  const systems = definitions.valueSet(url.split('|', 1)[0] ?? url);
  if (systems === undefined) {
    throw refuse(
      'parameter-unsupported',
      `${code}:in knows the value sets that R4 binds as required, and not this one.`,
    );
  }
  return [...systems].flatMap(([system, list]) => [...list].map((one) => ({ system, code: one })));
}

/** `identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053` */
function parseTyped(code: string, text: string): TokenValue {
  const [system = '', type = '', value = '', ...more] = splitEscaped(text, '|').map((part) => plainText(code, part));
  if (type === '' || value === '' || more.length > 0) {
    throw refuse('parameter-invalid', `${code}:of-type is system|code|value, of the identifier's type and its value.`);
  }
  const found = cutText(`${type}|${value}`);
  return system === '' ? { code: found } : { system: cutText(system), code: found };
}
