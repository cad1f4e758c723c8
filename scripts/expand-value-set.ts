/** Value sets and code systems by url, as far as these scripts read them. */
export interface Terminology {
  readonly valueSets: ReadonlyMap<string, RawValueSet>;
  readonly codeSystems: ReadonlyMap<string, RawCodeSystem>;
}

interface RawValueSet {
  readonly compose?: { readonly include: readonly RawInclude[]; readonly exclude?: readonly RawInclude[] };
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
 * listed: it needs a code system that is not at hand (languages, media types, UCUM) or a filter other than is-a.
 */
export function expandValueSet(url: string, terminology: Terminology): Expansion | undefined {
  const valueSet = terminology.valueSets.get(url.split('|')[0] ?? url);
  if (valueSet?.compose === undefined) return undefined;
  const codes = new Map<string, Set<string>>();
  for (const include of valueSet.compose.include) {
    const found = expandInclude(include, terminology);
    if (found === undefined) return undefined;
    for (const [system, list] of Object.entries(found)) {
      const known = codes.get(system) ?? new Set<string>();
      for (const code of list) known.add(code);
      codes.set(system, known);
    }
  }
  for (const exclude of valueSet.compose.exclude ?? []) {
    const found = expandInclude(exclude, terminology);
    if (found === undefined) return undefined;
    for (const [system, list] of Object.entries(found)) for (const code of list) codes.get(system)?.delete(code);
  }
  return Object.fromEntries([...codes].map(([system, set]) => [system, [...set]]));
}

function expandInclude(include: RawInclude, terminology: Terminology): Expansion | undefined {
  if (include.system === undefined) {
    const one = include.valueSet?.length === 1 ? include.valueSet[0] : undefined;
    return one === undefined ? undefined : expandValueSet(one, terminology);
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
  const children = flatten(codeSystem.concept ?? []).filter((concept) =>
    concept.property?.some((one) => one.code === 'subsumedBy' && one.valueCode === parent),
  );
  return children.flatMap((child) => [child, ...linkedChildren(codeSystem, child.code)]);
}

function isAbstract(concept: RawConcept): boolean {
  return concept.property?.some((one) => one.code === 'notSelectable' && one.valueBoolean === true) ?? false;
}
