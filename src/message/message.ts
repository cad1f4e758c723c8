import type { FormatName, Payload } from '../formats/format.ts';
import type { Issue } from '../kernel/errors.ts';
import type { MappedEntry } from '../mapping/mapping.ts';

/** The types of a message's path, in the order it takes. Each step is a function from one to the next. */

/** 1. The bytes, as a door took them in, with what the door knows. */
export interface ReceivedMessage {
  readonly id: string;
  /** Follows the message from its door to every partner it reaches. */
  readonly correlationId: string;
  readonly partner: string;
  readonly channel: string;
  readonly format: FormatName;
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
  readonly mappingVersion: string;
  readonly entries: readonly MappedEntry[];
  readonly issues: readonly Issue[];
}

/** 4. FHIR that base R4, our rules and our profiles accept. Same shape; only `checkMessage` makes one. */
export interface CheckedMessage extends MappedMessage {
  readonly checked: true;
}

/** 5. Who is to be told of each resource, if it proves new or changed. */
export interface RoutedMessage extends CheckedMessage {
  /** Routes by the name of the entry. */
  readonly routes: ReadonlyMap<string, readonly RoutedTo[]>;
}

export interface RoutedTo {
  readonly route: string;
  readonly partner: string;
  readonly channel: string;
}
