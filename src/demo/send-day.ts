import { setTimeout as delay } from 'node:timers/promises';
import { inChannel, outChannel } from '../config/config.ts';
import { sha256Hex } from '../kernel/ids.ts';
import type { Io } from '../kernel/io.ts';
import type { Store, StoredDelivery, StoredMessage } from '../store/store.ts';
import { readDay, type Sample } from './day.ts';
import { becameLine, type DayTotals, type Paint, refusedLine, sampleLine, wentLine } from './screen.ts';
import { type DoorAnswer, type SampleSenderParts, sendSample } from './send-sample.ts';

export interface DayParts extends SampleSenderParts {
  readonly store: Pick<Store, 'messages' | 'deliveries' | 'deliveryAttempts'>;
  readonly io: Pick<Io, 'out'>;
  readonly paint: Paint;
  /** Ends the day early. */
  readonly signal: AbortSignal;
}

/** How long the day waits for the deliveries of one message. */
const DELIVERIES_WAIT_MS = 5_000;
const DELIVERIES_LOOK_MS = 20;

/**
 * Sends the day through the gateway's doors and prints each line as it happens. What is printed is what the store
 * holds afterwards, not what was meant to happen.
 */
export async function sendDay(parts: DayParts): Promise<DayTotals> {
  const { paint } = parts;
  const print = (line: string): void => parts.io.out(`${line}\n`);
  const startedAt = performance.now();
  const unexpected: number[] = [];
  const counts = { accepted: 0, refused: 0, deliveries: 0, delivered: 0 };

  for (const [at, sample] of (await readDay(parts.folder)).entries()) {
    if (parts.signal.aborted) break;
    print(sampleLine(at + 1, sample, paint));
    const format = inChannel(parts.config, sample.partner, sample.channel)?.format;
    const sentAt = new Date().toISOString();
    const door = await sendSample(sample, parts);
    const message = await findMessage(sample, door, parts);
    if (door.accepted !== (sample.expect === 'accepted')) unexpected.push(at + 1);
    if (!door.accepted || message === undefined) {
      counts.refused += 1;
      const issue = message?.answer.issues.find(({ severity }) => severity === 'error');
      print(refusedLine(sample, format, { said: door.said, issue, reason: door.reason }, paint));
      continue;
    }
    counts.accepted += 1;
    const known = message.receivedAt < sentAt;
    print(becameLine(sample, format, message.answer, known, paint));
    if (known) continue;
    const gone = await awaitDeliveries(message.id, parts);
    counts.deliveries += gone.length;
    counts.delivered += gone.filter(({ state }) => state === 'delivered').length;
    print(wentLine(gone, paint));
  }
  return { ...counts, unexpected, durationMs: performance.now() - startedAt };
}

/** What the store holds of a sample: the same bytes from the same partner. Undefined when it was not kept. */
async function findMessage(sample: Sample, door: DoorAnswer, parts: DayParts): Promise<StoredMessage | undefined> {
  const hash = sha256Hex(door.body);
  const messages = await parts.store.messages({ partner: sample.partner, limit: 200 });
  return messages.find(({ channel, contentHash }) => channel === sample.channel && contentHash === hash);
}

/** Waits until none of the message's deliveries is pending, or the wait is over, and says how each stands. */
async function awaitDeliveries(messageId: string, parts: DayParts) {
  const until = performance.now() + DELIVERIES_WAIT_MS;
  let deliveries: StoredDelivery[];
  for (;;) {
    deliveries = await parts.store.deliveries({ messageId });
    if (deliveries.every(({ state }) => state !== 'pending')) break;
    if (performance.now() > until || parts.signal.aborted) break;
    await delay(DELIVERIES_LOOK_MS);
  }
  return Promise.all(
    deliveries.toReversed().map(async ({ id, partner, channel, state }) => {
      const format = outChannel(parts.config, partner, channel)?.format;
      const last = (await parts.store.deliveryAttempts(id)).at(-1);
      return { partner, format, state, status: last?.status ?? null };
    }),
  );
}
