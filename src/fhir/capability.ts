import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes';
import type { Definitions } from './definitions.ts';
import type { Profiles } from './profiles.ts';
import { searchableParameters } from './search-params.ts';

type InteractionCode =
  | 'read'
  | 'vread'
  | 'update'
  | 'patch'
  | 'delete'
  | 'history-instance'
  | 'history-type'
  | 'create'
  | 'search-type';

type TypeBehaviour = Pick<
  CapabilityStatementRestResource,
  'readHistory' | 'updateCreate' | 'conditionalCreate' | 'conditionalRead' | 'conditionalUpdate' | 'conditionalDelete'
>;

export interface CapableOperation {
  readonly on: string;
  /** Without the dollar. */
  readonly name: string;
  /** Canonical of its OperationDefinition. */
  readonly definition: string;
}

export interface CapabilityInput {
  /** Our FHIR base, without trailing slash. */
  readonly baseUrl: string;
  readonly version: string;
  readonly date: Date;
  readonly definitions: Definitions;
  /** The same for every type. */
  readonly interactions: readonly InteractionCode[];
  /** What else is the same for every type, such as conditional interactions. */
  readonly behaviour?: TypeBehaviour | undefined;
  readonly systemInteractions?: readonly ('transaction' | 'batch' | 'history-system')[] | undefined;
  readonly patchFormats?: readonly string[] | undefined;
  /** Whether searches bring along what matches refer to, and what refers to them. */
  readonly includes?: boolean | undefined;
  /** Operations by the type they are called on: one, `every` type, or the `system`. */
  readonly operations: readonly CapableOperation[];
  readonly profiles?: Profiles | undefined;
  /** Types that are served; all of R4 unless told. */
  readonly types?: readonly string[] | undefined;
}

/** What this server can do (https://hl7.org/fhir/R4/capabilitystatement.html). */
export function buildCapabilityStatement(input: CapabilityInput): CapabilityStatement {
  const types = input.types ?? [...input.definitions.resourceTypes];
  const systemOperations = input.operations
    .filter(({ on }) => on === 'system')
    .map(({ name, definition }) => ({ name, definition }));
  const includes = input.includes === true ? listIncludes(types, input.definitions) : undefined;
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: input.date.toISOString(),
    kind: 'instance',
    software: { name: 'Ginnel', version: input.version },
    implementation: { description: 'Ginnel, a FHIR gateway for neighbourhood care', url: input.baseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'application/fhir+xml', 'json', 'xml'],
    ...(input.patchFormats === undefined ? {} : { patchFormat: [...input.patchFormats] }),
    rest: [
      {
        mode: 'server',
        security: {
          service: [
            {
              coding: [
                {
                  system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
                  code: 'SMART-on-FHIR',
                },
              ],
              text: 'SMART Backend Services; see .well-known/smart-configuration',
            },
          ],
        },
        resource: types.map((type) => ({ ...describeType(type, input), ...includes?.get(type) })),
        ...(input.systemInteractions === undefined
          ? {}
          : { interaction: input.systemInteractions.map((code) => ({ code })) }),
        ...(systemOperations.length === 0 ? {} : { operation: systemOperations }),
      },
    ],
  };
}

/** Types that the gateway itself writes: read, and searched by what their own tables hold. */
const KEPT_BY_US: ReadonlyMap<
  string,
  { readonly interactions: readonly InteractionCode[]; readonly parameters: readonly string[] }
> = new Map([
  [
    'AuditEvent',
    {
      interactions: ['read', 'vread', 'search-type'],
      parameters: [
        '_id',
        '_lastUpdated',
        ...['date', 'patient', 'agent', 'altid', 'action', 'outcome', 'type', 'subtype', 'entity'],
      ],
    },
  ],
]);

function describeType(type: string, input: CapabilityInput): CapabilityStatementRestResource {
  const operations = input.operations.filter(({ on }) => on === type || on === 'every');
  const profiles = input.profiles?.forType(type) ?? [];
  const kept = KEPT_BY_US.get(type);
  const interactions = input.interactions.filter((code) => kept === undefined || kept.interactions.includes(code));
  return {
    type: type as CapabilityStatementRestResource['type'],
    ...(profiles.length === 0 ? {} : { supportedProfile: [...profiles] }),
    interaction: interactions.map((code) => ({ code })),
    versioning: 'versioned',
    ...(kept === undefined ? input.behaviour : {}),
    referencePolicy: ['literal', 'logical'],
    ...(input.interactions.includes('search-type')
      ? {
          searchParam: searchableParameters(type, input.definitions)
            .filter(({ code }) => kept === undefined || kept.parameters.includes(code))
            .map((parameter) => ({ name: parameter.code, type: parameter.type })),
        }
      : {}),
    ...(operations.length === 0
      ? {}
      : {
          operation: operations.map(({ name, definition }) => ({ name, definition })),
        }),
  };
}

type Includes = Pick<CapabilityStatementRestResource, 'searchInclude' | 'searchRevInclude'>;

/** `CarePlan:subject` is an include of CarePlan, and a reverse include of Patient and Group; `*` is every include. */
function listIncludes(types: readonly string[], definitions: Definitions): Map<string, Includes> {
  const forward = new Map<string, string[]>();
  const reverse = new Map<string, string[]>();
  const add = (lists: Map<string, string[]>, type: string, name: string): void => {
    const list = lists.get(type);
    if (list === undefined) lists.set(type, [name]);
    else list.push(name);
  };
  for (const type of types) {
    for (const parameter of searchableParameters(type, definitions)) {
      if (parameter.type !== 'reference') continue;
      const name = `${type}:${parameter.code}`;
      add(forward, type, name);
      for (const target of parameter.target ?? []) add(reverse, target, name);
    }
  }
  return new Map(
    types.map((type) => [
      type,
      {
        ...(forward.has(type) ? { searchInclude: ['*', ...(forward.get(type) ?? [])] } : {}),
        ...(reverse.has(type) ? { searchRevInclude: reverse.get(type) } : {}),
      },
    ]),
  );
}
