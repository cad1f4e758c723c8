import express, { type Router } from 'express';
import type { Admission } from '../auth/admit.ts';
import { type Config, type InChannel, inChannel } from '../config/config.ts';
import { toOperationOutcome } from '../fhir/outcome.ts';
import { FORMATS } from '../formats/formats.ts';
import type { Clock } from '../kernel/clock.ts';
import { refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { ReceivedMessage } from '../message/message.ts';
import { receiveMessage } from '../message/receive.ts';
import type { MessageAnswer } from '../store/store.ts';
import { type AddressList, createAddressList } from './address-list.ts';
import { certificateSubject } from './certificate-subject.ts';

export interface HttpIntakeParts {
  readonly config: Config;
  readonly admission: Admission;
  readonly process: (received: ReceivedMessage) => Promise<MessageAnswer>;
  readonly clock: Clock;
}

const CONTROL_ID = /^[\x21-\x7e]{1,200}$/;

/**
 * `POST /intake/<partner>/<channel>`. Admission comes before the body is read. The answer comes after the commit:
 * 200 with what the message became, or 422 with an OperationOutcome for a message that was refused, and kept.
 */
export function createHttpIntake(parts: HttpIntakeParts): Router {
  const router = express.Router({ caseSensitive: true });
  const raw = express.raw({ type: () => true, limit: LIMITS.bodyBytesMax });
  const allowed = allowedAddresses(parts.config);

  router.post(
    '/:partner/:channel',
    async (request, response, next) => {
      await parts.admission({
        authorization: request.headers.authorization,
        other: { apiKey: readApiKey(request.headers['x-api-key']), certificate: certificateSubject(request.socket) },
        need: { interaction: 'intake', partner: request.params.partner },
        correlationId: String(response.locals.correlationId),
        address: request.ip,
      });
      // Whatever can be refused by its address and headers is, before a byte of the body is waited for.
      const channel = findChannel(parts.config, request.params.partner, request.params.channel);
      requireAddress(allowed, `${request.params.partner}/${channel.name}`, request.ip);
      requireMediaType(request.headers['content-type'], FORMATS[channel.format].mediaTypes);
      readControlId(request.headers['x-message-id']);
      next();
    },
    raw,
    async (request, response) => {
      const { partner, channel: name } = request.params as { partner: string; channel: string };
      const channel = findChannel(parts.config, partner, name);
      const answer = await parts.process(
        receiveMessage({
          partner,
          channel,
          body: Buffer.isBuffer(request.body) ? request.body : new Uint8Array(),
          receivedAt: parts.clock.now(),
          controlId: readControlId(request.headers['x-message-id']),
          correlationId: String(response.locals.correlationId),
        }),
      );
      response.setHeader('X-Message-Id', answer.messageId);
      if (answer.state === 'accepted') response.status(200).json(answer);
      else
        response
          .status(422)
          .type('application/fhir+json')
          .send(JSON.stringify(toOperationOutcome(answer.issues)));
    },
  );

  router.all('/:partner/:channel', (_request, response) => {
    response.setHeader('Allow', 'POST');
    throw refuse('method-not-allowed', 'Messages are sent by POST.');
  });
  return router;
}

function findChannel(config: Config, partner: string, name: string): InChannel {
  const channel = inChannel(config, partner, name);
  if (channel?.transport === 'http') return channel;
  throw refuse(
    'channel-unknown',
    'This partner has no HTTP channel of this name; the configuration names its channels.',
  );
}

/** The address lists of the channels that have one, by partner and channel. */
function allowedAddresses({ partners }: Config): ReadonlyMap<string, AddressList> {
  const lists = new Map<string, AddressList>();
  for (const partner of partners.values()) {
    for (const channel of partner.channels.values()) {
      if (channel.direction !== 'in' || channel.transport !== 'http' || channel.addresses === undefined) continue;
      const place = `${partner.name}/${channel.name}`;
      lists.set(place, createAddressList(channel.addresses, place));
    }
  }
  return lists;
}

function requireAddress(lists: ReadonlyMap<string, AddressList>, place: string, address: string | undefined): void {
  const list = lists.get(place);
  if (list === undefined || (address !== undefined && list.holds(address))) return;
  throw refuse('address-not-allowed', 'This channel takes messages from configured addresses alone.');
}

function readApiKey(given: string | string[] | undefined): string | undefined {
  // Node joins several of one name with a comma, which no key holds.
  return Array.isArray(given) ? given.join(',') : given;
}

/** The sender's own id of the message; null where it gives none. */
function readControlId(given: string | string[] | undefined): string | null {
  if (given === undefined) return null;
  if (typeof given === 'string' && CONTROL_ID.test(given)) return given;
  throw refuse('parameter-invalid', 'X-Message-Id takes up to 200 printable ASCII characters, without spaces.');
}

function requireMediaType(given: string | undefined, known: readonly string[]): void {
  const type = given?.split(';')[0]?.trim().toLowerCase();
  if (type === undefined || !known.includes(type)) {
    throw refuse('media-type-unsupported', `This channel takes ${known.join(' or ')} as its Content-Type.`);
  }
}
