import type { ValidationPolicy } from '../config/config.ts';
import type { FormatName, Payload } from '../formats/format.ts';
import type { MappedEntry } from '../mapping/mapping.ts';
import type { BusinessIdentifier, ResourceWrite, StoredResource } from '../store/store.ts';

/** The types of a message's path, in the order it takes. Each step is a function from one to the next. */

/** 1. The bytes, as a door took them in, with what the door knows. */
export interface ReceivedMessage {
  readonly id: string;
  /** Follows the message from its door to every partner it reaches. */
  readonly correlationId: string;
  readonly partner: string;
  readonly channel: string;
  readonly format: FormatName;
  /** Name of the mapping of this channel. */
  readonly mapping: string;
  readonly receivedAt: string;
  /** The sender's own id of the message (MSH-10, `X-Message-Id`); null where it has none. */
  readonly controlId: string | null;
  readonly contentHash: string;
  readonly body: Uint8Array;
}

/** 2. Bytes → tree. */
export interface ParsedMessage {
  readonly received: ReceivedMessage;
  readonly payload: Payload;
}

/** 3. Tree → FHIR. */
export interface MappedMessage {
  readonly received: ReceivedMessage;
  readonly entries: readonly MappedEntry[];
}

/** 4. FHIR that base R4, our rules and our profiles accept. Same shape as before; only `checkMessage` makes one. */
export interface CheckedMessage extends MappedMessage {
  readonly checked: true;
  /** What its channel says of resources that are not valid; undefined: `reject`. */
  readonly policy?: ValidationPolicy | undefined;
  /** Names of entries that are not valid and were let pass. */
  readonly invalid?: ReadonlySet<string> | undefined;
}

/** What the store holds for a message's entries, by entry name: the one read of the path. */
export interface KnownResources {
  readonly current: ReadonlyMap<string, StoredResource>;
  /** Names of entries whose identifier more than one stored resource carries. */
  readonly ambiguous: readonly string[];
  /** Names of entries of a person whom the sender's own number leads to another record as well. */
  readonly doubled: readonly string[];
  /** Identifiers that each of them alone may hold, by entry name: they stay its own through a new version. */
  readonly claims: ReadonlyMap<string, readonly BusinessIdentifier[]>;
}

/** 5. What would be written: new ids given, references resolved, merged with what is stored; unchanged entries left out. */
export interface PlannedMessage {
  readonly received: ReceivedMessage;
  readonly writes: readonly PlannedWrite[];
}

export interface PlannedWrite {
  /** Name of the entry it came from. */
  readonly name: string;
  readonly write: ResourceWrite;
  /** It is not valid, and the channel let it pass. */
  readonly invalid?: boolean | undefined;
}

/** 6. Who is to be told of what is new or changed. */
export interface RoutedMessage extends PlannedMessage {
  readonly routed: readonly RoutedWrite[];
}

export interface RoutedWrite {
  readonly write: ResourceWrite;
  readonly route: string;
  readonly partner: string;
  readonly channel: string;
}
