/** The parts of a StructureDefinition that these scripts read. */
export interface RawDefinition {
  readonly resourceType: string;
  readonly url: string;
  readonly name: string;
  readonly type: string;
  readonly kind?: string;
  readonly abstract?: boolean;
  readonly derivation?: string;
  readonly baseDefinition?: string;
  readonly fhirVersion?: string;
  readonly snapshot?: { readonly element: readonly RawElement[] };
}

interface RawElement {
  readonly id: string;
  readonly path: string;
  readonly min: number;
  readonly max: string;
  readonly base?: object;
  readonly contentReference?: string;
  readonly type?: readonly {
    readonly code: string;
    readonly profile?: readonly string[];
    readonly targetProfile?: readonly string[];
    readonly extension?: readonly { readonly url: string; readonly valueUrl?: string }[];
  }[];
  readonly constraint?: readonly {
    readonly key: string;
    readonly severity: string;
    readonly human: string;
    readonly expression?: string;
  }[];
  readonly binding?: { readonly strength: string; readonly valueSet?: string };
  readonly isSummary?: boolean;
}

/** The type of `id` elements is written as a FHIRPath type, with the FHIR type in this extension. */
const FHIR_TYPE_EXTENSION = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';

/** Keeps what validation and search need: structure, types, required bindings and the invariants that are errors. */
export function trimDefinition(definition: RawDefinition): object {
  return {
    resourceType: 'StructureDefinition',
    id: definition.name,
    url: definition.url,
    name: definition.name,
    status: 'active',
    kind: definition.kind,
    abstract: definition.abstract,
    type: definition.type,
    baseDefinition: definition.baseDefinition,
    derivation: definition.derivation,
    snapshot: { element: (definition.snapshot?.element ?? []).map(trimElement) },
  };
}

function trimElement(element: RawElement): object {
  const constraint = element.constraint
    ?.filter((one) => one.severity === 'error' && one.key !== 'ele-1' && one.expression !== undefined)
    .map(({ key, severity, human, expression }) => ({ key, severity, human, expression }));
  return {
    id: element.id,
    path: element.path,
    min: element.min,
    max: element.max,
    base: element.base,
    contentReference: element.contentReference,
    type: element.type?.map((type) => ({
      code: type.extension?.find((one) => one.url === FHIR_TYPE_EXTENSION)?.valueUrl ?? type.code,
      profile: type.profile,
      targetProfile: type.targetProfile,
    })),
    constraint: constraint?.length === 0 ? undefined : constraint,
    binding:
      element.binding?.strength === 'required'
        ? { strength: 'required', valueSet: element.binding.valueSet }
        : undefined,
    isSummary: element.isSummary === true ? true : undefined,
  };
}
