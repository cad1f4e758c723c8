import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { parseComposite } from './parse-composite.ts';
import {
  findParameter,
  type ParameterName,
  type ParseContext,
  refuseModifier,
  splitName,
  splitValues,
} from './parse-parameter.ts';
import { parseIdentifier, parseReferenceValue } from './parse-reference.ts';
import { parseTokens } from './parse-token.ts';
import { parseDateValue, parseNumberValue, parseQuantityValue, parseStrings, parseUris } from './parse-values.ts';
import { isResourceId } from './references.ts';
import type { SearchableParameter } from './search-params.ts';
import type { SearchFilter } from './search-request.ts';

/**
 * One parameter of a search; `hops` is how many references led to it. Throws a GinnelError for what is unknown,
 * unsupported or not well formed.
 */
export function parseFilter(type: string, name: string, value: string, context: ParseContext, hops = 0): SearchFilter {
  if (name.startsWith('_has:') || name === '_has') return parseHas(type, name, value, context, hops);
  const { code, modifier, chain } = splitName(name);
  const parameter = findParameter(type, code, context);
  if (value === '') throw refuse('parameter-invalid', `${code} has no value.`);
  if (chain !== undefined) return parseChain(parameter, { code, modifier, chain }, value, context, hops);
  if (modifier === 'missing') return parseMissing(parameter, value);
  if (modifier === 'identifier' && parameter.type === 'reference') return parseIdentifier(parameter, value, context);
  const values = splitValues(code, value);
  if (code === '_id') return parseIds(modifier, values);
  if (code === '_lastUpdated') {
    refuseModifier(code, modifier, []);
    return { kind: 'lastUpdated', values: values.map((one) => parseDateValue(code, one)) };
  }
  switch (parameter.type) {
    case 'token':
      return parseTokens(code, modifier, values, context);
    case 'date':
      refuseModifier(code, modifier, []);
      return { kind: 'date', param: code, values: values.map((one) => parseDateValue(code, one)) };
    case 'number':
    case 'quantity': {
      refuseModifier(code, modifier, []);
      const parse = parameter.type === 'number' ? parseNumberValue : parseQuantityValue;
      return { kind: 'quantity', param: code, values: values.map((one) => parse(code, one)) };
    }
    case 'string':
      return parseStrings(code, modifier, values);
    case 'uri':
      return parseUris(code, modifier, values);
    case 'composite':
      return parseComposite(parameter, modifier, values, context);
    case 'reference':
      return {
        kind: 'reference',
        param: code,
        values: values.map((one) => parseReferenceValue(parameter, modifier, one, context)),
      };
  }
}

function parseMissing({ code, type }: SearchableParameter, value: string): SearchFilter {
  if (code === '_id' || code === '_lastUpdated') throw refuse('parameter-invalid', `${code} is never missing.`);
  if (value !== 'true' && value !== 'false') throw refuse('parameter-invalid', `${code}:missing is true or false.`);
  return { kind: 'missing', param: code, index: type === 'number' ? 'quantity' : type, missing: value === 'true' };
}

function parseIds(modifier: string | undefined, values: readonly string[]): SearchFilter {
  refuseModifier('_id', modifier, []);
  if (!values.every(isResourceId)) throw refuse('parameter-invalid', '_id has a value that is no resource id.');
  return { kind: 'id', values };
}

function checkHops(hops: number, context: ParseContext): void {
  if (context.alone === true) {
    throw refuse('parameter-unsupported', 'Criteria look at the resource alone: they cannot follow a reference.');
  }
  if (hops >= LIMITS.searchHopsMax) {
    throw refuse(
      'parameter-unsupported',
      `A search follows ${LIMITS.searchHopsMax} references at most, one after the other.`,
    );
  }
}

/** `subject:Patient.general-practitioner:Organization.name=…` (https://hl7.org/fhir/R4/search.html#chaining) */
function parseChain(
  parameter: SearchableParameter,
  { code, modifier, chain = '' }: ParameterName,
  value: string,
  context: ParseContext,
  hops: number,
): SearchFilter {
  if (parameter.type !== 'reference') throw refuse('parameter-invalid', `${code} is no reference to search through.`);
  checkHops(hops, context);
  const targets = parameter.target ?? [];
  const targetType = modifier ?? (targets.length === 1 ? targets[0] : undefined);
  if (targetType === undefined) {
    throw refuse(
      'parameter-invalid',
      `${code} may refer to several types; name one, such as ${code}:${targets[0]}.${chain}.`,
    );
  }
  if (!targets.includes(targetType)) throw refuse('parameter-invalid', `${code} does not refer to that type.`);
  return { kind: 'chain', param: code, targetType, filter: parseFilter(targetType, chain, value, context, hops + 1) };
}

/** `_has:Observation:patient:code=…` (https://hl7.org/fhir/R4/search.html#has) */
function parseHas(type: string, name: string, value: string, context: ParseContext, hops: number): SearchFilter {
  const found = /^_has:([A-Za-z]{1,64}):([A-Za-z0-9_-]{1,64}):([A-Za-z_][A-Za-z0-9_:.-]{0,255})$/.exec(name);
  const [, source = '', code = '', rest = ''] = found ?? [];
  if (!context.definitions.resourceTypes.has(source)) {
    throw refuse('parameter-invalid', '_has is _has:type:reference:parameter, such as _has:CarePlan:patient:status.');
  }
  if (source === 'AuditEvent') {
    // Events are kept apart from resources, and no index row says what they refer to.
    throw refuse('parameter-unsupported', '_has cannot look into AuditEvents. Search them by patient or entity.');
  }
  checkHops(hops, context);
  const parameter = findParameter(source, code, context);
  if (parameter.type !== 'reference' || parameter.target?.includes(type) !== true) {
    throw refuse('parameter-invalid', `_has names a search parameter of ${source} that refers to a ${type}.`);
  }
  return { kind: 'has', source, param: code, filter: parseFilter(source, rest, value, context, hops + 1) };
}
