import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import nock from 'nock';
import { afterEach, describe, expect, it } from 'vitest';
import type { LookupAll } from '../../src/delivery/address-guard.ts';
import { createOutgoingHttp, type OutgoingHttp, type OutgoingRequest } from '../../src/delivery/outgoing-http.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { type Listening, listen } from './listening.ts';

// Only one test wants its requests intercepted; the others go over real sockets.
nock.restore();

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(listener: RequestListener): Promise<Listening> {
  const server = await listen(listener);
  cleanups.push(server.close);
  return server;
}

function outgoing(lookup?: LookupAll): OutgoingHttp {
  const http = createOutgoingHttp(lookup === undefined ? {} : { lookup });
  cleanups.push(http.close);
  return http;
}

function post(url: string, rest: Partial<OutgoingRequest> = {}): OutgoingRequest {
  const body = Buffer.from('<referral/>');
  return { url, headers: { 'Content-Type': 'application/xml' }, body, timeoutMs: 2_000, privateAddress: true, ...rest };
}

/** Sends and returns the only issue's code. */
async function refusalOf(http: OutgoingHttp, request: OutgoingRequest): Promise<string | undefined> {
  const result = await http.sendHttp(request);
  expect(result.ok).toBe(false);
  return result.issues[0]?.code;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('outgoing HTTP', () => {
  it('posts the bytes and headers as given, and hands back status, headers and body', async () => {
    const seen: string[] = [];
    const server = await serve(async (request, response) => {
      seen.push(`${request.method} ${request.url}`, request.headers['content-type'] ?? '', await bodyOf(request));
      response.writeHead(202, { 'X-Receipt': 'r1' }).end('thank you');
    });
    const result = await outgoing().sendHttp(post(`${server.url}/in?a=1`));
    expect(seen).toEqual(['POST /in?a=1', 'application/xml', '<referral/>']);
    if (!result.ok) throw new Error('was not sent');
    expect(result.value.status).toBe(202);
    expect(result.value.headers.get('x-receipt')).toBe('r1');
    expect(Buffer.from(result.value.body).toString()).toBe('thank you');
    expect(result.value.bodyComplete).toBe(true);
  });

  it('keeps the connection for the next request', async () => {
    const ports = new Set<number | undefined>();
    const server = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume().on('end', () => response.end('ok'));
    });
    const http = outgoing();
    for (let at = 0; at < 3; at += 1) expect((await http.sendHttp(post(server.url))).ok).toBe(true);
    expect(ports.size).toBe(1);
  });

  it('hands back an error status as an answer, also through an interceptor that stands in for a far partner', async () => {
    nock.activate();
    nock('http://partner.example').post('/in').reply(503, 'later', { 'Retry-After': '7' });
    cleanups.push(() => nock.restore());
    const result = await outgoing().sendHttp(post('http://partner.example/in', { privateAddress: false }));
    expect(result.ok && [result.value.status, result.value.headers.get('retry-after')]).toEqual([503, '7']);
  });

  it('does not follow a redirect', async () => {
    let elsewhere = 0;
    const target = await serve((_, response) => {
      elsewhere += 1;
      response.end();
    });
    const server = await serve((_, response) => response.writeHead(307, { Location: target.url }).end());
    const result = await outgoing().sendHttp(post(server.url));
    expect(result.ok && result.value.status).toBe(307);
    expect(elsewhere).toBe(0);
  });

  it('does not use a proxy of the environment', async () => {
    let proxied = 0;
    const proxy = await serve((_, response) => {
      proxied += 1;
      response.end();
    });
    const server = await serve((_, response) => response.writeHead(201).end());
    const before = process.env.HTTP_PROXY;
    process.env.HTTP_PROXY = proxy.url;
    cleanups.push(() => {
      if (before === undefined) delete process.env.HTTP_PROXY;
      else process.env.HTTP_PROXY = before;
    });
    const result = await outgoing().sendHttp(post(server.url));
    expect(result.ok && result.value.status).toBe(201);
    expect(proxied).toBe(0);
  });

  it('gives up on a partner that never answers, within the deadline', async () => {
    const server = await serve(() => {});
    const startedAt = performance.now();
    expect(await refusalOf(outgoing(), post(server.url, { timeoutMs: 200 }))).toBe('delivery-timeout');
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  it('gives up on headers that drip, within the deadline', async () => {
    const server = createTcpServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
      const timer = setInterval(() => socket.write('a'), 20);
      socket.on('close', () => clearInterval(timer)).on('error', () => {});
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    cleanups.push(() => server.close());
    const startedAt = performance.now();
    expect(await refusalOf(outgoing(), post(`http://127.0.0.1:${port}`, { timeoutMs: 200 }))).toBe('delivery-timeout');
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  it('is not held by a body that drips: the status has been said, the body is cut at the deadline', async () => {
    let timer: NodeJS.Timeout | undefined;
    const server = await serve((_, response) => {
      response.writeHead(200);
      timer = setInterval(() => response.write('.'), 20);
    });
    cleanups.push(() => clearInterval(timer));
    const startedAt = performance.now();
    const result = await outgoing().sendHttp(post(server.url, { timeoutMs: 200 }));
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect(result.ok && [result.value.status, result.value.bodyComplete]).toEqual([200, false]);
  });

  it('cuts an oversize answer at its bound', async () => {
    const server = await serve((_, response) => response.end(Buffer.alloc(LIMITS.deliveryAnswerBytesMax * 8)));
    const result = await outgoing().sendHttp(post(server.url));
    expect(result.ok && [result.value.body.length, result.value.bodyComplete]).toEqual([
      LIMITS.deliveryAnswerBytesMax,
      false,
    ]);
  });

  it('takes an answer of exactly the bound as whole', async () => {
    const server = await serve((_, response) => response.end(Buffer.alloc(LIMITS.deliveryAnswerBytesMax)));
    const result = await outgoing().sendHttp(post(server.url));
    expect(result.ok && result.value.bodyComplete).toBe(true);
  });

  it('does not unpack a compressed answer', async () => {
    const server = await serve((_, response) =>
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('not gzip'),
    );
    const result = await outgoing().sendHttp(post(server.url));
    expect(result.ok && Buffer.from(result.value.body).toString()).toBe('not gzip');
  });

  it('reports a partner that is not there, and one that hangs up, as unreachable with the system’s code', async () => {
    const gone = await listen(() => {});
    await gone.close();
    const result = await outgoing().sendHttp(post(gone.url));
    expect(result.issues[0]).toMatchObject({
      code: 'delivery-unreachable',
      text: expect.stringContaining('ECONNREFUSED'),
    });
    const rude = await serve((request) => request.socket.destroy());
    expect(await refusalOf(outgoing(), post(rude.url))).toBe('delivery-unreachable');
  });

  it('reports a request given up by its signal as a stop, not as the partner’s failure', async () => {
    const server = await serve(() => {});
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    expect(await refusalOf(outgoing(), post(server.url, { signal: stop.signal }))).toBe('shutting-down');
  });

  it('refuses a URL that is not http or https', async () => {
    for (const url of ['ftp://partner.example/', 'file:///etc/passwd', 'partner', '', 'javascript:1', 'http://']) {
      expect([url, await refusalOf(outgoing(), post(url))]).toEqual([url, 'delivery-address-refused']);
    }
  });
});

describe('outgoing HTTP to loopback and private addresses', () => {
  const spellings = ['127.0.0.1', '2130706433', '[::ffff:127.0.0.1]', '0x7f.1', '0177.0.0.1', '127.1', 'localhost'];

  it.each(spellings)('refuses %s unless the channel allows it', async (host) => {
    let connections = 0;
    const server = await serve((_: IncomingMessage, response: ServerResponse) => {
      connections += 1;
      response.end();
    });
    const url = `http://${host}:${server.port}/`;
    const http = outgoing();
    expect(await refusalOf(http, post(url, { privateAddress: false }))).toBe('delivery-address-refused');
    expect(connections).toBe(0);
    expect((await http.sendHttp(post(url))).ok).toBe(true);
    // A connection that is kept for a channel that may is not lent to one that may not.
    expect(await refusalOf(http, post(url, { privateAddress: false }))).toBe('delivery-address-refused');
    expect(connections).toBe(1);
  });

  it('refuses them over https as well', async () => {
    expect(await refusalOf(outgoing(), post('https://127.0.0.1:1/', { privateAddress: false }))).toBe(
      'delivery-address-refused',
    );
  });

  it('refuses metadata addresses even where private ones are allowed', async () => {
    for (const host of ['169.254.169.254', '[::ffff:a9fe:a9fe]', '0.0.0.0', '[fe80::1]']) {
      expect(await refusalOf(outgoing(), post(`http://${host}/`))).toBe('delivery-address-refused');
    }
  });

  it('refuses a name that leads to a private address, also when only one of its addresses does', async () => {
    const lookup: LookupAll = (_, __, callback) =>
      callback(null, [
        { address: '51.140.0.1', family: 4 },
        { address: '10.0.0.7', family: 4 },
      ]);
    expect(await refusalOf(outgoing(lookup), post('http://partner.example/', { privateAddress: false }))).toBe(
      'delivery-address-refused',
    );
  });

  it('is not fooled by a name that changes its answer between two connections', async () => {
    let arrived = 0;
    const server = await serve((_, response) => {
      arrived += 1;
      response.end();
    });
    let asked = 0;
    const lookup: LookupAll = (_, __, callback) => {
      asked += 1;
      // Public the first time it is asked, then loopback: the one answer that is checked is the one that is used.
      callback(null, [{ address: asked === 1 ? '2001:4860::dead' : '127.0.0.1', family: asked === 1 ? 6 : 4 }]);
    };
    const http = outgoing(lookup);
    const request = post(`http://rebound.example:${server.port}/`, { privateAddress: false, timeoutMs: 300 });
    expect(['delivery-unreachable', 'delivery-timeout']).toContain(await refusalOf(http, request));
    expect(await refusalOf(http, request)).toBe('delivery-address-refused');
    expect([asked, arrived]).toEqual([2, 0]);
  });
});
