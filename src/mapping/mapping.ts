import type { Resource } from '@medplum/fhirtypes';
import type { FormatName, FormatOptions, Payload } from '../formats/format.ts';
import type { Issue } from '../kernel/errors.ts';
import type { Result } from '../kernel/result.ts';
import type { BusinessIdentifier } from '../store/store.ts';
import type { CodeMap } from './codes.ts';

/** A loaded, compiled mapping. `version` is the hash of its files. */
export type Mapping = InMapping | OutMapping;

export interface MappingBase {
  /** Folder below the mappings root: `gp-json/referral`. */
  readonly name: string;
  readonly version: string;
  /** Findings of the load that are not errors. */
  readonly issues: readonly Issue[];
  /** Its code maps by name. */
  readonly codes: ReadonlyMap<string, CodeMap>;
}

/** A partner's payload → FHIR. */
export interface InMapping extends MappingBase {
  readonly direction: 'in';
  readonly input: { readonly format: FormatName; readonly options: FormatOptions };
  /** JSON Schema of the parsed payload, checked before the map. Undefined where the mapping has none. */
  check(payload: Payload): readonly Issue[];
  run(payload: Payload, context: MappingContext): Result<MappedEntry[]>;
}

/** A FHIR resource, with what it refers to → a partner's payload. */
export interface OutMapping extends MappingBase {
  readonly direction: 'out';
  readonly output: { readonly format: FormatName; readonly options: FormatOptions; readonly mediaType: string };
  /** `focus` is the resource that was routed; `resources` what `resolve()` may find, the focus included. */
  run(focus: Resource, resources: readonly Resource[], context: MappingContext): Result<OutResult>;
}

export interface OutResult {
  /** The tree the format prints. */
  readonly tree: unknown;
}

/** What a mapping may know besides its input. Nothing else: the same input gives the same output. */
export interface MappingContext {
  /** `now()`, `today()`: the instant the message was received. */
  readonly now: Date;
  /** `%partner`: the sender (in) or receiver (out), from the configuration. */
  readonly partner: {
    readonly name: string;
    readonly title: string;
    readonly organisation: BusinessIdentifier | undefined;
  };
  readonly messageId: string;
}

/** One resource that a mapping into FHIR yields: one entry of a transaction Bundle. */
export interface MappedEntry {
  /** Name within the mapping, for `ref('name')`. */
  readonly name: string;
  /** `urn:uuid:…`, stable for the same business identifier. */
  readonly fullUrl: string;
  readonly resource: Resource;
  /**
   * `create`: store it unless one with this identifier exists (If-None-Exist).
   * `replace`: conditional update by this identifier. `merge`: the same, but elements that are absent here stay as they are.
   */
  readonly write: 'create' | 'replace' | 'merge';
  /** The business identifier it is conditional on. */
  readonly identifier: BusinessIdentifier;
  /** For `merge`: list elements that are joined with what is stored, rather than replaced. */
  readonly union: readonly string[];
  /** For `merge`: elements that are sent only where the stored resource has none, by their names in JSON. */
  readonly fill: readonly string[];
  /** For `merge`: elements that the sender asks to be deleted, by their names in JSON. */
  readonly remove: readonly string[];
}
