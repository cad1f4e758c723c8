import type { AuditInput } from '../audit/event.ts';
import type { Config, InChannel } from '../config/config.ts';
import { buildAcknowledgement, type MessageHeader, readHeader } from '../formats/hl7v2/acknowledge.ts';
import type { Clock } from '../kernel/clock.ts';
import { type Issue, issue, ruleOf } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import type { ReceivedMessage } from '../message/message.ts';
import { receiveMessage } from '../message/receive.ts';
import type { MessageAnswer, NewAudit, Store } from '../store/store.ts';
import { type AddressList, createAddressList } from './address-list.ts';
import type { MllpPeer } from './mllp.ts';

export interface MllpIntakeParts {
  readonly config: Config;
  readonly process: (received: ReceivedMessage) => Promise<MessageAnswer>;
  readonly store: Pick<Store, 'commit'>;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly clock: Clock;
}

interface MllpChannel {
  readonly partner: string;
  readonly channel: InChannel;
  readonly addresses: AddressList;
}

/**
 * One frame in, one acknowledgement out, after the commit. Who sends is decided by source address, client certificate
 * and MSH-3/MSH-4 before anything else of the message is read; a sender we do not know gets AR, is audited, and nothing is kept.
 */
export function createMllpIntake(
  parts: MllpIntakeParts,
): (frame: Uint8Array, peer: Pick<MllpPeer, 'address' | 'certificate'>) => Promise<Uint8Array> {
  const channels = mllpChannels(parts.config);
  return async (frame, peer) => {
    const header = readHeader(frame);
    const known = findChannel(channels, header, peer);
    if (known === undefined) return refuseSender(parts, header, peer.address);
    const answer = await parts.process(
      receiveMessage({
        partner: known.partner,
        channel: known.channel,
        body: frame,
        receivedAt: parts.clock.now(),
        controlId: header?.controlId || null,
        correlationId: undefined,
      }),
    );
    const code = answer.state === 'accepted' ? 'AA' : ruleOf(answer.issues).acknowledgement;
    return acknowledge(parts, header, code, answer.messageId, answer.issues);
  };
}

function mllpChannels(config: Config): MllpChannel[] {
  const found: MllpChannel[] = [];
  for (const partner of config.partners.values()) {
    for (const channel of partner.channels.values()) {
      if (channel.direction !== 'in' || channel.transport !== 'mllp' || channel.sender === undefined) continue;
      found.push({
        partner: partner.name,
        channel,
        addresses: createAddressList(channel.sender.addresses, `${partner.name}/${channel.name}`),
      });
    }
  }
  return found;
}

/** By address, certificate and header. Where no header can be read, by address and certificate alone, if that leaves one channel: the message is then kept and refused. */
function findChannel(
  channels: readonly MllpChannel[],
  header: MessageHeader | undefined,
  { address, certificate }: Pick<MllpPeer, 'address' | 'certificate'>,
): MllpChannel | undefined {
  const here = channels.filter(({ addresses, channel }) => {
    const needed = channel.sender?.certificate;
    return addresses.holds(address) && (needed === undefined || needed === certificate);
  });
  if (header === undefined) return here.length === 1 ? here[0] : undefined;
  return here.find(
    ({ channel }) =>
      channel.sender?.application === header.sendingApplication && channel.sender.facility === header.sendingFacility,
  );
}

async function refuseSender(
  parts: MllpIntakeParts,
  header: MessageHeader | undefined,
  address: string,
): Promise<Uint8Array> {
  const audit = parts.buildAudit({
    kind: 'refusedAccess',
    recorded: parts.clock.now(),
    correlationId: newId(),
    address,
    interaction: 'intake',
    client: undefined,
    partner: undefined,
    types: [],
    issueCodes: ['sender-unknown'],
  });
  await parts.store.commit({ writes: [], deliveries: [], audit: [audit] });
  return acknowledge(parts, header, 'AR', newId(), [
    issue('sender-unknown', 'No channel takes messages from this address, sending application and sending facility.', {
      at: 'MSH-3',
    }),
  ]);
}

function acknowledge(
  parts: MllpIntakeParts,
  header: MessageHeader | undefined,
  code: 'AA' | 'AE' | 'AR',
  controlId: string,
  issues: readonly Issue[],
): Uint8Array {
  return buildAcknowledgement({ header, code, controlId, issues, now: parts.clock.now() });
}
