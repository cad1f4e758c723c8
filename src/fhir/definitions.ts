import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { refuse } from '../kernel/errors.ts';
import type { ProfileElement } from './profile-definition.ts';
import { readStructure, type TrimmedDefinition, type TypeStructure } from './structure.ts';

/** What R4 says, read from `build/definitions/` type by type when first asked for: start-up pays for no more. */
export interface Definitions {
  /** Every resource type of R4 that can be stored; the abstract ones are not among them. */
  readonly resourceTypes: ReadonlySet<string>;
  /** The structure of a resource or data type; undefined for a name that R4 does not have. */
  structure(type: string): TypeStructure | undefined;
  /** The elements of a resource or data type, as its StructureDefinition lists them, without their prose. */
  snapshot(type: string): readonly ProfileElement[] | undefined;
  /** System → codes of a value set that R4 binds as required; undefined where it cannot be listed (UCUM, languages). */
  valueSet(url: string): ValueSetCodes | undefined;
  /** Search parameters with an expression, those of every resource included. */
  searchParameters(type: string): readonly SearchParameterDefinition[];
}

export type ValueSetCodes = ReadonlyMap<string, ReadonlySet<string>>;

export interface SearchParameterDefinition {
  readonly code: string;
  readonly type: 'token' | 'reference' | 'date' | 'string' | 'number' | 'quantity' | 'uri' | 'composite' | 'special';
  readonly expression: string;
  readonly target?: readonly string[];
  /** Of a composite: the kind of each part, and where it is from the composite's own expression. */
  readonly component?: readonly { readonly type: string; readonly expression: string }[];
}

/** `build/definitions` of this package, wherever the process was started. */
const DEFINITIONS_FOLDER = resolve(import.meta.dirname, '../../build/definitions');

/** Throws a configuration error when the folder was not built. */
export function openDefinitions(folder: string = DEFINITIONS_FOLDER): Definitions {
  if (!existsSync(join(folder, 'index.json'))) {
    throw refuse(
      'config-missing-file',
      `The FHIR definitions are not there: ${folder}. Make them with "npm run prepare" in Ginnel's folder.`,
    );
  }
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const { resourceTypes } = read('index.json') as { resourceTypes: string[] };
  const names = new Set(resourceTypes);

  const raw = new Map<string, TrimmedDefinition>();
  const structures = new Map<string, TypeStructure>();
  const valueSets = new Map<string, ValueSetCodes>();
  const definitionOf = (type: string): TrimmedDefinition | undefined => {
    if (raw.size === 0) for (const one of read('types.json') as TrimmedDefinition[]) raw.set(one.type, one);
    if (!raw.has(type) && names.has(type)) raw.set(type, read(`resources/${type}.json`) as TrimmedDefinition);
    return raw.get(type);
  };

  let bindings: Record<string, Record<string, string[]>> | undefined;
  let searchParameters: Record<string, SearchParameterDefinition[]> | undefined;

  return {
    resourceTypes: names,
    structure(type) {
      const known = structures.get(type);
      if (known !== undefined) return known;
      const definition = definitionOf(type);
      if (definition === undefined) return undefined;
      const structure = readStructure(definition);
      structures.set(type, structure);
      return structure;
    },
    snapshot: (type) => definitionOf(type)?.snapshot.element as readonly ProfileElement[] | undefined,
    valueSet(url) {
      const known = valueSets.get(url);
      if (known !== undefined) return known;
      bindings ??= read('required-bindings.json') as Record<string, Record<string, string[]>>;
      const found = Object.hasOwn(bindings, url) ? bindings[url] : undefined;
      if (found === undefined) return undefined;
      const codes = new Map(Object.entries(found).map(([system, list]) => [system, new Set(list)]));
      valueSets.set(url, codes);
      return codes;
    },
    searchParameters(type) {
      searchParameters ??= read('search-parameters.json') as Record<string, SearchParameterDefinition[]>;
      const of = (name: string): SearchParameterDefinition[] =>
        searchParameters !== undefined && Object.hasOwn(searchParameters, name) ? (searchParameters[name] ?? []) : [];
      return names.has(type) ? [...of('Resource'), ...of('DomainResource'), ...of(type)] : [];
    },
  };
}
