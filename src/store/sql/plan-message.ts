import type { NewMessage } from '../store.ts';
import type { Statement } from './statement.ts';

/** A message seen for the first time. A known key, or a known id, is the conflict `message`. */
export function planMessage(message: NewMessage): Statement[] {
  return [
    {
      text: `INSERT INTO message (id, key, correlation_id, partner, channel, format, control_id, received_at,
        content_hash, mapping, mapping_version, state, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      params: [
        message.id,
        message.key,
        message.correlationId,
        message.partner,
        message.channel,
        message.format,
        message.controlId,
        message.receivedAt,
        message.contentHash,
        message.mapping,
        message.mappingVersion,
        message.state,
        JSON.stringify(message.answer),
      ],
      breach: 'message',
    },
    { text: 'INSERT INTO message_body (message_id, body) VALUES (?, ?)', params: [message.id, message.body] },
  ];
}

/** A message processed again: what it says about itself stays, what we made of it is replaced. */
export function planReprocessed(message: Omit<NewMessage, 'body'>): Statement[] {
  return [
    {
      text: `UPDATE message SET state = ?, answer = ?, mapping = ?, mapping_version = ?, runs = runs + 1 WHERE id = ?`,
      params: [message.state, JSON.stringify(message.answer), message.mapping, message.mappingVersion, message.id],
      rows: 1,
    },
  ];
}
