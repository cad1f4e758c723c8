import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutAuth, OutChannel, SecretPlace } from '../../src/config/config.ts';
import { checkCredentials } from '../../src/delivery/check-channels.ts';
import { createCredentials } from '../../src/delivery/credentials.ts';
import { createOutgoingHttp, type OutgoingHttp } from '../../src/delivery/outgoing-http.ts';
import { sendProved } from '../../src/delivery/send-proved.ts';
import { makeAuthority, makeCertificate, writeCertificate } from '../support/certificates.ts';
import { makeClientKey } from '../support/own-gateway.ts';

interface Seen {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly subject: string;
}

/** A partner with a token endpoint. A test changes what it answers. */
let server: Server;
let url: string;
let seen: Seen[];
let answers: Record<string, () => { status?: number; body?: unknown }>;
let folder: string;
let outgoing: OutgoingHttp;
let nowMs: number;

const secure = { authority: makeAuthority('Partner authority') };
const partnerCertificate = makeCertificate([['CN', 'localhost']], secure.authority);
const ours = makeCertificate(
  [
    ['O', 'Ginnel'],
    ['CN', 'gateway'],
  ],
  secure.authority,
);

async function start(tls = false): Promise<void> {
  seen = [];
  const listener = async (request: IncomingMessage, response: import('node:http').ServerResponse): Promise<void> => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const path = request.url ?? '';
    const subject = tls ? String((request.socket as TLSSocket).getPeerCertificate().subject?.CN) : '';
    seen.push({ path, headers: request.headers, body, subject });
    const answer = answers[path]?.() ?? {};
    response.writeHead(answer.status ?? 200).end(JSON.stringify(answer.body ?? {}));
  };
  server = tls
    ? createSecureServer(
        {
          cert: partnerCertificate.certificate,
          key: partnerCertificate.key,
          ca: secure.authority.certificate,
          requestCert: true,
        },
        listener,
      )
    : createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(async () => {
  nowMs = Date.parse('2026-03-02T09:00:00Z');
  folder = mkdtempSync(join(tmpdir(), 'ginnel-secrets-'));
  answers = {
    '/token': () => ({ body: { access_token: `t-${tokensAsked()}`, token_type: 'bearer', expires_in: 300 } }),
  };
  outgoing = createOutgoingHttp();
  await start();
});
afterEach(async () => {
  outgoing.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true, force: true });
});

const tokensAsked = (): number => seen.filter(({ path }) => path === '/token').length;
const channelWith = (changes: Partial<OutChannel>): OutChannel => ({
  ...{ direction: 'out', name: 'referrals', transport: 'http', format: 'json', mapping: 'x', privateAddress: true },
  url: `${url}/referrals`,
  ...changes,
});

/** A sender with a memory of its own. */
function sender() {
  const parts = { sendHttp: outgoing.sendHttp, clock: { now: () => new Date(nowMs) }, timeoutMs: 2_000 };
  const credentials = createCredentials(parts);
  return (channel: OutChannel) => {
    const request = { headers: {}, body: Buffer.from('{}'), timeoutMs: 2_000, signal: new AbortController().signal };
    return sendProved(request, channel, { sendHttp: outgoing.sendHttp, credentials });
  };
}

const secretFile = (text: string, mode = 0o600): string => {
  const file = join(folder, 'secret');
  writeFileSync(file, text, { mode });
  chmodSync(file, mode);
  return file;
};
const fromEnv = (value: string | undefined): SecretPlace => ({
  kind: 'env',
  name: 'PARTNER_SECRET',
  value: () => value,
});

async function smartAuth(): Promise<{ auth: OutAuth; jwks: JSONWebKeySet }> {
  const { jwk, jwks } = await makeClientKey();
  const keyFile = join(folder, 'key.json');
  writeFileSync(keyFile, jwk, { mode: 0o600 });
  const auth: OutAuth = {
    kind: 'smart',
    tokenUrl: `${url}/token`,
    clientId: 'ginnel',
    keyFile,
    scope: 'system/Task.c',
  };
  return { auth, jwks: JSON.parse(jwks) as JSONWebKeySet };
}

describe('Ginnel as a SMART client of a partner', () => {
  it('signs an assertion with its key for that partner, and sends the token it was given', async () => {
    const { auth, jwks } = await smartAuth();
    expect(await sender()(channelWith({ auth }))).toMatchObject({ ok: true, value: { status: 200 } });
    const form = new URLSearchParams(seen[0]?.body);
    const assertion = form.get('client_assertion') ?? '';
    const options = { audience: `${url}/token`, issuer: 'ginnel', subject: 'ginnel', algorithms: ['ES384'] };
    const { payload } = await jwtVerify(assertion, createLocalJWKSet(jwks), {
      ...options,
      currentDate: new Date(nowMs),
    });
    expect([payload.jti, decodeProtectedHeader(assertion).typ]).toEqual([expect.any(String), 'JWT']);
    expect(form.get('scope')).toBe('system/Task.c');
    expect(seen[1]?.headers.authorization).toBe('Bearer t-1');
  });

  it('keeps a token until it is near its end, and asks once however many wait', async () => {
    const { auth } = await smartAuth();
    const channel = channelWith({ auth });
    const send = sender();
    await Promise.all([send(channel), send(channel), send(channel)]);
    expect(tokensAsked()).toBe(1);
    nowMs += 269_000;
    await send(channel);
    expect(tokensAsked()).toBe(1);
    nowMs += 2_000;
    await send(channel);
    expect(tokensAsked()).toBe(2);
  });

  it('replaces a token that the partner takes no more, once, and then gives the delivery another time', async () => {
    const { auth } = await smartAuth();
    const channel = channelWith({ auth });
    const send = sender();
    await send(channel);
    answers['/referrals'] = () => ({ status: seen.at(-1)?.headers.authorization === 'Bearer t-1' ? 401 : 200 });
    expect(await send(channel)).toMatchObject({ ok: true, value: { status: 200 } });
    expect(tokensAsked()).toBe(2);
    answers['/referrals'] = () => ({ status: 401 });
    const refused = await send(channel);
    expect(refused.issues).toMatchObject([{ code: 'delivery-credentials-unusable' }]);
    expect(tokensAsked()).toBe(3);
  });

  it('gives each channel a token of its own: none leaves for another address', async () => {
    const { auth } = await smartAuth();
    const send = sender();
    await send(channelWith({ auth }));
    await send(channelWith({ auth, url: `${url}/other` }));
    expect(seen.filter(({ path }) => path !== '/token').map(({ headers }) => headers.authorization)).toEqual([
      'Bearer t-1',
      'Bearer t-2',
    ]);
  });

  it.each([
    ['an error', () => ({ status: 400, body: { error: 'invalid_client' } })],
    ['no token', () => ({ body: { token_type: 'bearer' } })],
    ['a token of another type', () => ({ body: { access_token: 'x', token_type: 'mac', expires_in: 300 } })],
    ['a token that would be two headers', () => ({ body: { access_token: 'x\r\nX-Evil: 1', token_type: 'bearer' } })],
  ])('sends nothing on %s, and says so without a secret', async (_what, answer) => {
    const { auth } = await smartAuth();
    answers['/token'] = answer;
    const sent = await sender()(channelWith({ auth }));
    expect(sent.issues).toMatchObject([{ code: 'delivery-credentials-unusable' }]);
    expect(JSON.stringify(sent.issues)).not.toContain('eyJ');
    expect(seen.map(({ path }) => path)).toEqual(['/token']);
  });
});

describe('Other ways to show a partner who we are', () => {
  it('HTTP Basic, with the password from a file that can be replaced while we run', async () => {
    const file = secretFile('first\n');
    const channel = channelWith({ auth: { kind: 'basic', user: 'ginnel', password: { kind: 'file', file } } });
    const send = sender();
    await send(channel);
    secretFile('sécond');
    await send(channel);
    const pairs = seen.map(({ headers }) =>
      Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString('utf8'),
    );
    expect(pairs).toEqual(['ginnel:first', 'ginnel:sécond']);
  });

  it('a key in a header, from the environment', async () => {
    await sender()(channelWith({ auth: { kind: 'api-key', header: 'Ocp-Apim-Key', secret: fromEnv('abc123') } }));
    expect(seen[0]?.headers['ocp-apim-key']).toBe('abc123');
  });

  it.each([
    ['is not set', fromEnv(undefined), 'PARTNER_SECRET'],
    ['would be two headers', fromEnv('a\r\nX-Evil: 1'), 'no header'],
    ['is in no file', { kind: 'file', file: '/nowhere/secret' } as const, '/nowhere/secret'],
  ])('sends nothing where the secret %s', async (_what, secret, told) => {
    const sent = await sender()(channelWith({ auth: { kind: 'api-key', header: 'X-Key', secret } }));
    expect(sent.issues).toMatchObject([{ code: 'delivery-credentials-unusable', text: expect.stringContaining(told) }]);
    expect(seen).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('refuses a secret that others can read', async () => {
    const secret: SecretPlace = { kind: 'file', file: secretFile('s3cret', 0o644) };
    const sent = await sender()(channelWith({ auth: { kind: 'api-key', header: 'X-Key', secret } }));
    expect(sent.issues[0]?.text).toContain('chmod 600');
    expect(JSON.stringify(sent.issues)).not.toContain('s3cret');
  });

  it('mutual TLS: our certificate for this channel, and the partner’s own authority', async () => {
    await new Promise((done) => server.close(done));
    await start(true);
    const files = writeCertificate(ours, secure.authority);
    const send = sender();
    expect(await send(channelWith({ tls: files }))).toMatchObject({ ok: true });
    expect(seen[0]?.subject).toBe('gateway');
    // Without the authority the partner is nobody we know.
    expect((await send(channelWith({}))).issues).toMatchObject([{ code: 'delivery-unreachable' }]);
    expect(seen).toHaveLength(1);
  });
});

describe('ginnel check, of what proves us', () => {
  const check = (channel: OutChannel) => {
    const partner = {
      name: 'council',
      title: 'Council',
      organisation: undefined,
      channels: new Map([['out/x', channel]]),
    };
    const http = { host: '', port: 0, origins: [] };
    return checkCredentials({ partners: new Map([['council', partner]]), http, mllp: { host: '', port: 0 } });
  };

  it('finds what cannot be read, and credentials that would go over a plain connection', async () => {
    const { auth } = await smartAuth();
    expect(check(channelWith({ auth }))).toEqual([]);
    expect(check(channelWith({ auth, url: 'http://partner.example/in' }))).toMatchObject([{ at: 'council/referrals' }]);
    expect(check(channelWith({ auth: { ...auth, tokenUrl: 'http://partner.example/t' } as OutAuth }))).toHaveLength(1);
    const missing: OutAuth = { kind: 'basic', user: 'u', password: fromEnv('') };
    expect(check(channelWith({ auth: missing }))).toMatchObject([
      { code: 'config-invalid', text: expect.stringContaining('PARTNER_SECRET') },
    ]);
    const nowhere = { certificate: '/nowhere/c.pem', key: undefined, authority: undefined };
    expect(check(channelWith({ tls: nowhere }))).toMatchObject([{ code: 'config-missing-file' }]);
  });
});
