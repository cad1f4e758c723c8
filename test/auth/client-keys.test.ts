import { mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientKeys, createClientKeys } from '../../src/auth/client-keys.ts';
import { isKeySetUrl } from '../../src/auth/fetch-key-set.ts';
import type { Client } from '../../src/config/config.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { makeKey, type TestKey } from './smart-setup.ts';

let nowMs = 0;
let faults: string[] = [];
let clientKeys: ClientKeys;
beforeEach(() => {
  nowMs = Date.parse('2026-03-02T09:00:00Z');
  faults = [];
  clientKeys = createClientKeys({
    clock: { now: () => new Date(nowMs) },
    log: { ...silentLog, warn: (_event, fields) => faults.push(fields?.fault ?? '') },
  });
});

const client = (keys: Client['keys']): Client => ({
  id: 'stockport-gp',
  partner: 'hazel-grove-surgery',
  scopes: [],
  keys,
});

async function find(from: Client, kid: string): Promise<string> {
  const answer = await clientKeys.find(from, kid, 'ES384');
  return answer.ok ? 'found' : answer.reason;
}

describe('Client keys in a file', () => {
  let folder: string;
  let file: string;
  let one: TestKey;
  let two: TestKey;
  let ofFile: Client;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ginnel-keys-'));
    file = join(folder, 'jwks.json');
    ofFile = client({ kind: 'file', file });
    one = await makeKey('ES384', 'one');
    two = await makeKey('ES384', 'two');
    await writeFile(file, JSON.stringify({ keys: [one.publicJwk] }));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('are found by kid', async () => {
    expect(await find(ofFile, 'one')).toBe('found');
    expect(await find(ofFile, 'two')).toBe('key-unknown');
  });

  it('are read again when the file has changed, and not otherwise', async () => {
    const first = await clientKeys.find(ofFile, 'one', 'ES384');
    expect(await clientKeys.find(ofFile, 'one', 'ES384')).toEqual(first);
    await writeFile(`${file}.new`, JSON.stringify({ keys: [two.publicJwk] }));
    await rename(`${file}.new`, file);
    expect(await find(ofFile, 'one')).toBe('key-unknown');
    expect(await find(ofFile, 'two')).toBe('found');
  });

  it('are gone with the file, and back with it', async () => {
    expect(await find(ofFile, 'one')).toBe('found');
    await unlink(file);
    expect(await find(ofFile, 'one')).toBe('keys-unavailable');
    await writeFile(file, JSON.stringify({ keys: [one.publicJwk] }));
    expect(await find(ofFile, 'one')).toBe('found');
  });

  it('are not used when the file holds a private key, and the log says why without the key', async () => {
    await writeFile(file, JSON.stringify({ keys: [{ ...one.publicJwk, d: 'very-secret' }] }));
    expect(await find(ofFile, 'one')).toBe('keys-unavailable');
    expect(faults).toEqual(['KeySetError holds-a-private-key']);
  });

  it('are not used when the file is too large', async () => {
    await writeFile(file, JSON.stringify({ keys: [one.publicJwk], padding: 'x'.repeat(LIMITS.jwksBytesMax) }));
    expect(await find(ofFile, 'one')).toBe('keys-unavailable');
  });
});

describe('Client keys at an address', () => {
  let server: Server;
  let url: string;
  let requests: string[];
  let answer: RequestListener;
  let key: TestKey;
  let ofUrl: Client;
  beforeEach(async () => {
    requests = [];
    key = await makeKey('ES384', 'one');
    answer = (_request, response) => response.end(JSON.stringify({ keys: [key.publicJwk] }));
    server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url} ${request.headers.accept}`);
      answer(request, response);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    ofUrl = client({ kind: 'url', url });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  it('are fetched by GET with Accept: application/json, once, and kept for five minutes', async () => {
    expect(await find(ofUrl, 'one')).toBe('found');
    nowMs += 299_000;
    expect(await find(ofUrl, 'one')).toBe('found');
    expect(requests).toEqual(['GET /jwks application/json']);
    nowMs += 1_000;
    expect(await find(ofUrl, 'one')).toBe('found');
    expect(requests).toHaveLength(2);
  });

  it.each([
    ['max-age=60', 60],
    ['no-store', 0],
    ['no-cache', 0],
    ['public, MAX-AGE=60', 60],
    ['max-age=86400', 300],
    ['max-age=nonsense', 300],
  ])('SHALL NOT be kept for longer than Cache-Control says: %s', async (cacheControl, seconds) => {
    answer = (_request, response) =>
      response.setHeader('Cache-Control', cacheControl).end(JSON.stringify({ keys: [key.publicJwk] }));
    await find(ofUrl, 'one');
    if (seconds > 0) {
      nowMs += seconds * 1000 - 1;
      await find(ofUrl, 'one');
      expect(requests).toHaveLength(1);
      nowMs += 1;
    }
    await find(ofUrl, 'one');
    expect(requests).toHaveLength(2);
  });

  it('are fetched again for an unknown kid, which may be a new key, but only once in a while', async () => {
    await find(ofUrl, 'one');
    nowMs += LIMITS.jwksCooldownMs;
    const added = await makeKey('ES384', 'two');
    answer = (_request, response) => response.end(JSON.stringify({ keys: [key.publicJwk, added.publicJwk] }));
    expect(await find(ofUrl, 'two')).toBe('found');
    expect(requests).toHaveLength(2);
    for (let count = 0; count < 20; count += 1) expect(await find(ofUrl, `guess-${count}`)).toBe('key-unknown');
    expect(requests).toHaveLength(2);
  });

  it('are fetched once for many who ask at once', async () => {
    expect(await Promise.all(Array.from({ length: 10 }, () => find(ofUrl, 'one')))).toEqual(Array(10).fill('found'));
    expect(requests).toHaveLength(1);
  });

  it('still serve for their time when the address is down and somebody asks for an unknown kid', async () => {
    await find(ofUrl, 'one');
    nowMs += LIMITS.jwksCooldownMs;
    answer = (_request, response) => response.writeHead(500).end();
    expect(await find(ofUrl, 'two')).toBe('key-unknown');
    expect(await find(ofUrl, 'one')).toBe('found');
    nowMs += LIMITS.jwksCacheMs;
    expect(await find(ofUrl, 'one')).toBe('keys-unavailable');
  });

  it('are asked for again after a failure, but only once in a while', async () => {
    answer = (_request, response) => response.writeHead(503).end();
    expect(await find(ofUrl, 'one')).toBe('keys-unavailable');
    expect(await find(ofUrl, 'one')).toBe('keys-unavailable');
    expect(requests).toHaveLength(1);
    answer = (_request, response) => response.end(JSON.stringify({ keys: [key.publicJwk] }));
    nowMs += LIMITS.jwksCooldownMs;
    expect(await find(ofUrl, 'one')).toBe('found');
  });

  it('are not taken from where a redirect leads', async () => {
    answer = (request, response) => {
      if (request.url === '/elsewhere') response.end(JSON.stringify({ keys: [key.publicJwk] }));
      else response.writeHead(302, { Location: '/elsewhere' }).end();
    };
    expect(await find(ofUrl, 'one')).toBe('keys-unavailable');
    expect(requests).toHaveLength(1);
  });

  it('are not taken from an answer that is too large, whether it says so or not', async () => {
    const body = JSON.stringify({ keys: [key.publicJwk], padding: 'x'.repeat(LIMITS.jwksBytesMax) });
    answer = (_request, response) => {
      response.write(body.slice(0, 1000));
      response.end(body.slice(1000));
    };
    expect(await find(ofUrl, 'one')).toBe('keys-unavailable');
    expect(faults).toEqual(['FetchKeySetError too-large']);
  });

  it('are given up on when the answer drips', async () => {
    answer = (_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(drip));
    };
    const began = performance.now();
    expect(await find(ofUrl, 'one')).toBe('keys-unavailable');
    expect(performance.now() - began).toBeLessThan(LIMITS.jwksTimeoutMs + 1_500);
  });

  it('are not asked for over plain http from another machine', async () => {
    expect(await find(client({ kind: 'url', url: 'http://client.example/jwks' }), 'one')).toBe('keys-unavailable');
    expect(faults).toEqual(['FetchKeySetError address-refused']);
  });

  it.each([
    ['https://client.example/jwks', true],
    ['http://localhost:9000/jwks', true],
    ['http://127.0.0.1/jwks', true],
    ['http://[::1]:9000/jwks', true],
    ['http://2130706433/jwks', true],
    ['http://client.example/jwks', false],
    ['http://127.0.0.1.evil.example/jwks', false],
    ['http://localhost.evil.example/jwks', false],
    ['http://10.0.0.1/jwks', false],
    ['https://user:secret@client.example/jwks', false],
    ['file:///etc/passwd', false],
    ['nonsense', false],
  ])('may come from %s: %s', (address, expected) => {
    expect(isKeySetUrl(address)).toBe(expected);
  });
});
