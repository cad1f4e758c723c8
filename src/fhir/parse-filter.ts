import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { nearestName } from '../kernel/nearest-name.ts';
import { isResourceId } from './references.ts';
import { parseDateRange } from './search-dates.ts';
import {
  isSearchable,
  RESULT_PARAMETERS,
  type SearchableParameter,
  searchableParameters,
  UNSUPPORTED_PARAMETERS,
} from './search-params.ts';
import type {
  ChainFilter,
  DatePrefix,
  DateValue,
  ReferenceFilter,
  SearchFilter,
  TokenValue,
} from './search-request.ts';
import { cutText, foldText } from './search-strings.ts';
import { splitEscaped, unescapeValue } from './search-text.ts';
import { type IndexContext, readOwnReference } from './search-values.ts';

interface ParameterName {
  readonly code: string;
  readonly modifier: string | undefined;
  readonly chain: string | undefined;
}

/** One parameter of a search. Throws a GinnelError for what is unknown, unsupported or not well formed. */
export function parseFilter(type: string, name: string, value: string, context: IndexContext, depth = 0): SearchFilter {
  const { code, modifier, chain } = splitName(name);
  const parameter = findParameter(type, code, context);
  if (value === '') throw refuse('parameter-invalid', `${code} has no value.`);
  if (modifier === 'missing') return parseMissing(parameter, value);
  if (chain !== undefined || modifier === 'identifier') {
    return parseChain(parameter, { code, modifier, chain }, value, context, depth);
  }
  const values = splitEscaped(value, ',');
  if (values.length > LIMITS.searchValuesMax) {
    throw refuse('parameter-invalid', `${code} has more than ${LIMITS.searchValuesMax} values.`);
  }
  if (code === '_id') return parseIds(modifier, values);
  if (code === '_lastUpdated') {
    refuseModifier(code, modifier, []);
    return { kind: 'lastUpdated', values: values.map((one) => parseDateValue(code, one)) };
  }
  switch (parameter.type) {
    case 'token':
      refuseModifier(code, modifier, ['not']);
      return {
        kind: 'token',
        param: code,
        not: modifier === 'not',
        values: values.map((one) => parseToken(code, one)),
      };
    case 'date':
      refuseModifier(code, modifier, []);
      return { kind: 'date', param: code, values: values.map((one) => parseDateValue(code, one)) };
    case 'string':
      return parseStrings(code, modifier, values);
    case 'reference':
      return {
        kind: 'reference',
        param: code,
        values: values.map((one) => parseReferenceValue(parameter, modifier, one, context)),
      };
  }
}

/** `subject:Patient.identifier`: code, modifier, chain. */
function splitName(name: string): ParameterName {
  const first = name.split(/[:.]/, 1)[0] ?? '';
  if (UNSUPPORTED_PARAMETERS.has(first))
    throw refuse('parameter-unsupported', `This server cannot search by ${first}.`);
  const found = /^([A-Za-z_][A-Za-z0-9_-]{0,63})(?::([A-Za-z-]{1,64}))?(?:\.([A-Za-z_][A-Za-z0-9_:.-]{0,127}))?$/.exec(
    name,
  );
  if (found === null) throw refuse('parameter-unknown', 'A parameter has a name that no search parameter has.');
  return { code: found[1] ?? '', modifier: found[2], chain: found[3] };
}

function findParameter(type: string, code: string, { definitions }: IndexContext): SearchableParameter {
  const all = definitions.searchParameters(type);
  const found = all.find((one) => one.code === code);
  if (found !== undefined && isSearchable(found)) return found;
  if (found !== undefined) throw refuse('parameter-unsupported', `This server cannot search by ${code}.`);
  const known = [...searchableParameters(type, definitions).map((one) => one.code), ...RESULT_PARAMETERS];
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
function refuseModifier(code: string, modifier: string | undefined, allowed: readonly string[]): void {
  if (modifier === undefined || allowed.includes(modifier)) return;
  if (MODIFIERS.has(modifier)) throw refuse('parameter-unsupported', `${code} cannot take :${modifier} here.`);
  throw refuse('parameter-invalid', `:${modifier} is no modifier that ${code} can take.`);
}

function parseMissing({ code, type }: SearchableParameter, value: string): SearchFilter {
  if (code.startsWith('_') && (code === '_id' || code === '_lastUpdated')) {
    throw refuse('parameter-invalid', `${code} is never missing.`);
  }
  if (value !== 'true' && value !== 'false') throw refuse('parameter-invalid', `${code}:missing is true or false.`);
  return { kind: 'missing', param: code, index: type, missing: value === 'true' };
}

function parseIds(modifier: string | undefined, values: readonly string[]): SearchFilter {
  refuseModifier('_id', modifier, []);
  if (!values.every(isResourceId)) throw refuse('parameter-invalid', '_id has a value that is no resource id.');
  return { kind: 'id', values };
}

/** https://hl7.org/fhir/R4/search.html#token */
function parseToken(code: string, text: string): TokenValue {
  const parts = splitEscaped(text, '|').map((part) => plainText(code, part));
  const [first = '', second] = parts;
  if (parts.length > 2 || (first === '' && (second ?? '') === '')) {
    throw refuse('parameter-invalid', `${code} has a value that is not code, |code, system|code or system|.`);
  }
  if (second === undefined) return { code: cutText(first) };
  return second === '' ? { system: first } : { system: first, code: cutText(second) };
}

/** https://hl7.org/fhir/R4/search.html#date */
function parseDateValue(code: string, text: string): DateValue {
  const found = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d.*)$/.exec(text);
  if (found?.[1] === 'ap') throw refuse('parameter-unsupported', `${code} cannot take the prefix ap.`);
  // A plus in a URL that was not written as %2B arrives as a space.
  const range = parseDateRange((found?.[2] ?? '').replace(' ', '+'));
  if (range === undefined) {
    const example = 'such as 2026-03, ge2026-03-01 or lt2026-03-01T09:00:00Z';
    throw refuse('parameter-invalid', `${code} has a value that is no date, ${example}.`);
  }
  return { prefix: (found?.[1] ?? 'eq') as DatePrefix, ...range };
}

/** https://hl7.org/fhir/R4/search.html#string */
function parseStrings(code: string, modifier: string | undefined, values: readonly string[]): SearchFilter {
  refuseModifier(code, modifier, ['exact', 'contains']);
  const plain = values.map((one) => plainText(code, one));
  if (modifier === 'exact') return { kind: 'string', param: code, match: 'exact', values: plain.map(cutText) };
  const folded = plain.map(foldText);
  // Folded to nothing, it would match everything.
  if (folded.includes('')) throw refuse('parameter-invalid', `${code} has an empty value.`);
  return { kind: 'string', param: code, match: modifier === 'contains' ? 'contains' : 'starts', values: folded };
}

/** https://hl7.org/fhir/R4/search.html#reference */
function parseReferenceValue(
  parameter: SearchableParameter,
  modifier: string | undefined,
  text: string,
  context: IndexContext,
): ReferenceFilter['values'][number] {
  const { code, target = [] } = parameter;
  if (modifier !== undefined && !context.definitions.resourceTypes.has(modifier)) refuseModifier(code, modifier, []);
  const value = plainText(code, text);
  const own = readOwnReference(value, context);
  if (own !== undefined) {
    if (modifier !== undefined && modifier !== own.type) {
      throw refuse('parameter-invalid', `${code}:${modifier} has a reference to another type.`);
    }
    return { targetType: own.type, target: own.id };
  }
  if (isResourceId(value))
    return { targetType: modifier ?? (target.length === 1 ? target[0] : undefined), target: value };
  if (/^[a-z][a-z0-9+.-]{0,31}:\S+$/i.test(value)) return { targetType: '', target: cutText(value) };
  throw refuse('parameter-invalid', `${code} has a value that is no reference: write Type/id, an id, or a URL.`);
}

/**
 * `patient.name=…`, one step deep (https://hl7.org/fhir/R4/search.html#chaining). `:identifier` asks for a reference by
 * identifier: to a Patient that is the same as `patient.identifier=…`, because references here are to stored Patients;
 * to anything else it is the identifier that stands in the reference.
 */
function parseChain(
  parameter: SearchableParameter,
  { code, modifier, chain }: ParameterName,
  value: string,
  context: IndexContext,
  depth: number,
): ChainFilter | ReferenceFilter {
  if (parameter.type !== 'reference') throw refuse('parameter-invalid', `${code} is no reference to search through.`);
  if (depth > 0) throw refuse('parameter-unsupported', 'A search can follow one reference, not a reference of that.');
  const targets = parameter.target ?? [];
  if (modifier === 'identifier' && chain === undefined) {
    if (!targets.includes('Patient')) return parseLogicalReference(code, value);
    const filter = parseFilter('Patient', 'identifier', value, context, 1);
    return { kind: 'chain', param: code, targetType: 'Patient', filter };
  }
  const targetType = modifier ?? (targets.length === 1 ? targets[0] : undefined);
  if (targetType === undefined) {
    throw refuse(
      'parameter-invalid',
      `${code} may refer to several types; name one, such as ${code}:${targets[0]}.${chain}.`,
    );
  }
  if (!targets.includes(targetType)) throw refuse('parameter-invalid', `${code} does not refer to that type.`);
  return { kind: 'chain', param: code, targetType, filter: parseFilter(targetType, chain ?? '', value, context, 1) };
}

function parseLogicalReference(code: string, value: string): ReferenceFilter {
  const values = splitEscaped(value, ',').map((one) => {
    const { system, code: identifier } = parseToken(code, one);
    if (system === undefined || identifier === undefined) {
      throw refuse('parameter-invalid', `${code}:identifier needs both, system|value.`);
    }
    return { targetType: '', target: cutText(`${system}|${identifier}`) };
  });
  if (values.length > LIMITS.searchValuesMax) {
    throw refuse('parameter-invalid', `${code} has more than ${LIMITS.searchValuesMax} values.`);
  }
  return { kind: 'reference', param: code, values };
}

function plainText(code: string, text: string): string {
  const plain = unescapeValue(text);
  if (plain === undefined) throw refuse('parameter-invalid', `${code}: a backslash escapes only , | $ and itself.`);
  return plain;
}
