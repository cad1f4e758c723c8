import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildAuditEvent } from '../../src/audit/event.ts';
import { loadOrCreateDemoKey } from '../../src/auth/demo-clients.ts';
import { openSmart } from '../../src/auth/open-smart.ts';
import { describeSmart, smartEndpoints } from '../../src/auth/smart-configuration.ts';
import type { TokenVerifier } from '../../src/auth/verify-token.ts';
import { runToken } from '../../src/cli/token.ts';
import type { Client, Partner } from '../../src/config/config.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';

let folder: string;
let server: Server;
let port: number;
let store: Store;
let verify: TokenVerifier['verify'];

/** A token endpoint over HTTP that knows itself by another name than it is reached by, as behind a port map. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ginnel-token-'));
  await loadOrCreateDemoKey(folder, 'stockport-gp');
  const file = join(folder, 'demo', 'stockport-gp.jwks.json');
  const partner: Partner = { name: 'gp', title: 'GP', organisation: undefined, channels: new Map() };
  const client: Client = {
    id: 'stockport-gp',
    partner: 'gp',
    scopes: ['system/CarePlan.rs'],
    keys: { kind: 'demo', file },
  };
  const endpoints = smartEndpoints('http://gateway.example:8080');
  const partners = new Map([['gp', partner]]);
  const clients = new Map([[client.id, client]]);
  store = openSqliteStore({ folder });
  const smart = openSmart({
    config: { clients, partners, issuers: new Map(), dataFolder: folder },
    endpoints,
    store,
    definitions: openDefinitions(),
    buildAudit: (input) => buildAuditEvent(input, { baseUrl: endpoints.issuer, partners }),
    clock: systemClock,
    log: silentLog,
  });
  verify = smart.verifier.verify;
  const endpoint = smart.tokenEndpoint;
  server = createServer(async (request, response) => {
    if (request.url === '/fhir/.well-known/smart-configuration') {
      response.end(JSON.stringify(describeSmart(endpoints, [])));
      return;
    }
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const answer = await endpoint({ contentType: request.headers['content-type'], body, correlationId: 'c' });
    response.writeHead(answer.status, { ...answer.headers }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  await new Promise((done) => server.close(done));
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function run(argv: readonly string[], env: NodeJS.ProcessEnv = { GINNEL_DATA: folder, PORT: String(port) }) {
  let out = '';
  let err = '';
  const code = await runToken(argv, {
    env,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

describe('ginnel token', () => {
  it('prints an access token alone, which the gateway takes', async () => {
    const { code, out, err } = await run(['stockport-gp']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\n$/);
    expect(await verify(`Bearer ${out.trim()}`)).toMatchObject({
      client: 'stockport-gp',
      scopes: ['system/CarePlan.rs'],
    });
  });

  it('asks for the scope that is named', async () => {
    const { out } = await run(['stockport-gp', '--scope', 'system/CarePlan.r']);
    expect(await verify(`Bearer ${out.trim()}`)).toMatchObject({ scopes: ['system/CarePlan.r'] });
  });

  it('finds the gateway by --url, then by gateway.json, then by PORT', async () => {
    const here = `http://127.0.0.1:${port}`;
    expect((await run(['stockport-gp', '--url', `${here}/`], { GINNEL_DATA: folder, PORT: '1' })).code).toBe(0);
    await writeFile(join(folder, 'gateway.json'), JSON.stringify({ baseUrl: here, pid: 1 }));
    expect((await run(['stockport-gp'], { GINNEL_DATA: folder, PORT: '1' })).code).toBe(0);
    expect((await run(['stockport-gp', '--url', 'http://127.0.0.1:1'])).code).toBe(1);
  });

  it('says what to do when there is no key for the client', async () => {
    const { code, out, err } = await run(['nobody']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('Start the gateway');
  });

  it('does not look for keys outside the data folder', async () => {
    const { code, err } = await run(['../demo/stockport-gp']);
    expect(code).toBe(1);
    expect(err).toContain('small letters');
  });

  it('says what to do when no gateway runs', async () => {
    const { code, out, err } = await run(['stockport-gp'], { GINNEL_DATA: folder, PORT: '1' });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('No gateway answers at http://localhost:1. Start it (npm start)');
  });

  it('passes on why the gateway refuses', async () => {
    const { code, out, err } = await run(['stockport-gp', '--scope', 'system/Patient.r']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('invalid_scope');
  });

  it('asks for a client when none is named, or more than one', async () => {
    expect((await run([])).code).toBe(2);
    expect((await run(['one', 'two'])).code).toBe(2);
  });
});

describe('A demo client’s key', () => {
  it('is made once; the private half is readable by its owner alone', async () => {
    const first = await loadOrCreateDemoKey(folder, 'stockport-gp');
    const second = await loadOrCreateDemoKey(folder, 'stockport-gp');
    expect(second.kid).toBe(first.kid);
    const { mode } = await stat(join(folder, 'demo', 'stockport-gp.private.json'));
    expect(mode & 0o777).toBe(0o600);
    expect((await readdir(join(folder, 'demo'))).sort()).toEqual([
      'stockport-gp.jwks.json',
      'stockport-gp.private.json',
    ]);
  });

  it('publishes its public half alone, and again when that file is gone', async () => {
    const file = join(folder, 'demo', 'stockport-gp.jwks.json');
    await rm(file);
    const { kid } = await loadOrCreateDemoKey(folder, 'stockport-gp');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      keys: [{ kty: 'EC', crv: 'P-384', x: expect.any(String), y: expect.any(String), kid, alg: 'ES384', use: 'sig' }],
    });
  });
});
