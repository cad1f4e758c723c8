/**
 * What the definition of a type says about its properties, by the name they have in JSON. A choice such as `onset[x]`
 * stands there once for each of its types (`onsetDateTime`, `onsetPeriod`).
 */
export interface Structure {
  readonly properties: ReadonlyMap<string, Property>;
  /** `onset` → `onsetDateTime`, `onsetPeriod` … */
  readonly choices: ReadonlyMap<string, readonly string[]>;
}

export interface Property {
  readonly name: string;
  /** FHIR data type; `BackboneElement` or `Element` where `inner` describes it, `Resource` for any resource. */
  readonly type: string;
  readonly list: boolean;
  /** One at least must be there; of a choice, one of its types. */
  readonly required: boolean;
  /** A part of the summary (https://hl7.org/fhir/R4/search.html#summary). */
  readonly summary: boolean;
  /** `onset` for `onsetDateTime`; undefined for what has one type. */
  readonly choice: string | undefined;
  /** Types that a Reference may point to; undefined for any. */
  readonly targets: ReadonlySet<string> | undefined;
  /** The value set bound as required, without version. */
  readonly valueSet: string | undefined;
  /** The structure of an element that is defined in place. */
  readonly inner: (() => Structure) | undefined;
  /** A Quantity that says no comparator (https://hl7.org/fhir/R4/datatypes.html#SimpleQuantity). */
  readonly simpleQuantity: boolean;
  /** Invariants that stand on the element; those of its type may be among them. */
  readonly invariants: readonly Invariant[];
}

export interface Invariant {
  readonly key: string;
  readonly human: string;
  readonly expression: string;
}

/** A resource or data type. */
export interface TypeStructure extends Structure {
  readonly name: string;
  /** Invariants that stand on the type itself. */
  readonly invariants: readonly Invariant[];
}

/** A StructureDefinition as `scripts/build-definitions.ts` trims it. */
export interface TrimmedDefinition {
  readonly resourceType: 'StructureDefinition';
  readonly type: string;
  readonly kind: 'resource' | 'complex-type' | 'primitive-type';
  readonly snapshot: { readonly element: readonly TrimmedElement[] };
}

interface TrimmedElement {
  readonly path: string;
  readonly min: number;
  readonly max: string;
  readonly contentReference?: string;
  readonly type?: readonly {
    readonly code: string;
    readonly profile?: readonly string[];
    readonly targetProfile?: readonly string[];
  }[];
  readonly constraint?: readonly Invariant[];
  readonly binding?: { readonly valueSet?: string };
  readonly isSummary?: boolean;
}

export function readStructure(definition: TrimmedDefinition): TypeStructure {
  const children = new Map<string, TrimmedElement[]>();
  for (const element of definition.snapshot.element) {
    const parent = element.path.slice(0, Math.max(element.path.lastIndexOf('.'), 0));
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [element]);
    else siblings.push(element);
  }

  const made = new Map<string, Structure>();
  const structureAt = (path: string): Structure => {
    const known = made.get(path);
    if (known !== undefined) return known;
    const structure = makeStructure(children.get(path) ?? [], (element) => {
      // `#Bundle.link`: the same structure as that element's, which may be an ancestor.
      const target = element.contentReference?.slice(1) ?? element.path;
      return children.has(target) ? () => structureAt(target) : undefined;
    });
    made.set(path, structure);
    return structure;
  };

  const root = definition.snapshot.element[0];
  return { name: definition.type, invariants: root?.constraint ?? [], ...structureAt(definition.type) };
}

function makeStructure(
  elements: readonly TrimmedElement[],
  innerOf: (element: TrimmedElement) => (() => Structure) | undefined,
): Structure {
  const properties = new Map<string, Property>();
  const choices = new Map<string, string[]>();
  for (const element of elements) {
    const last = element.path.slice(element.path.lastIndexOf('.') + 1);
    const choice = last.endsWith('[x]');
    const base = choice ? last.slice(0, -3) : last;
    const types = element.type ?? [{ code: 'BackboneElement' }];
    for (const type of types) {
      const name = choice ? `${base}${type.code.charAt(0).toUpperCase()}${type.code.slice(1)}` : base;
      properties.set(name, {
        name,
        type: type.code,
        list: element.max !== '1',
        required: element.min > 0,
        summary: element.isSummary === true,
        choice: choice ? base : undefined,
        targets: type.code === 'Reference' ? readTargets(type.targetProfile) : undefined,
        valueSet: element.binding?.valueSet?.split('|')[0],
        inner: innerOf(element),
        simpleQuantity: type.profile?.includes(SIMPLE_QUANTITY) ?? false,
        invariants: element.constraint ?? [],
      });
      if (choice) choices.set(base, [...(choices.get(base) ?? []), name]);
    }
  }
  return { properties, choices };
}

const SIMPLE_QUANTITY = 'http://hl7.org/fhir/StructureDefinition/SimpleQuantity';

function readTargets(profiles: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (profiles === undefined) return undefined;
  const names = profiles.map((profile) => profile.slice(profile.lastIndexOf('/') + 1));
  return names.includes('Resource') ? undefined : new Set(names);
}
