import type { InChannel } from '../config/config.ts';
import { newId, sha256Hex } from '../kernel/ids.ts';
import type { ReceivedMessage } from './message.ts';

export interface Arrival {
  readonly partner: string;
  readonly channel: InChannel;
  readonly body: Uint8Array;
  readonly receivedAt: Date;
  readonly controlId: string | null;
  /** From the sender where it gave one; otherwise the message's own id follows it. */
  readonly correlationId: string | undefined;
}

/** Bytes at a door → the first value of the path. */
export function receiveMessage(arrival: Arrival): ReceivedMessage {
  const id = newId(arrival.receivedAt.getTime());
  return {
    id,
    correlationId: arrival.correlationId ?? id,
    partner: arrival.partner,
    channel: arrival.channel.name,
    format: arrival.channel.format,
    mapping: arrival.channel.mapping,
    receivedAt: arrival.receivedAt.toISOString(),
    controlId: arrival.controlId,
    contentHash: sha256Hex(arrival.body),
    body: arrival.body,
  };
}
