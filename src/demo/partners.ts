import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FORMATS } from '../formats/formats.ts';
import { LIMITS } from '../kernel/limits.ts';
import { openReceivedLog, type ReceivedLog } from './received-log.ts';

/** A partner's system that the demonstration stands in for, on loopback. */
interface SimulatedPartner {
  /** Its name in the example's configuration. */
  readonly name: string;
  readonly title: string;
  readonly format: 'xml' | 'json';
  /** The environment variable in which the example's configuration expects its address. */
  readonly variable: string;
  readonly receipt: (reference: string) => string;
}

const jsonReceipt = (reference: string): string => `${JSON.stringify({ received: true, reference })}\n`;

const SIMULATED: readonly SimulatedPartner[] = [
  {
    name: 'stockport-council',
    title: 'Council, adult social care',
    format: 'xml',
    variable: 'COUNCIL_URL',
    receipt: (reference) => `<?xml version="1.0" encoding="UTF-8"?>\n<receipt reference="${reference}"/>\n`,
  },
  {
    name: 'stockport-equipment',
    title: 'Community equipment service',
    format: 'json',
    variable: 'EQUIPMENT_URL',
    receipt: jsonReceipt,
  },
  {
    name: 'stockport-community',
    title: 'Community health team',
    format: 'json',
    variable: 'COMMUNITY_URL',
    receipt: jsonReceipt,
  },
];

export interface SimulatedPartners {
  /** Address of each partner that is simulated, by its name: `GET <address>/received` and `/received/latest`. */
  readonly received: Readonly<Record<string, string>>;
  /** What the example's configuration takes its partners' addresses from. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Starts the simulated partners on free ports of loopback, or on those of `ports`. One whose variable `env` already
 * sets is somebody's own, and is not simulated. What they receive is kept in `folder`, if there is one.
 */
export async function startPartners(
  env: NodeJS.ProcessEnv,
  options: { readonly ports?: Readonly<Record<string, number>>; readonly folder?: string } = {},
): Promise<SimulatedPartners> {
  const started = await Promise.all(
    SIMULATED.filter(({ variable }) => (env[variable] ?? '') === '').map(async (partner) => {
      const server = createServer(answerAs(partner, openReceivedLog(partner.name, options.folder)));
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(options.ports?.[partner.name] ?? 0, '127.0.0.1', resolve);
      });
      return { partner, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    }),
  );
  return {
    received: Object.fromEntries(started.map(({ partner, url }) => [partner.name, url])),
    env: Object.fromEntries(started.map(({ partner, url }) => [partner.variable, url])),
    stop: async () => {
      await Promise.all(started.map(({ server }) => closeServer(server)));
    },
  };
}

/** The system of one partner: it takes its format alone, and one delivery counts once, however often it comes. */
function answerAs(
  partner: SimulatedPartner,
  log: ReceivedLog,
): (request: IncomingMessage, response: ServerResponse) => void {
  const format = FORMATS[partner.format];

  const receive = async (request: IncomingMessage): Promise<Answer> => {
    const mediaType = request.headers['content-type'] ?? '';
    const type = mediaType.split(';')[0]?.trim().toLowerCase() ?? '';
    if (!format.mediaTypes.includes(type)) return [415, 'text/plain', `This system takes ${format.mediaTypes[0]}.\n`];
    const id = request.headers['x-ginnel-delivery-id'];
    if (typeof id !== 'string' || id === '') return [400, 'text/plain', 'There is no X-Ginnel-Delivery-Id.\n'];
    const body = await readBody(request);
    if (body === undefined) return [413, 'text/plain', 'That is too long.\n'];
    if (!format.parse(body).ok) return [400, 'text/plain', `That is not well-formed ${partner.format}.\n`];
    const message = log.messages.get(id) ?? log.add({ id, at: new Date().toISOString(), mediaType, body });
    return [200, format.mediaTypes[0], partner.receipt(message.reference)];
  };

  const look = (path: string): Answer => {
    if (path === '/received') {
      const list = [...log.messages.values()].map(({ id, at, body }) => ({ id, at, bytes: body.length }));
      return [200, 'application/json', `${JSON.stringify(list)}\n`];
    }
    const latest = [...log.messages.values()].at(-1);
    if (path !== '/received/latest' || latest === undefined) return [404, 'text/plain', 'Nothing is here.\n'];
    return [200, latest.mediaType, latest.body];
  };

  return (request, response) => {
    void (async () => {
      const [status, type, body] = request.method === 'GET' ? look(request.url ?? '') : await receive(request);
      response.writeHead(status, { 'Content-Type': type }).end(body);
    })().catch(() => response.destroy());
  };
}

type Answer = readonly [status: number, mediaType: string, body: string | Buffer];

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > LIMITS.bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
