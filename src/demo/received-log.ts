import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One message that a simulated partner took in. */
export interface ReceivedMessage {
  /** `X-Ginnel-Delivery-Id`. */
  readonly id: string;
  readonly at: string;
  readonly mediaType: string;
  readonly body: Buffer;
  readonly reference: string;
}

/** How many messages a simulated partner remembers. */
const RECEIVED_MAX = 1_000;

/** What a simulated partner has received, by delivery id. A real partner would know it after a restart: so does this. */
export interface ReceivedLog {
  readonly messages: ReadonlyMap<string, ReceivedMessage>;
  add(message: Omit<ReceivedMessage, 'reference'>): ReceivedMessage;
}

/** `folder` undefined: nothing is kept on disk. */
export function openReceivedLog(partner: string, folder: string | undefined): ReceivedLog {
  const messages = new Map<string, ReceivedMessage>();
  const file = folder === undefined ? undefined : join(folder, `${partner}.ndjson`);
  let taken = 0;
  const remember = (message: ReceivedMessage): void => {
    taken += 1;
    messages.set(message.id, message);
    const [oldest] = messages.keys();
    if (messages.size > RECEIVED_MAX && oldest !== undefined) messages.delete(oldest);
  };
  if (file !== undefined && existsSync(file)) {
    for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
      const kept = JSON.parse(line) as Omit<ReceivedMessage, 'body'> & { body: string };
      remember({ ...kept, body: Buffer.from(kept.body, 'base64') });
    }
  }
  return {
    messages,
    add: (received) => {
      const message = { ...received, reference: `R${taken + 1}` };
      if (folder !== undefined && file !== undefined) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        appendFileSync(file, `${JSON.stringify({ ...message, body: message.body.toString('base64') })}\n`, {
          mode: 0o600,
        });
      }
      remember(message);
      return message;
    },
  };
}
