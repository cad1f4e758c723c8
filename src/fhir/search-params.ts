import type { Definitions, SearchParameterDefinition } from './definitions.ts';
import type { IndexRow } from './index-row.ts';

/** Parameters about the answer rather than about what is found (https://hl7.org/fhir/R4/search.html#return). */
export const RESULT_PARAMETERS: readonly string[] = ['_count', '_sort', '_total', '_format', '_pretty'];

/** Parameters that R4 defines for every type and this server does not have, so that they are refused by name. */
export const UNSUPPORTED_PARAMETERS = new Set([
  '_contained',
  '_containedType',
  '_content',
  '_elements',
  '_filter',
  '_has',
  '_include',
  '_list',
  '_query',
  '_revinclude',
  '_summary',
  '_text',
  '_type',
]);

/** The kinds of parameter that there is an index for. */
export type SearchKind = IndexRow['kind'];
export type SearchableParameter = SearchParameterDefinition & { readonly type: SearchKind };

const KINDS = new Set<string>(['token', 'reference', 'date', 'string'] satisfies SearchKind[]);

/** Whether we can search by it. `phonetic` asks for a sound-alike algorithm, which the usual string match is not. */
export function isSearchable(parameter: SearchParameterDefinition): parameter is SearchableParameter {
  return KINDS.has(parameter.type) && parameter.code !== 'phonetic';
}

/** Those that a client may use on a type, in the order of the specification. */
export function searchableParameters(type: string, definitions: Definitions): SearchableParameter[] {
  return definitions.searchParameters(type).filter(isSearchable);
}
