import type { Resource } from '@medplum/fhirtypes';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { type ConsentRow, flattenConsent } from './consent.ts';
import type { Definitions } from './definitions.ts';
import type { CompositeRow, IndexRow, ValueRow } from './index-row.ts';
import { findOrganisations } from './organisations.ts';
import { compileComposite, compileSearchExpression } from './search-expression.ts';
import { componentsOf, type SearchableParameter, searchableParameters } from './search-params.ts';
import { componentRows, type IndexContext, rowsOf } from './search-values.ts';

/** What the store keeps beside a resource. */
export interface IndexedResource {
  readonly index: readonly IndexRow[];
  /** Id of the Patient it is about; its own for a Patient; null where there is none. */
  readonly patient: string | null;
  /** Its own business identifiers that have both parts. */
  readonly identifiers: readonly { readonly system: string; readonly value: string }[];
  /** Organisations it relates its patient to: `Organization/x`, or `system|value`. */
  readonly organisations: readonly string[];
  /** What a Consent says of who may see its patient's record. */
  readonly consents: readonly ConsentRow[];
}

export interface ResourceIndexer {
  index(resource: Resource): IndexedResource;
}

/** The rows of one search parameter in a resource. */
type ReadRows = (resource: JsonObject) => readonly IndexRow[];

const NONE: readonly IndexRow[] = [];

/** Compiles a type's search parameters on first use. `baseUrl` is our own FHIR base, without trailing slash. */
export function createIndexer(definitions: Definitions, options: { readonly baseUrl?: string } = {}): ResourceIndexer {
  const context: IndexContext = { definitions, baseUrl: options.baseUrl };
  const byType = new Map<string, readonly ReadRows[]>();
  const parametersOf = (type: string): readonly ReadRows[] => {
    const known = byType.get(type);
    if (known !== undefined) return known;
    const compiled = searchableParameters(type, definitions)
      .filter(isIndexed)
      .map((parameter) => compileParameter(parameter, context));
    byType.set(type, compiled);
    return compiled;
  };

  return {
    index(resource) {
      const tree = resource as unknown as JsonObject;
      const index: IndexRow[] = [];
      for (const readRows of parametersOf(resource.resourceType)) {
        for (const row of readRows(tree)) index.push(row);
      }
      const patient = patientOf(resource, index);
      return {
        index,
        patient,
        identifiers: readIdentifiers(tree),
        organisations: patient === null ? [] : findOrganisations(tree, context),
        consents: resource.resourceType === 'Consent' ? flattenConsent(resource) : [],
      };
    },
  };
}

/** No other parameter of a type has the same code, so that each sees to its own rows being told once. */
function compileParameter(parameter: SearchableParameter, context: IndexContext): ReadRows {
  const { code, type: kind, expression } = parameter;
  if (kind !== 'composite') {
    const extract = compileSearchExpression(expression, context.definitions);
    return (resource) => {
      const values = extract(resource);
      // Most parameters find nothing in a resource, or one value.
      if (values.length === 0) return NONE;
      const [only] = values;
      if (only !== undefined && values.length === 1) return withoutTwice(rowsOf(kind, code, only, context));
      return withoutTwice(values.flatMap((found) => rowsOf(kind, code, found, context)));
    };
  }
  const components = componentsOf(parameter);
  const extract = compileComposite(expression, components, context.definitions);
  return (resource) =>
    withoutTwice(
      extract(resource).flatMap((place) =>
        combine(
          place.map((values, index) => {
            const { type } = components[index] ?? { type: 'token' };
            return values.flatMap((found) => componentRows(type, code, found, context));
          }),
        )
          .slice(0, LIMITS.indexCombinationsMax)
          .map((parts): CompositeRow => ({ kind: 'composite', param: code, parts })),
      ),
    );
}

function withoutTwice(rows: readonly IndexRow[]): readonly IndexRow[] {
  return rows.length < 2 ? rows : [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}

/** One of each list, in every combination. */
function combine(lists: readonly (readonly ValueRow[])[]): ValueRow[][] {
  return lists.reduce<ValueRow[][]>(
    (found, list) =>
      found.slice(0, LIMITS.indexCombinationsMax).flatMap((before) => list.map((row) => [...before, row])),
    [[]],
  );
}

/** What makes two rows the same. */
function keyOf(row: IndexRow): string {
  const { kind, param } = row;
  switch (kind) {
    case 'token':
      return `${kind}\0${param}\0${row.system}\0${row.code}`;
    case 'reference':
      return `${kind}\0${param}\0${row.targetType}\0${row.target}`;
    case 'date':
      return `${kind}\0${param}\0${row.low}\0${row.high}`;
    case 'string':
      return `${kind}\0${param}\0${row.folded}\0${row.exact}`;
    case 'quantity':
      return `${kind}\0${param}\0${row.low}\0${row.high}\0${row.system}\0${row.code}`;
    case 'text':
      return `${kind}\0${param}\0${row.folded}`;
    case 'uri':
      return `${kind}\0${param}\0${row.uri}`;
    case 'composite':
      return JSON.stringify(row);
  }
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
