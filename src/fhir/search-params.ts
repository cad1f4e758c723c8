import type { Definitions, SearchParameterDefinition } from './definitions.ts';

/** Parameters about the answer rather than about what is found (https://hl7.org/fhir/R4/search.html#return). */
export const RESULT_PARAMETERS: readonly string[] = ['_count', '_sort', '_total', '_format', '_pretty'];

/** Parameters that R4 defines for every type and this server does not have, so that they are refused by name. */
export const UNSUPPORTED_PARAMETERS = new Set([
  '_contained',
  '_containedType',
  '_content',
  '_elements',
  '_filter',
  '_include',
  '_list',
  '_query',
  '_revinclude',
  '_summary',
  '_text',
  '_type',
]);

/** What a component of a composite can be. */
export type ValueKind = 'token' | 'reference' | 'date' | 'string' | 'number' | 'quantity';
/** The kinds of parameter that there is an index for. */
export type SearchKind = ValueKind | 'uri' | 'composite';
export type SearchableParameter = SearchParameterDefinition & { readonly type: SearchKind };
export type SearchComponent = { readonly type: ValueKind; readonly expression: string };

const KINDS = new Set<string>([
  'token',
  'reference',
  'date',
  'string',
  'number',
  'quantity',
  'uri',
  'composite',
] satisfies SearchKind[]);

/** Whether we can search by its kind. `phonetic` asks for a sound-alike algorithm, which the usual string match is not. */
function isSearchable(parameter: SearchParameterDefinition): parameter is SearchableParameter {
  return KINDS.has(parameter.type) && parameter.code !== 'phonetic';
}

/** Audit events are written once and looked at where they are kept, which has these columns and no index rows. */
const OF_AUDIT_EVENTS = new Set([
  '_id',
  '_lastUpdated',
  'action',
  'agent',
  'altid',
  'date',
  'entity',
  'outcome',
  'patient',
  'subtype',
  'type',
]);

/** Those that a client may use on a type, in the order of the specification. */
export function searchableParameters(type: string, definitions: Definitions): SearchableParameter[] {
  const all = definitions.searchParameters(type).filter(isSearchable);
  return type === 'AuditEvent' ? all.filter(({ code }) => OF_AUDIT_EVENTS.has(code)) : all;
}

/** What a composite is made of, in order. */
export function componentsOf(parameter: SearchableParameter): readonly SearchComponent[] {
  return (parameter.component ?? []) as readonly SearchComponent[];
}
