import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer } from '../../src/api/http-server.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import type { Log, LogFields } from '../../src/kernel/log.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, FHIR_JSON, outcomeOf, sendRaw } from './support.ts';

let test: TestGateway;
const lines: { event: string; fields: LogFields | undefined }[] = [];
const keep = (event: string, fields?: LogFields): void => void lines.push({ event, fields });
const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
beforeAll(async () => {
  test = await startTestGateway({}, { clients: CLIENTS, log });
});
afterAll(() => test.stop());

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  test.request('everything', path, { headers });

describe('content negotiation (https://hl7.org/fhir/R4/http.html#mime-type)', () => {
  it.each([
    'application/fhir+json',
    'application/fhir+json; charset=utf-8',
    'application/fhir+json; fhirVersion=4.0',
    'application/fhir+xml;q=0.8, application/fhir+json;q=0.9',
    'application/fhir+xml, application/fhir+json',
    'application/fhir+xml;q=0, */*',
    'application/json',
    'application/*',
    '*/*',
    'text/html, */*;q=0.1',
  ])('answers FHIR JSON to Accept: %s', async (accept) => {
    const response = await get('/fhir/Patient', { Accept: accept });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, FHIR_JSON]);
  });

  it.each([
    'application/fhir+xml',
    'application/fhir+xml;q=0.9, application/fhir+json;q=0.8',
    'application/fhir+xml, */*',
    'text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8',
    'application/fhir+json;q=0, application/*',
  ])('answers FHIR XML to Accept: %s', async (accept) => {
    const response = await get('/fhir/Patient', { Accept: accept });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'application/fhir+xml; charset=utf-8',
    ]);
  });

  it.each([
    'text/html',
    'application/fhir+json;q=0',
    'application/fhir+xml; fhirVersion=3.0',
    'application/fhir+json; fhirVersion=3.0',
    'nonsense',
  ])('answers 406 to Accept: %s', async (accept) => {
    expect((await outcomeOf(await get('/fhir/Patient', { Accept: accept }))).status).toBe(406);
    const open = await fetch(`${test.gateway.baseUrl}/fhir/metadata`, { headers: { Accept: accept } });
    expect((await outcomeOf(open)).status).toBe(406);
  });

  it('lets _format go before Accept', async () => {
    for (const format of ['json', 'application/fhir+json', 'application/fhir%2Bjson', 'application/json']) {
      const response = await get(`/fhir/Patient?_format=${format}`, { Accept: 'text/html' });
      expect([format, response.status]).toEqual([format, 200]);
    }
    for (const format of ['text/turtle', 'turtle', 'constructor', '']) {
      const answer = await outcomeOf(await get(`/fhir/Patient?_format=${format}`, { Accept: '*/*' }));
      expect([format, answer.status]).toEqual([format, 406]);
    }
  });

  it('heeds _format in the form of a _search', async () => {
    const response = await test.request('everything', '/fhir/Patient/_search', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: '_format=text/turtle',
    });
    expect((await outcomeOf(response)).status).toBe(406);
  });
});

describe('what is not served', () => {
  it.each([
    ['POST', '/fhir/Patient/1', 'GET, HEAD, PUT, PATCH, DELETE'],
    ['OPTIONS', '/fhir/Patient', 'GET, HEAD, POST, PUT, PATCH, DELETE'],
    ['PUT', '/fhir/Patient/1/_history', 'GET, HEAD'],
    ['DELETE', '/fhir/Patient/1/_history/1', 'GET, HEAD'],
    ['GET', '/fhir', 'POST'],
    ['GET', '/fhir/', 'POST'],
    ['GET', '/fhir/Patient/_search/', 'POST'],
    ['POST', '/fhir/Patient/$shared-care-plan', 'GET, HEAD'],
    ['GET', '/auth/token', 'POST'],
    ['GET', '/intake/heaton-practice/referrals', 'POST'],
  ])('%s %s is answered as FHIR does', async (method, path, allow) => {
    const response = await fetch(`${test.gateway.baseUrl}${path}`, { method });
    if (path.endsWith('_search/')) {
      // Also the form of a read of a resource called so, which is refused as one: without a token.
      expect(response.status).toBe(401);
      return;
    }
    expect(response.headers.get('allow')).toBe(allow);
    const answer = await outcomeOf(response);
    expect([answer.status, answer.code]).toEqual([405, 'method-not-allowed']);
  });

  it.each([
    '/',
    '/fhir/Nonsense',
    '/fhir/patient',
    '/FHIR/Patient',
    '/fhir//Patient',
    '/intake',
    '/intake/x',
    '/.git/config',
    '/fhir/Patient/1/2/3/4',
    '/fhir/__proto__',
    '/fhir/constructor/1',
    '/auth',
  ])('%s is answered 404', async (path) => {
    const answer = await outcomeOf(await fetch(`${test.gateway.baseUrl}${path}`));
    expect([answer.status, answer.code]).toEqual([404, 'route-unknown']);
  });

  it.each([
    '/%',
    '/fhir/%',
    '/fhir/Patient/%E0%A4%A',
    '/intake/%/x',
    '/fhir/%00/%0d%0aSet-Cookie:x',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/fhir/Patient?%',
    '//evil.example/fhir',
  ])('the rubbish address %s is answered with an OperationOutcome and no echo', async (path) => {
    const heard = await sendRaw(test, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(heard).toMatch(/^HTTP\/1\.1 (?:400|401|404) /);
    expect(heard).toContain('"resourceType":"OperationOutcome"');
    expect(heard).not.toContain('Set-Cookie');
    expect(heard).not.toContain('evil');
    expect(heard).not.toContain('passwd');
  });

  it('a path that climbs is not followed', async () => {
    const heard = await sendRaw(test, 'GET /fhir/../../package.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(heard).toMatch(/^HTTP\/1\.1 (?:401|404) /);
    expect(heard).not.toContain('devDependencies');
  });
});

describe('bounds of the listener', () => {
  it('answers 400 to an address that is too long, and 431 to one that Node does not even read', async () => {
    const answer = await outcomeOf(await get(`/fhir/Patient?name=${'x'.repeat(LIMITS.urlCharsMax)}`));
    expect([answer.status, answer.code]).toEqual([400, 'url-invalid']);
    const heard = await sendRaw(test, `GET /fhir/Patient?name=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(heard).toMatch(/^HTTP\/1\.1 431 /);
    expect(heard).toContain('"resourceType":"OperationOutcome"');
  });

  it('answers 400 to what is not HTTP, or may be two requests in one', async () => {
    const smuggled =
      'POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    for (const bytes of [
      '\u0000\u0001\u0002\r\n\r\n',
      'GET /fhir/Patient HTTP/9.9\r\n\r\n',
      smuggled,
      'GET / HTTP/1.1\r\n\r\n',
    ]) {
      const heard = await sendRaw(test, bytes);
      expect(heard).toMatch(/^HTTP\/1\.1 400 /);
      expect(heard.match(/^HTTP\/1\.1 /gm)?.length).toBe(1);
    }
  });

  it('ends a connection whose headers, or whose body, do not come in time', async () => {
    const server = createHttpServer({
      httpHeadersTimeoutMs: 150,
      httpRequestTimeoutMs: 300,
      httpTimeoutsCheckMs: 50,
      httpConnectionsMax: 2,
    });
    server.on('request', (request, response) => {
      request.resume().on('end', () => response.end());
    });
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const loris = { gateway: { httpPort: port } } as unknown as TestGateway;
    const [slowHeaders, slowBody] = await Promise.all([
      sendRaw(loris, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '),
      sendRaw(loris, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx'),
    ]);
    for (const heard of [slowHeaders, slowBody]) {
      expect(heard).toMatch(/^HTTP\/1\.1 408 /);
      expect(heard).toContain('request-timeout');
    }
    await new Promise((settle) => server.close(settle));
  });
});

describe('correlation', () => {
  it('gives a caller’s UUID back and replaces what is none', async () => {
    const id = crypto.randomUUID();
    expect((await get('/fhir/Patient', { 'X-Correlation-Id': id })).headers.get('x-correlation-id')).toBe(id);
    const other = (await get('/fhir/Patient', { 'X-Correlation-Id': '9990000018' })).headers.get('x-correlation-id');
    expect(other).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  it('is on every answer, refusals and rubbish included', async () => {
    for (const path of ['/', '/fhir/Patient', '/fhir/metadata', '/health/live', '/intake/a/b']) {
      const response = await fetch(`${test.gateway.baseUrl}${path}`);
      expect([path, response.headers.has('x-correlation-id')]).toEqual([path, true]);
    }
  });
});

describe('the log', () => {
  it('holds nothing of an address, a header or a body', () => {
    const text = JSON.stringify(lines);
    expect(lines.length).toBeGreaterThan(0);
    for (const secret of ['9990000018', 'evil', 'Bearer', 'x'.repeat(50)]) expect(text).not.toContain(secret);
  });

  it('has no failure of ours in it', () => {
    expect(lines.filter(({ event }) => event === 'request failed')).toEqual([]);
  });
});
