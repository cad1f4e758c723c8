import type { Resource } from '@medplum/fhirtypes';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import type { Definitions } from './definitions.ts';
import type { IndexRow } from './index-row.ts';
import { findOrganisations } from './organisations.ts';
import { compileSearchExpression, type Extract } from './search-expression.ts';
import { type SearchableParameter, type SearchKind, searchableParameters } from './search-params.ts';
import { type IndexContext, rowsOf } from './search-values.ts';

/** What the store keeps beside a resource. */
export interface IndexedResource {
  readonly index: readonly IndexRow[];
  /** Id of the Patient it is about; its own for a Patient; null where there is none. */
  readonly patient: string | null;
  /** Its own business identifiers that have both parts. */
  readonly identifiers: readonly { readonly system: string; readonly value: string }[];
  /** Organisations it relates its patient to: `Organization/x`, or `system|value`. */
  readonly organisations: readonly string[];
}

export interface ResourceIndexer {
  index(resource: Resource): IndexedResource;
}

interface CompiledParameter {
  readonly code: string;
  readonly kind: SearchKind;
  readonly extract: Extract;
}

/** Compiles a type's search parameters on first use. `baseUrl` is our own FHIR base, without trailing slash. */
export function createIndexer(definitions: Definitions, options: { readonly baseUrl?: string } = {}): ResourceIndexer {
  const context: IndexContext = { definitions, baseUrl: options.baseUrl };
  const byType = new Map<string, readonly CompiledParameter[]>();
  const parametersOf = (type: string): readonly CompiledParameter[] => {
    const known = byType.get(type);
    if (known !== undefined) return known;
    const compiled = searchableParameters(type, definitions)
      .filter(isIndexed)
      .map(({ code, type: kind, expression }) => ({
        code,
        kind,
        extract: compileSearchExpression(expression, definitions),
      }));
    byType.set(type, compiled);
    return compiled;
  };

  return {
    index(resource) {
      const tree = resource as unknown as JsonObject;
      const rows = new Map<string, IndexRow>();
      for (const { code, kind, extract } of parametersOf(resource.resourceType)) {
        for (const found of extract(tree)) {
          for (const row of rowsOf(kind, code, found, context)) rows.set(Object.values(row).join('\u0000'), row);
        }
      }
      const index = [...rows.values()];
      const patient = patientOf(resource, index);
      return {
        index,
        patient,
        identifiers: readIdentifiers(tree),
        organisations: patient === null ? [] : findOrganisations(tree, context),
      };
    },
  };
}

/** The id and the time of change are the store's own columns. */
function isIndexed({ code }: SearchableParameter): boolean {
  return code !== '_id' && code !== '_lastUpdated';
}

/** Whose compartment it belongs to: R4 has a `patient` parameter for most types, and `subject` for the rest. */
function patientOf(resource: Resource, index: readonly IndexRow[]): string | null {
  if (resource.resourceType === 'Patient') return resource.id ?? null;
  for (const param of ['patient', 'subject']) {
    for (const row of index) {
      if (row.kind === 'reference' && row.param === param && row.targetType === 'Patient') return row.target;
    }
  }
  return null;
}

/** `identifier` is a list on most types and single on a few. */
function readIdentifiers(resource: JsonObject): IndexedResource['identifiers'] {
  const list: readonly JsonValue[] = Array.isArray(resource.identifier)
    ? resource.identifier
    : [resource.identifier ?? null];
  return list.flatMap((one) =>
    isJsonObject(one) && typeof one.system === 'string' && typeof one.value === 'string'
      ? [{ system: one.system, value: one.value }]
      : [],
  );
}
