import type { Bundle, BundleEntry, Coding, MessageHeader, OperationOutcome } from '@medplum/fhirtypes';
import { decide, refuseDenied } from '../../auth/decide.ts';
import type { InChannel } from '../../config/config.ts';
import { toOperationOutcome } from '../../fhir/outcome.ts';
import { refuse } from '../../kernel/errors.ts';
import { receiveMessage } from '../../message/receive.ts';
import type { MessageAnswer } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { readOperationInput } from './operation-input.ts';

/** What a sender calls its message: printable ASCII without spaces. */
const CONTROL_ID = /^[\x21-\x7e]{1,200}$/;

/**
 * `POST $process-message`: a FHIR message (https://hl7.org/fhir/R4/messaging.html) takes the same path as any other: the
 * mapping of the sender's channel makes of it what is stored, and it is kept, routed and audited as a message. The answer
 * is a message too (https://hl7.org/fhir/R4/messageheader-operation-process-message.html): `response.code` is `ok`, or
 * `fatal-error` with an OperationOutcome for what was refused, and kept. The same message again has the same answer.
 */
export async function processMessageOperation(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const { identity } = request;
  const decision = decide(identity, { interaction: 'intake', partner: identity.partner });
  if (!decision.allowed) throw refuseDenied(decision);
  refuseAsynchronous(request);
  const { bundle, header } = readMessage(request.readBody());
  const channel = findChannel(identity.partner, header, request, parts);
  const answer = await parts.processMessage(
    receiveMessage({
      partner: identity.partner,
      channel,
      body: request.bytes(),
      receivedAt: parts.clock.now(),
      controlId: readControlId(header.id ?? bundle.id),
      correlationId: request.correlationId,
    }),
  );
  const response = composeResponse(answer, header, bundle, parts);
  return { status: 200, body: JSON.stringify(response), headers: {}, disclosed: 'written' };
}

function refuseAsynchronous(request: FhirRequest): void {
  const { async } = readOperationInput(request, { async: 'boolean' }, { body: false });
  if (async === true) {
    throw refuse(
      'parameter-unsupported',
      'A message is answered when it is durable; there is no answer later (async).',
    );
  }
}

function readMessage(tree: unknown): { readonly bundle: Bundle; readonly header: MessageHeader } {
  const bundle = tree as Bundle;
  if (bundle?.resourceType !== 'Bundle' || bundle.type !== 'message') {
    throw refuse('resource-invalid', 'The body is a Bundle of the type message.', { expression: 'Bundle.type' });
  }
  const header = bundle.entry?.[0]?.resource;
  if (header?.resourceType !== 'MessageHeader') {
    const text = 'The first entry of a message is its MessageHeader.';
    throw refuse('element-required', text, { expression: 'Bundle.entry[0].resource' });
  }
  if (header.eventCoding?.code === undefined && header.eventUri === undefined) {
    const text = 'A MessageHeader says which event it tells of, by eventCoding or eventUri.';
    throw refuse('element-required', text, { expression: 'Bundle.entry[0].resource.event' });
  }
  if (header.response !== undefined) {
    const text = 'This is the answer to a message; here messages are taken that ask for one.';
    throw refuse('message-type-unsupported', text, { expression: 'Bundle.entry[0].resource.response' });
  }
  return { bundle, header };
}

/** The sender's channel for this event; its one channel for FHIR messages where that names no events. */
function findChannel(
  partner: string,
  { eventCoding, eventUri }: MessageHeader,
  request: FhirRequest,
  { channelsOf }: ApiParts,
): InChannel {
  const format = /\bxml\b/i.test(request.header('content-type') ?? '') ? 'fhir-xml' : 'fhir';
  const channels = channelsOf(partner).filter((one) => one.transport === 'http' && one.format === format);
  const event = eventUri ?? eventOf(eventCoding);
  const found =
    channels.find(({ events }) => events?.includes(event)) ?? channels.find(({ events }) => events === undefined);
  if (found !== undefined) return found;
  throw refuse(
    'message-type-unsupported',
    'No channel of this sender takes messages of this event in this format; its channels are in the configuration.',
    { expression: 'Bundle.entry[0].resource.event' },
  );
}

function eventOf(coding: Coding | undefined): string {
  return coding?.system === undefined ? (coding?.code ?? '') : `${coding.system}|${coding.code}`;
}

function readControlId(given: string | undefined): string | null {
  return given !== undefined && CONTROL_ID.test(given) ? given : null;
}

/** Made from the stored answer alone, so that the same message has the same answer. */
function composeResponse(
  { messageId, state, created, updated, issues }: MessageAnswer,
  header: MessageHeader,
  bundle: Bundle,
  { fhirBase, clock }: ApiParts,
): Bundle {
  const outcome: OperationOutcome = toOperationOutcome(issues);
  const outcomeUrl = `urn:uuid:${messageId}`;
  const focus = [...created, ...updated].map((reference) => ({ reference: `${fhirBase}/${reference}` }));
  const response: MessageHeader = {
    resourceType: 'MessageHeader',
    id: messageId,
    ...(header.eventCoding === undefined ? {} : { eventCoding: header.eventCoding }),
    ...(header.eventUri === undefined ? {} : { eventUri: header.eventUri }),
    ...(header.source?.endpoint === undefined ? {} : { destination: [{ endpoint: header.source.endpoint }] }),
    source: { name: 'Ginnel', endpoint: `${fhirBase}/$process-message` },
    response: {
      identifier: header.id ?? bundle.id ?? messageId,
      code: state === 'accepted' ? 'ok' : 'fatal-error',
      ...(issues.length === 0 ? {} : { details: { reference: outcomeUrl } }),
    },
    ...(focus.length === 0 ? {} : { focus }),
  };
  const entries: BundleEntry[] = [
    { fullUrl: `${fhirBase}/MessageHeader/${messageId}`, resource: response },
    ...(issues.length === 0 ? [] : [{ fullUrl: outcomeUrl, resource: outcome }]),
  ];
  return { resourceType: 'Bundle', type: 'message', timestamp: clock.now().toISOString(), entry: entries };
}
