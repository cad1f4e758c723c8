import type { FormatName, FormatOptions } from '../formats/format.ts';
import type { Assign, ForMember, Hole, Skeleton } from './skeleton.ts';
import type { Place } from './yaml-source.ts';

/** A `mapping.yaml` as it was read: names and places, nothing compiled. */
export interface MappingDocument {
  /** `mappings/gp-json/referral/mapping.yaml`: how issues name the file. */
  readonly file: string;
  readonly direction: 'in' | 'out';
  readonly format: FormatName;
  readonly formatPlace: Place;
  readonly options: FormatOptions;
  /** Out only. */
  readonly mediaType: string | undefined;
  /** In only: the JSON Schema of the parsed payload. */
  readonly schema: NamedFile | undefined;
  /** The FHIR type of the root, where FHIR is read and it is declared. */
  readonly type: string | undefined;
  /** The mapping that goes the other way with the same message, or `none`; undefined where its name tells. */
  readonly inverse: string | undefined;
  /** What is left unread on purpose. */
  readonly ignore: readonly IgnoredField[];
  readonly codes: readonly NamedFile[];
  readonly accept: Hole | undefined;
  readonly refuse: readonly RefuseRule[];
  readonly assigns: readonly Assign[];
  readonly content:
    | { readonly kind: 'entries'; readonly entries: readonly EntryNode[] }
    | { readonly kind: 'body'; readonly body: Skeleton };
}

/** A field of the message, with all that is in it, that the mapping leaves unread, and why. */
export interface IgnoredField {
  /** Member names from the root, out of FHIR from the type of a resource; positions in lists are left out. */
  readonly path: readonly string[];
  readonly reason: string;
  readonly place: Place;
}

/** A file that a mapping names, by its path from the mapping's folder. */
export interface NamedFile {
  readonly name: string;
  readonly path: string;
  readonly place: Place;
}

/** A message that `when` holds of is refused, and the sender told `text`. */
export interface RefuseRule {
  readonly when: Hole;
  readonly text: string;
  readonly place: Place;
}

/** What stands in `entries`: entries, and the directives around them. */
export type EntryNode = EntryLeaf | EntryIf | EntryFor | EntryGroup;

/** One resource that the mapping yields. */
export interface EntryLeaf {
  readonly kind: 'entry';
  readonly name: Skeleton;
  readonly write: 'create' | 'replace' | 'merge';
  readonly union: readonly string[];
  readonly fill: readonly string[];
  readonly remove: readonly Removal[];
  readonly system: Skeleton;
  readonly value: Skeleton;
  readonly resource: Skeleton;
  readonly place: Place;
}

/** Elements that are deleted from the stored resource where `when` finds true or HL7's `""`. */
export interface Removal {
  /** Names in JSON: all spellings of a choice. */
  readonly elements: readonly string[];
  readonly when: Hole;
  readonly place: Place;
}

export interface EntryIf {
  readonly kind: 'if';
  readonly condition: Hole;
  readonly whenTrue: readonly EntryNode[];
  readonly whenFalse: readonly EntryNode[];
}

export interface EntryFor {
  readonly kind: 'for';
  readonly loop: ForMember;
  readonly body: readonly EntryNode[];
}

/** `{% assign %}` and the entries that may use it. */
export interface EntryGroup {
  readonly kind: 'group';
  readonly assigns: readonly Assign[];
  readonly entries: readonly EntryNode[];
}

/** Every entry of a list of entry nodes, whatever directives stand around it. */
export function* entryLeaves(nodes: readonly EntryNode[]): Generator<EntryLeaf> {
  for (const node of nodes) {
    switch (node.kind) {
      case 'entry':
        yield node;
        break;
      case 'if':
        yield* entryLeaves(node.whenTrue);
        yield* entryLeaves(node.whenFalse);
        break;
      case 'for':
        yield* entryLeaves(node.body);
        break;
      case 'group':
        yield* entryLeaves(node.entries);
    }
  }
}
