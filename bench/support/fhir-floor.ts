import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { type FloorStore, openPostgresFloorStore, openSqliteFloorStore } from './floor-stores.ts';
import type { Prepared } from './prepare.ts';

/**
 * The floors of `bench/fhir.ts`, each a process of its own. The fair one is express 5, a token that is verified, and the
 * very rows that Ginnel writes and reads for the same request: what a careful server without FHIR would cost. The bare
 * one is node:http, JSON parsed and printed, and one INSERT into one table or one SELECT from it.
 */
export interface FhirFloorOrder {
  readonly kind: 'fair floor' | 'bare floor';
  /** The folder of a SQLite store, or the address of a PostgreSQL database. */
  readonly address: string;
  readonly templates: Prepared['templates'];
}

interface Floor {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly token: string;
}

process.once('message', async ({ kind, address, templates }: FhirFloorOrder) => {
  const bare = kind === 'bare floor';
  const store = address.startsWith('postgres:')
    ? await openPostgresFloorStore(address, templates, bare)
    : openSqliteFloorStore(address, templates, bare);
  const { answer, token } = bare ? bareFloor(store) : await fairFloor(store);
  const server = createServer(answer);
  server.listen(0, '127.0.0.1', () => {
    const listening = server.address();
    process.send?.({ httpPort: typeof listening === 'object' ? listening?.port : 0, token });
  });
});

async function fairFloor(store: FloorStore): Promise<Floor> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA');
  const token = await new SignJWT({ scope: 'system/*.cruds', key: (await exportJWK(publicKey)).kty })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuer('bench')
    .setExpirationTime('10m')
    .sign(privateKey);
  // One that was verified need not be verified again until it expires.
  const verified = new Map<string, number>();
  const checkToken = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const given = request.headers.authorization?.slice('Bearer '.length) ?? '';
    const until = verified.get(given);
    if (until !== undefined && until > Date.now()) return next();
    try {
      const { payload } = await jwtVerify(given, publicKey, { issuer: 'bench' });
      verified.set(given, (payload.exp ?? 0) * 1_000);
      next();
    } catch {
      response.status(401).end();
    }
  };
  const workOf = (request: Request): string => String(request.headers['x-work']);
  const sendBundle = (response: Response, contents: readonly string[]): void => {
    const entries = contents.map((content) => `{"resource":${content}}`).join(',');
    response.type('application/fhir+json').send(`{"resourceType":"Bundle","entry":[${entries}]}`);
  };
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(checkToken);
  const json = express.json({ type: () => true, limit: '10mb' });
  app.post('/fhir', json, async (request, response) => {
    const { entry } = request.body as { entry: unknown[] };
    await store.writeRows(workOf(request));
    sendCreated(response, entry.length);
  });
  app.post('/fhir/:type', json, async (request, response) => {
    await store.writeRows(workOf(request));
    response.status(201).type('application/fhir+json').send(JSON.stringify(request.body));
  });
  app.get('/fhir/:type/:id', async (request, response) => {
    const content = await store.read(request.params.type, request.params.id);
    await store.writeRows(workOf(request));
    response.type('application/fhir+json').send(content);
  });
  app.get('/fhir/:type', async (request, response) => {
    const contents = await store.searchByPatient(request.params.type, String(request.query.patient));
    await store.writeRows(workOf(request));
    sendBundle(response, contents);
  });
  return { answer: app, token };
}

function bareFloor(store: FloorStore): Floor {
  const send = (response: ServerResponse, status: number, text: string): void => {
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = request.url ?? '';
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { entry?: { resource: unknown }[] };
      const resources = body.entry?.map(({ resource }) => resource) ?? [body];
      await store.insertBare(resources.map((resource) => JSON.stringify(resource)));
      if (body.entry === undefined) send(response, 201, JSON.stringify(body));
      else sendCreated(response, resources.length);
      return;
    }
    const [path = '', query] = url.split('?');
    const [, , type = '', id = ''] = path.split('/');
    if (query === undefined) return send(response, 200, JSON.stringify(JSON.parse(await store.readBare(id))));
    const found = await store.searchBare(type, query.slice('patient='.length));
    const entry = found.map((content) => ({ resource: JSON.parse(content) as unknown }));
    send(response, 200, JSON.stringify({ resourceType: 'Bundle', entry }));
  };
  return { answer: (request, response) => void answer(request, response), token: 'none' };
}

/** The answer to a transaction of so many creates. */
function sendCreated(response: ServerResponse, count: number): void {
  const entry = Array.from({ length: count }, () => ({ response: { status: '201' } }));
  const text = JSON.stringify({ resourceType: 'Bundle', type: 'transaction-response', entry });
  response.writeHead(200, { 'Content-Type': 'application/fhir+json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
