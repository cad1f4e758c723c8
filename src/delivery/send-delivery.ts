import type { Resource } from '@medplum/fhirtypes';
import { type Config, type OutChannel, outChannel, type Partner } from '../config/config.ts';
import type { Format, FormatName } from '../formats/format.ts';
import type { Clock } from '../kernel/clock.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { OutMapping } from '../mapping/mapping.ts';
import type { Store, StoredDelivery, StoredResource } from '../store/store.ts';
import type { Credentials } from './credentials.ts';
import { gatherResources } from './gather-resources.ts';
import { type AttemptEnd, endWith, judgeAnswer } from './judge-answer.ts';
import type { SendHttp } from './outgoing-http.ts';
import { sendProved } from './send-proved.ts';

export interface DeliverySenderParts {
  /** Gives what may leave: of restricted patients without their whereabouts. */
  readonly store: Pick<Store, 'read' | 'readVersion'>;
  /** Whether the partner may have it now; undefined is yes. */
  readonly judge?: ((partner: string, stored: StoredResource) => Promise<Issue | undefined>) | undefined;
  readonly config: Pick<Config, 'partners' | 'delivery'>;
  /** A loaded mapping out of FHIR, by name. */
  readonly outMapping: (name: string) => OutMapping | undefined;
  readonly format: (name: FormatName) => Format;
  readonly sendHttp: SendHttp;
  readonly credentials: Credentials;
  readonly clock: Clock;
}

/** Makes one attempt at a delivery. Rejects only when the store does; everything else is an end of the attempt. */
export type SendDelivery = (delivery: StoredDelivery, signal: AbortSignal) => Promise<AttemptEnd>;

/**
 * The way of one delivery: version → what it refers to → mapping → bytes → partner. What fails before a byte has left
 * would fail the same way again and is dead at once, for an operator to mend; what the partner or the network does is
 * judged by its category.
 */
export function createDeliverySender(parts: DeliverySenderParts): SendDelivery {
  return async (delivery, signal) => {
    const target = findTarget(delivery, parts);
    if (!target.ok) return dead(target.issues);
    const focus = await readFocus(delivery, parts.store);
    if (!focus.ok) return dead(focus.issues);
    const objection = await parts.judge?.(delivery.partner, focus.value.stored);
    if (objection !== undefined) return dead([objection]);
    const resources = await gatherResources(focus.value.resource, parts.store);
    if (!resources.ok) return dead(resources.issues);
    const body = printDelivery(delivery, target.value, focus.value.resource, resources.value, parts);
    if (!body.ok) return dead(body.issues);

    const { channel, mapping } = target.value;
    const { timeoutMs } = parts.config.delivery;
    const headers = deliveryHeaders(delivery, mapping.output.mediaType);
    const sent = await sendProved({ headers, body: body.value, timeoutMs, signal }, channel, parts);
    return sent.ok ? judgeAnswer(sent.value, parts.clock.now()) : endWith(sent.issues);
  };
}

interface Target {
  readonly partner: Partner;
  readonly channel: OutChannel;
  readonly mapping: OutMapping;
}

/** The configuration may have changed since the delivery was written: then an operator must know. */
function findTarget(delivery: StoredDelivery, parts: DeliverySenderParts): Result<Target> {
  const partner = parts.config.partners.get(delivery.partner);
  if (partner === undefined) {
    return failure(issue('partner-unknown', 'The configuration no longer has the partner of this delivery.'));
  }
  const channel = outChannel(parts.config, delivery.partner, delivery.channel);
  if (channel === undefined) {
    return failure(issue('channel-unknown', 'The partner no longer has the channel of this delivery.'));
  }
  const mapping = parts.outMapping(channel.mapping);
  if (mapping === undefined) {
    return failure(issue('mapping-missing-file', 'The mapping of this delivery’s channel is not loaded.'));
  }
  return success({ partner, channel, mapping });
}

interface Focus {
  readonly stored: StoredResource;
  readonly resource: Resource;
}

async function readFocus(delivery: StoredDelivery, store: Pick<Store, 'readVersion'>): Promise<Result<Focus>> {
  const stored = await store.readVersion(delivery.resourceType, delivery.resourceId, delivery.resourceVersion);
  if (stored === undefined) return failure(issue('resource-not-found', 'The version to be sent is not in the store.'));
  if (stored.deleted) return failure(issue('resource-gone', 'The version to be sent is a deletion.'));
  return success({ stored, resource: JSON.parse(stored.content) as Resource });
}

function printDelivery(
  delivery: StoredDelivery,
  target: Target,
  focus: Resource,
  resources: readonly Resource[],
  parts: DeliverySenderParts,
): Result<Uint8Array> {
  const { partner, mapping } = target;
  // Each attempt says the same: its `now()` is when the delivery was written, not when it is tried.
  const mapped = mapping.run(focus, resources, {
    now: new Date(delivery.createdAt),
    partner: { name: partner.name, title: partner.title, organisation: partner.organisation },
    messageId: delivery.messageId ?? delivery.id,
  });
  if (!mapped.ok) return mapped;
  const printed = parts.format(mapping.output.format).print(mapped.value.tree, mapping.output.options);
  if (printed.ok && printed.value.length > LIMITS.bodyBytesMax) {
    return failure(issue('body-too-large', `What would be sent is larger than ${LIMITS.bodyBytesMax} bytes.`));
  }
  return printed;
}

/** Stable over all attempts, so that a partner can drop what it has: two names, because partners look for either. */
function deliveryHeaders(delivery: StoredDelivery, mediaType: string): Record<string, string> {
  return {
    'Content-Type': mediaType,
    'X-Ginnel-Delivery-Id': delivery.id,
    'Idempotency-Key': delivery.id,
    'X-Correlation-Id': delivery.correlationId,
  };
}

function dead(issues: readonly Issue[]): AttemptEnd {
  return { kind: 'dead', status: null, issues };
}
