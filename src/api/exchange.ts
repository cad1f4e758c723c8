import type { Identity, Interaction } from '../auth/identity.ts';
import type { CallerReader } from '../auth/reader.ts';

/** A FHIR request without its transport: what an interaction may look at. An entry of a Bundle is one too. */
export interface FhirRequest {
  readonly type: string;
  readonly id: string;
  readonly version: string;
  /** Decoded name and value pairs, of the URL and of a `_search` form, in order. */
  readonly query: readonly (readonly [string, string])[];
  /** A header's value, by lower-case name. */
  header(name: string): string | undefined;
  /** The resource in the body, whatever format it came in, as the tree of FHIR JSON; throws where it is none. */
  readBody(): unknown;
  /** The patch in the body, and of which kind it is. */
  readPatch(): PatchBody;
  /** The body as it came; throws where the request is a part of another. */
  bytes(): Uint8Array;
  readonly identity: Identity;
  /** What its sender may read: an interaction reads through this alone. */
  readonly reader: CallerReader;
  readonly correlationId: string;
  /** Network address of the other side. */
  readonly address: string | undefined;
}

/** A JSON Patch as the list that it is, or the Parameters of a FHIRPath Patch. */
export interface PatchBody {
  readonly kind: 'json' | 'fhirpath';
  readonly tree: unknown;
}

/** A FHIR answer without its transport. */
export interface FhirAnswer {
  readonly status: number;
  /** JSON text; empty where the answer is its status and headers alone. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the audit is told of a granted access; `written` when the interaction has committed its audit itself. */
  readonly disclosed: Disclosure | 'written';
}

export interface Disclosure {
  /** Ids of the patients whose data left. */
  readonly patients: readonly string[];
  /** References of what left. */
  readonly resources: readonly string[];
  /** In whose record each of these is, null for nobody's; needed where there may be several patients. */
  readonly whose?: readonly (string | null)[] | undefined;
  /**
   * Names of the parameters that were asked by, of those that know every name they take; elsewhere a name could be
   * somebody's.
   */
  readonly queryNames?: readonly string[] | undefined;
}

export type { Interaction };
