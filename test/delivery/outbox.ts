import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import type { Config, OutChannel } from '../../src/config/config.ts';
import { createCredentials } from '../../src/delivery/credentials.ts';
import { createOutgoingHttp } from '../../src/delivery/outgoing-http.ts';
import { createDeliverySender, type DeliverySenderParts } from '../../src/delivery/send-delivery.ts';
import { createDeliveryWorker, type DeliveryWorker, type DeliveryWorkerParts } from '../../src/delivery/worker.ts';
import { formatOf } from '../../src/formats/formats.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { newId } from '../../src/kernel/ids.ts';
import type { Log, LogFields } from '../../src/kernel/log.ts';
import { success } from '../../src/kernel/result.ts';
import type { OutMapping } from '../../src/mapping/mapping.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import type { Store, StoredDelivery } from '../../src/store/store.ts';
import { type Listening, listen } from './listening.ts';

/** A clock that stands still until it is told to go on. */
export interface HandClock extends Clock {
  advance(ms: number): void;
}

export function handClock(): HandClock {
  let ms = Date.parse('2026-04-14T09:00:00.000Z');
  return {
    now: () => new Date(ms),
    advance: (by) => {
      ms += by;
    },
  };
}

export interface Outbox {
  readonly folder: string;
  readonly store: Store;
  readonly clock: HandClock;
  readonly logged: { readonly event: string; readonly fields: LogFields }[];
  readonly log: Log;
  close(): Promise<void>;
}

/** A real store in a folder of its own, with a clock to go with it. */
export async function openOutbox(): Promise<Outbox> {
  const folder = await mkdtemp(join(tmpdir(), 'ginnel-delivery-'));
  const store = openSqliteStore({ folder });
  const logged: { event: string; fields: LogFields }[] = [];
  const note = (event: string, fields: LogFields = {}): void => {
    logged.push({ event, fields });
  };
  return {
    folder,
    store,
    clock: handClock(),
    logged,
    log: { debug: note, info: note, warn: note, error: note },
    close: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Writes a resource as its first version. */
export async function putResource(outbox: Outbox, resource: Resource, patient: string | null = null): Promise<void> {
  const lastUpdated = outbox.clock.now().toISOString();
  const { resourceType: type, id = '' } = resource;
  const result = await outbox.store.commit({
    writes: [
      {
        ...{ type, id, version: 1, lastUpdated, deleted: false, content: JSON.stringify(resource), patient },
        ...{ index: [], claims: [], organisations: [], messageId: null },
      },
    ],
    deliveries: [],
    audit: [],
  });
  if (!result.ok) throw new Error(`not written: ${result.conflict}`);
}

export interface Sending {
  readonly patient?: string;
  readonly partner?: string;
  readonly channel?: string;
}

/** Writes a ServiceRequest for a patient with its delivery, in one commit, and returns the delivery's id. */
export async function putDelivery(outbox: Outbox, sending: Sending = {}): Promise<string> {
  const { patient = 'p1', partner = 'council', channel = 'referrals' } = sending;
  const id = newId();
  const at = outbox.clock.now().toISOString();
  const content = JSON.stringify({ resourceType: 'ServiceRequest', id, subject: { reference: `Patient/${patient}` } });
  const result = await outbox.store.commit({
    writes: [
      {
        ...{ type: 'ServiceRequest', id, version: 1, lastUpdated: at, deleted: false, content, patient },
        ...{ index: [], claims: [], organisations: [], messageId: null },
      },
    ],
    deliveries: [
      {
        ...{ id: `d-${id}`, partner, channel, route: 'to-council', lane: patient, correlationId: `c-${id}` },
        ...{ messageId: null, resourceType: 'ServiceRequest', resourceId: id, resourceVersion: 1, createdAt: at },
      },
    ],
    audit: [],
  });
  if (!result.ok) throw new Error(`not written: ${result.conflict}`);
  return `d-${id}`;
}

/** A mapping out of FHIR that tells what it was given. */
export const TELLING: OutMapping = {
  name: 'test/telling',
  version: '1',
  issues: [],
  codes: new Map(),
  direction: 'out',
  output: { format: 'json', options: {}, mediaType: 'application/json' },
  run: (focus, resources, context) =>
    success({
      tree: {
        focus: `${focus.resourceType}/${focus.id}`,
        resources: resources.map(({ resourceType, id }) => `${resourceType}/${id}`),
        to: context.partner.name,
        at: context.now.toISOString(),
      },
    }),
};

export interface WorkerOptions {
  readonly rules?: Partial<Config['delivery']>;
  readonly channel?: Partial<OutChannel>;
  readonly mapping?: OutMapping;
  readonly worker?: Partial<DeliveryWorkerParts>;
}

/** The parts of a sender to the partners `council` and `equipment`, both at `url`. */
export function senderParts(outbox: Outbox, url: string, options: WorkerOptions = {}): DeliverySenderParts {
  const rules = { attemptsMax: 4, backoffFirstMs: 1_000, backoffCapMs: 60_000, timeoutMs: 2_000, ...options.rules };
  const channel: OutChannel = {
    ...{ direction: 'out', name: 'referrals', transport: 'http', format: 'json', mapping: 'test/telling', url },
    privateAddress: true,
    ...options.channel,
  };
  const partnerOf = (name: string) =>
    [name, { name, title: name, organisation: undefined, channels: new Map([['out/referrals', channel]]) }] as const;
  const { sendHttp } = createOutgoingHttp();
  return {
    store: outbox.store,
    config: { partners: new Map([partnerOf('council'), partnerOf('equipment')]), delivery: rules },
    outMapping: (name) => (name === 'test/telling' ? (options.mapping ?? TELLING) : undefined),
    format: formatOf,
    sendHttp,
    credentials: createCredentials({ sendHttp, clock: outbox.clock, timeoutMs: rules.timeoutMs }),
    clock: outbox.clock,
  };
}

export function workerOf(outbox: Outbox, url: string, options: WorkerOptions = {}): DeliveryWorker {
  const parts = senderParts(outbox, url, options);
  return createDeliveryWorker({
    store: outbox.store,
    rules: parts.config.delivery,
    send: createDeliverySender(parts),
    buildAudit: ({ delivery, at, outcome }) => [
      { id: newId(), recorded: at, content: `${outcome.kind} ${delivery.id}`, patient: delivery.lane },
    ],
    clock: outbox.clock,
    random: () => 0.999,
    log: outbox.log,
    ...options.worker,
  });
}

export interface TestPartner extends Listening {
  /** Delivery ids in the order in which they came, repeats included. */
  readonly ids: string[];
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly body: string }[];
}

export type PartnerAnswer = { readonly status: number; readonly headers?: Record<string, string> } | number;

/** A partner that answers each delivery as it is told, and notes what it gets. */
export async function startPartner(
  answer: (id: string, time: number) => PartnerAnswer | Promise<PartnerAnswer>,
): Promise<TestPartner> {
  const ids: string[] = [];
  const requests: { headers: IncomingMessage['headers']; body: string }[] = [];
  const server = await listen(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const id = String(request.headers['x-ginnel-delivery-id']);
    ids.push(id);
    requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    const said = await answer(id, ids.filter((one) => one === id).length);
    const { status, headers } = typeof said === 'number' ? { status: said, headers: undefined } : said;
    response.writeHead(status, headers).end();
  });
  return { ...server, ids, requests };
}

export async function stateOf(outbox: Outbox, id: string): Promise<Pick<StoredDelivery, 'state' | 'attempts'>> {
  const delivery = await outbox.store.delivery(id);
  if (delivery === undefined) throw new Error('no such delivery');
  return { state: delivery.state, attempts: delivery.attempts };
}

/** Waits for a condition that another part of the test brings about; fails after five seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
