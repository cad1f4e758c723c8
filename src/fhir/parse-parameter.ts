import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { nearestName } from '../kernel/nearest-name.ts';
import {
  RESULT_PARAMETERS,
  type SearchableParameter,
  searchableParameters,
  UNSUPPORTED_PARAMETERS,
} from './search-params.ts';
import { splitEscaped, unescapeValue } from './search-text.ts';
import type { IndexContext } from './search-values.ts';

/** What a search is read with. */
export interface ParseContext extends IndexContext {
  /** Only the resource itself can be looked at: no other, which a reference leads to. */
  readonly alone?: boolean | undefined;
}

export interface ParameterName {
  readonly code: string;
  readonly modifier: string | undefined;
  readonly chain: string | undefined;
}

const NAME_CHARS_MAX = 256;

/** `subject:Patient.identifier`: code, modifier, chain. */
export function splitName(name: string): ParameterName {
  const first = name.split(/[:.]/, 1)[0] ?? '';
  if (UNSUPPORTED_PARAMETERS.has(first)) {
    throw refuse('parameter-unsupported', `This server cannot search by ${first}.`);
  }
  const found =
    name.length > NAME_CHARS_MAX
      ? null
      : /^([A-Za-z_][A-Za-z0-9_-]{0,63})(?::([A-Za-z-]{1,64}))?(?:\.([A-Za-z_][A-Za-z0-9_:.-]{0,255}))?$/.exec(name);
  if (found === null) throw refuse('parameter-unknown', 'A parameter has a name that no search parameter has.');
  return { code: found[1] ?? '', modifier: found[2], chain: found[3] };
}

/** Throws for one that R4 does not have, with the nearest that it has, and for one that this server does not have. */
export function findParameter(type: string, code: string, { definitions }: IndexContext): SearchableParameter {
  const searchable = searchableParameters(type, definitions);
  const found = searchable.find((one) => one.code === code);
  if (found !== undefined) return found;
  if (definitions.searchParameters(type).some((one) => one.code === code)) {
    throw refuse('parameter-unsupported', `This server cannot search by ${code}.`);
  }
  const known = [...searchable.map((one) => one.code), ...RESULT_PARAMETERS];
  const nearest = nearestName(code, known);
  const hint = nearest === undefined ? 'The CapabilityStatement lists those there are.' : `Is ${nearest} meant?`;
  throw refuse('parameter-unknown', `${type} has no search parameter ${code}. ${hint}`);
}

const MODIFIERS = new Set(
  'above below code-text contains exact identifier in iterate missing not not-in of-type ofType recurse text text-advanced type'.split(
    ' ',
  ),
);

/** A modifier that R4 has but we do not is unsupported; any other is a mistake. */
export function refuseModifier(code: string, modifier: string | undefined, allowed: readonly string[]): void {
  if (modifier === undefined || allowed.includes(modifier)) return;
  if (MODIFIERS.has(modifier)) throw refuse('parameter-unsupported', `${code} cannot take :${modifier} here.`);
  throw refuse('parameter-invalid', `:${modifier} is no modifier that ${code} can take.`);
}

/** The alternatives of a value, still escaped. */
export function splitValues(code: string, value: string): string[] {
  const values = splitEscaped(value, ',');
  if (values.length > LIMITS.searchValuesMax) {
    throw refuse('parameter-invalid', `${code} has more than ${LIMITS.searchValuesMax} values.`);
  }
  return values;
}

export function plainText(code: string, text: string): string {
  const plain = unescapeValue(text);
  if (plain === undefined) throw refuse('parameter-invalid', `${code}: a backslash escapes only , | $ and itself.`);
  return plain;
}
