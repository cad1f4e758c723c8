import type { Identity, Interaction } from '../auth/identity.ts';

/** A FHIR request without its transport: what an interaction may look at. An entry of a Bundle is one too. */
export interface FhirRequest {
  readonly type: string;
  readonly id: string;
  readonly version: string;
  /** Decoded name and value pairs, of the URL and of a `_search` form, in order. */
  readonly query: readonly (readonly [string, string])[];
  /** A header's value, by lower-case name. */
  header(name: string): string | undefined;
  /** The body as a tree; throws where it is not what is asked for. */
  readBody(format: 'fhir' | 'json'): unknown;
  readonly identity: Identity;
  readonly correlationId: string;
  /** Network address of the other side. */
  readonly address: string | undefined;
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
  /**
   * Names of the parameters that were asked by, of those that know every name they take; elsewhere a name could be
   * somebody's.
   */
  readonly queryNames?: readonly string[] | undefined;
}

export type { Interaction };
