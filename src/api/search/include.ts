import type { Definitions } from '../../fhir/definitions.ts';
import { searchableParameters } from '../../fhir/search-params.ts';
import { refuse } from '../../kernel/errors.ts';

/** `_include=CarePlan:subject:Patient`, `_revinclude=Provenance:target` (https://hl7.org/fhir/R4/search.html#include). */
export interface Include {
  readonly reverse: boolean;
  /** Also from what was included, and from what that brought. */
  readonly iterate: boolean;
  /** The type that holds the reference; undefined for any. */
  readonly source: string | undefined;
  /** Undefined for every reference of the type. */
  readonly param: string | undefined;
  /** Only what is of this type. */
  readonly target: string | undefined;
}

/** Throws for what is not of that form, names no reference, or has nothing to do with the type that is searched. */
export function readInclude(name: string, value: string, type: string, definitions: Definitions): Include {
  const [base = '', modifier] = name.split(':');
  const reverse = base === '_revinclude';
  if (modifier === 'recurse')
    throw refuse('parameter-unsupported', `${base} takes :iterate, which R4 has in its place.`);
  if (modifier !== undefined && modifier !== 'iterate') {
    throw refuse('parameter-invalid', `${base} can take :iterate, and no other modifier.`);
  }
  const iterate = modifier === 'iterate';
  const all = readWhole(base, value, type, iterate, definitions);
  if (all !== undefined) return all;
  const [source = '', param = '', target, ...more] = value.split(':');
  if (!definitions.resourceTypes.has(source) || more.length > 0) {
    throw refuse('parameter-invalid', `${base} is type:parameter or type:parameter:type, such as CarePlan:subject.`);
  }
  const parameter = searchableParameters(source, definitions).find(({ code }) => code === param);
  if (parameter?.type !== 'reference') {
    throw refuse('parameter-invalid', `${base} names a search parameter of ${source} that is a reference.`);
  }
  const targets = parameter.target ?? [];
  if (target !== undefined && !targets.includes(target)) {
    throw refuse('parameter-invalid', `${base}: that parameter does not refer to that type.`);
  }
  const isAboutType = reverse ? (target ?? type) === type && targets.includes(type) : source === type;
  // What iterates may start at anything that another brings.
  if (!iterate && !isAboutType) {
    const told = reverse ? `a parameter that refers to a ${type}` : `a parameter of ${type} itself`;
    throw refuse('parameter-invalid', `${base} of this search names ${told}.`);
  }
  return { reverse, iterate, source, param, target };
}

/** `_include=*` and `_include=CarePlan:*`: every reference. In reverse it would be everything that is stored. */
function readWhole(
  base: string,
  value: string,
  type: string,
  iterate: boolean,
  definitions: Definitions,
): Include | undefined {
  const [source = '', param] = value === '*' ? ['*', '*'] : value.split(':');
  if (param !== '*') return undefined;
  if (base === '_revinclude')
    throw refuse('parameter-unsupported', '_revinclude names one parameter; * is not served.');
  if (source !== '*' && !definitions.resourceTypes.has(source)) {
    throw refuse('parameter-invalid', `${base} is type:parameter, type:* or *.`);
  }
  if (source !== '*' && source !== type && !iterate) {
    throw refuse('parameter-invalid', `${base} of this search names a parameter of ${type} itself.`);
  }
  return { reverse: false, iterate, source: source === '*' ? undefined : source, param: undefined, target: undefined };
}
