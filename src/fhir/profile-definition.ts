/** The parts of a StructureDefinition that are compiled (https://hl7.org/fhir/R4/structuredefinition.html). */
export interface ProfileDefinition {
  readonly url: string;
  readonly name: string;
  readonly type: string;
  readonly version?: string;
  readonly kind?: string;
  readonly derivation?: string;
  readonly abstract?: boolean;
  readonly baseDefinition?: string;
  readonly differential: { readonly element: readonly ProfileElement[] };
  readonly snapshot?: { readonly element: readonly ProfileElement[] };
}

/** https://hl7.org/fhir/R4/elementdefinition.html */
export interface ProfileElement {
  readonly id?: string;
  readonly path?: string;
  readonly sliceName?: string;
  readonly short?: string;
  readonly min?: number;
  readonly max?: string;
  readonly base?: { readonly path: string; readonly min: number; readonly max: string };
  readonly contentReference?: string;
  readonly slicing?: {
    readonly discriminator?: readonly { readonly type: string; readonly path: string }[];
    readonly rules?: string;
  };
  readonly type?: readonly {
    readonly code: string;
    readonly profile?: readonly string[];
    readonly targetProfile?: readonly string[];
  }[];
  readonly binding?: { readonly strength: string; readonly valueSet?: string };
  readonly constraint?: readonly {
    readonly key: string;
    readonly severity: 'error' | 'warning';
    readonly human: string;
    readonly expression?: string;
  }[];
}
