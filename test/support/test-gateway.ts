import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inject } from 'vitest';
import { loadDemoKey } from '../../src/auth/demo-clients.ts';
import { requestToken } from '../../src/auth/request-token.ts';
import type { Client } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { type RunningGateway, startGateway } from '../../src/gateway.ts';
import { type Log, silentLog } from '../../src/kernel/log.ts';
import { OPEN_RULES } from './open-access.ts';
import { copyDatabase } from './postgres-project.ts';

/** The Stockport example, as it is shipped. */
export const EXAMPLE = resolve(import.meta.dirname, '../../examples/stockport-together/ginnel.yaml');
export const SAMPLES = resolve(import.meta.dirname, '../../examples/stockport-together/samples');

/** A partner's system: it keeps what it receives and answers what the test tells it to. */
export interface Receiver {
  readonly url: string;
  readonly received: {
    readonly id: string;
    readonly correlationId: string;
    readonly contentType: string;
    readonly body: string;
  }[];
  /** Status of the next answers; 200 until told. */
  status: number;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const receiver = { url: '', received: [] as Receiver['received'], status: 200, close: async () => {} };
  const server = createServer(async (request, response) => {
    const body = await readAll(request);
    if (receiver.status < 300) {
      receiver.received.push({
        id: String(request.headers['x-ginnel-delivery-id']),
        correlationId: String(request.headers['x-correlation-id']),
        contentType: String(request.headers['content-type']),
        body,
      });
    }
    response.writeHead(receiver.status).end();
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  receiver.close = () =>
    new Promise((settle) => {
      server.close(() => settle());
      server.closeAllConnections();
    });
  return receiver;
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

export interface TestGateway {
  readonly gateway: RunningGateway;
  readonly dataFolder: string;
  readonly council: Receiver;
  readonly equipment: Receiver;
  readonly community: Receiver;
  /** A token from the real token endpoint. */
  token(client: string, scope?: string): Promise<string>;
  /** A request to the gateway with a client's token. */
  request(client: string, path: string, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

export interface TestGatewayOptions {
  /** Clients with demo keys besides those of the example, by id, with their scopes. */
  readonly clients?: Readonly<Record<string, readonly string[]>>;
  readonly log?: Log;
}

/**
 * The whole gateway, in this process, on free ports and a new store, with three listening partners. The store is SQLite,
 * but in the project that runs the API's tests over PostgreSQL; `env` may name another.
 */
export async function startTestGateway(
  env: Record<string, string> = {},
  { clients = {}, log = silentLog }: TestGatewayOptions = {},
): Promise<TestGateway> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'ginnel-test-'));
  const [council, equipment, community] = await Promise.all([startReceiver(), startReceiver(), startReceiver()]);
  const template = env.DATABASE_URL === undefined ? inject('postgresTemplate') : undefined;
  const database = template === undefined ? undefined : await copyDatabase(template);
  const loaded = loadConfig(EXAMPLE, {
    ...(database === undefined ? {} : { DATABASE_URL: database.url }),
    PORT: '0',
    MLLP_PORT: '0',
    GINNEL_DATA: dataFolder,
    COUNCIL_URL: council.url,
    EQUIPMENT_URL: equipment.url,
    COMMUNITY_URL: community.url,
    ...env,
  });
  const added = Object.entries(clients).map(([id, scopes]): [string, Client] => [
    id,
    {
      id,
      partner: 'heatons-neighbourhood',
      scopes,
      access: OPEN_RULES,
      keys: { kind: 'demo', file: join(dataFolder, 'demo', `${id}.jwks.json`) },
    },
  ]);
  // Tests look at the audit as soon as they have an answer.
  const config = {
    ...loaded,
    audit: { reads: 'durable' as const },
    clients: new Map([...loaded.clients, ...added]),
  };
  const gateway = await startGateway(config, log, { demoKeys: true });
  const tokens = new Map<string, string>();
  const token = async (client: string, scope = 'system/*.cruds intake'): Promise<string> => {
    const key = await loadDemoKey(dataFolder, client);
    if (key === undefined) throw new Error(`no demo key for ${client}`);
    const answer = await requestToken({ tokenUrl: `${gateway.baseUrl}/auth/token`, clientId: client, key, scope });
    if (!answer.ok) throw new Error(answer.issues.map(({ text }) => text).join('; '));
    return answer.value.accessToken;
  };
  return {
    gateway,
    dataFolder,
    council,
    equipment,
    community,
    token,
    request: async (client, path, init = {}) => {
      const bearer = tokens.get(client) ?? (await token(client));
      tokens.set(client, bearer);
      const headers = new Headers(init.headers);
      headers.set('Authorization', `Bearer ${bearer}`);
      return fetch(`${gateway.baseUrl}${path}`, { ...init, headers });
    },
    stop: async () => {
      await gateway.stop();
      await Promise.all([council.close(), equipment.close(), community.close(), database?.drop()]);
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

/** Asks again until the answer is there: for what happens after an answer, such as a delivery. */
export async function eventually<T>(look: () => T | undefined | Promise<T | undefined>, withinMs = 10_000): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((settle) => setTimeout(settle, 20));
  }
}
