import { withoutVersion } from './canonical.ts';

/** Value sets and code systems by url, as far as they are read here. */
export interface Terminology {
  readonly valueSets: ReadonlyMap<string, RawValueSet>;
  readonly codeSystems: ReadonlyMap<string, RawCodeSystem>;
  /** Value sets that are listed already. */
  readonly listed?: ((url: string) => ReadonlyMap<string, ReadonlySet<string>> | undefined) | undefined;
}

interface RawValueSet {
  readonly expansion?: { readonly total?: number; readonly contains?: readonly RawContains[] };
  readonly compose?: { readonly include: readonly RawInclude[]; readonly exclude?: readonly RawInclude[] };
}

interface RawContains {
  readonly system?: string;
  readonly code?: string;
  readonly abstract?: boolean;
  readonly contains?: readonly RawContains[];
}

interface RawInclude {
  readonly system?: string;
  readonly concept?: readonly { readonly code: string }[];
  readonly filter?: readonly { readonly property: string; readonly op: string; readonly value: string }[];
  readonly valueSet?: readonly string[];
}

interface RawCodeSystem {
  readonly content: string;
  readonly concept?: readonly RawConcept[];
}

interface RawConcept {
  readonly code: string;
  readonly concept?: readonly RawConcept[];
  readonly property?: readonly {
    readonly code: string;
    readonly valueCode?: string;
    readonly valueBoolean?: boolean;
  }[];
}

type Expansion = Record<string, string[]>;

export function indexTerminology(
  resources: readonly { readonly resourceType: string; readonly url: string }[],
): Terminology {
  const valueSets = new Map<string, RawValueSet>();
  const codeSystems = new Map<string, RawCodeSystem>();
  for (const one of resources) {
    if (one.resourceType === 'ValueSet') valueSets.set(one.url, one as unknown as RawValueSet);
    if (one.resourceType === 'CodeSystem') codeSystems.set(one.url, one as unknown as RawCodeSystem);
  }
  return { valueSets, codeSystems };
}

/**
 * Every code of a value set, by system (https://hl7.org/fhir/R4/valueset.html#expansion). Undefined when it cannot be
 * listed: it needs a code system that is not at hand (languages, media types, UCUM) or a filter other than is-a, and its
 * publisher listed it neither.
 */
export function expandValueSet(
  canonical: string,
  terminology: Terminology,
  within: readonly string[] = [],
): Expansion | undefined {
  return composeValueSet(canonical, terminology, within) ?? publishedExpansion(canonical, terminology);
}

/** The list that its publisher made, where that is the whole of it. */
function publishedExpansion(canonical: string, { valueSets }: Terminology): Expansion | undefined {
  const { total, contains } = valueSets.get(withoutVersion(canonical))?.expansion ?? {};
  if (contains === undefined) return undefined;
  const all = contains.flatMap(flattenContains);
  if (total !== undefined && total !== all.length) return undefined;
  const found: Expansion = {};
  for (const { system, code, abstract } of all) {
    if (system === undefined || code === undefined || abstract === true) continue;
    found[system] = [...(found[system] ?? []), code];
  }
  return found;
}

function flattenContains(one: RawContains): RawContains[] {
  return [one, ...(one.contains ?? []).flatMap(flattenContains)];
}

function composeValueSet(
  canonical: string,
  terminology: Terminology,
  within: readonly string[],
): Expansion | undefined {
  const url = withoutVersion(canonical);
  const valueSet = terminology.valueSets.get(url);
  if (valueSet === undefined) {
    const listed = terminology.listed?.(url);
    return listed === undefined ? undefined : Object.fromEntries([...listed].map(([one, codes]) => [one, [...codes]]));
  }
  // One that includes itself, by whatever way round, has no list.
  if (valueSet.compose === undefined || within.includes(url)) return undefined;
  const around = [...within, url];
  const codes = new Map<string, Set<string>>();
  for (const include of valueSet.compose.include) {
    const found = expandInclude(include, terminology, around);
    if (found === undefined) return undefined;
    for (const [system, list] of Object.entries(found)) {
      const known = codes.get(system) ?? new Set<string>();
      for (const code of list) known.add(code);
      codes.set(system, known);
    }
  }
  for (const exclude of valueSet.compose.exclude ?? []) {
    const found = expandInclude(exclude, terminology, around);
    if (found === undefined) return undefined;
    for (const [system, list] of Object.entries(found)) for (const code of list) codes.get(system)?.delete(code);
  }
  return Object.fromEntries([...codes].map(([system, set]) => [system, [...set]]));
}

function expandInclude(
  include: RawInclude,
  terminology: Terminology,
  within: readonly string[],
): Expansion | undefined {
  if (include.system === undefined) {
    const one = include.valueSet?.length === 1 ? include.valueSet[0] : undefined;
    return one === undefined ? undefined : expandValueSet(one, terminology, within);
  }
  if (include.valueSet !== undefined) return undefined;
  if (include.concept !== undefined) return { [include.system]: include.concept.map((concept) => concept.code) };
  const codeSystem = terminology.codeSystems.get(include.system);
  if (codeSystem?.content !== 'complete') return undefined;
  let concepts = codeSystem.concept ?? [];
  for (const filter of include.filter ?? []) {
    if (filter.property !== 'concept' || !['is-a', 'descendent-of'].includes(filter.op)) return undefined;
    const root = flatten(concepts).find((concept) => concept.code === filter.value);
    if (root === undefined) return undefined;
    concepts = filter.op === 'is-a' ? [root] : (root.concept ?? []);
    concepts = [...concepts, ...linkedChildren(codeSystem, filter.value)];
  }
  const usable = flatten(concepts).filter((concept) => !isAbstract(concept));
  return { [include.system]: [...new Set(usable.map((concept) => concept.code))] };
}

/** A code system may be a tree: `stopped` stands below `cancelled`. All of its codes count. */
function flatten(concepts: readonly RawConcept[]): RawConcept[] {
  return concepts.flatMap((concept) => [concept, ...flatten(concept.concept ?? [])]);
}

/** Some code systems write the tree as properties: a concept names its parents with `subsumedBy`. */
function linkedChildren(codeSystem: RawCodeSystem, parent: string): RawConcept[] {
  const all = flatten(codeSystem.concept ?? []);
  const found = new Set<RawConcept>();
  const parents = [parent];
  for (let next = parents.pop(); next !== undefined; next = parents.pop()) {
    for (const concept of all) {
      const isChild = concept.property?.some((one) => one.code === 'subsumedBy' && one.valueCode === next) === true;
      if (!isChild || found.has(concept)) continue;
      found.add(concept);
      parents.push(concept.code);
    }
  }
  return [...found];
}

function isAbstract(concept: RawConcept): boolean {
  return concept.property?.some((one) => one.code === 'notSelectable' && one.valueBoolean === true) ?? false;
}
