import type { Result } from '../kernel/result.ts';

/** The formats a channel can speak. `fhir` is FHIR R4 JSON; the tree of `fhir-xml` is the same as its. */
export const FORMAT_NAMES = ['json', 'xml', 'csv', 'hl7v2', 'fhir', 'fhir-xml'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** Where a value stands in the sender's text. */
export interface SourcePosition {
  /** In the words of the format: `$.needs[3].code`, `/referral/needs/need[2]/@code`, `PID-3[2].4`, `row 7, NHSNumber`. */
  readonly at: string;
  /** 1-based. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** Steps from the root of a tree to a value: member names and 0-based list positions. */
export type TreePath = readonly (string | number)[];

/**
 * A message's bytes as a tree of plain objects, lists and scalars, which mappings read.
 * Objects have no prototype surprises: every object is made with a null prototype or holds own keys only.
 */
export interface Payload {
  readonly format: FormatName;
  readonly tree: unknown;
  /** The decoded text, for positions and for the operator. */
  readonly text: string;
  /**
   * Where the value at `path` stands in the text. Found only when asked for, by reading the text again, so that a
   * good message does not pay for it. A path that does not exist gives the position of its nearest parent.
   */
  locate(path: TreePath): SourcePosition;
}

/** Settings that a channel or mapping gives a format, such as a CSV delimiter. Each format documents its own. */
export interface FormatOptions {
  /** CSV: `,` unless told. */
  readonly delimiter?: string | undefined;
  /** Text encoding where the bytes do not say: `utf-8` (default), `windows-1252`, `iso-8859-1`. */
  readonly encoding?: string | undefined;
  /** XML: names of elements that are always lists, even when one stands there. */
  readonly lists?: readonly string[] | undefined;
  /**
   * HL7 v2 in: groups of segments by a name of our own, such as `provider: [PRD, CTD]`. A group begins at each segment
   * of its first name and holds those of the other names that follow; a name in it may be that of another group.
   */
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined;
  /**
   * JSON and FHIR: every number is a number, and those that a double would spell otherwise (1.00) say beside it how they
   * came (`kernel/exact-json.ts`). Without it, one that a double cannot hold is a text, which mappings read.
   */
  readonly exactNumbers?: boolean | undefined;
  /** CSV out: column names in order. */
  readonly columns?: readonly string[] | undefined;
  /** CSV out, UTF-8: begins with a byte order mark, by which a spreadsheet knows the encoding. */
  readonly bom?: boolean | undefined;
}

export interface Format {
  readonly name: FormatName;
  /** Media types this format is sent as; the first is what we send. */
  readonly mediaTypes: readonly [string, ...string[]];
  /** Which member names FHIRPath accepts and how they navigate; see `fhirpath/`. */
  readonly dialect: 'fhir' | 'plain' | 'hl7v2';
  parse(bytes: Uint8Array, options?: FormatOptions): Result<Payload>;
  print(tree: unknown, options?: FormatOptions): Result<Uint8Array>;
}
