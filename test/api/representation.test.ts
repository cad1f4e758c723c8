import { gzipSync } from 'node:zlib';
import type { Bundle, Observation, OperationOutcome, Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FORMATS } from '../../src/formats/formats.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { CLIENTS, created, FHIR_JSON, person, send, sendRaw } from './support.ts';

const FHIR_XML = 'application/fhir+xml; charset=utf-8';

let test: TestGateway;
let iris: Patient & { id: string };
beforeAll(async () => {
  test = await startTestGateway({}, { clients: CLIENTS });
  iris = await created(test, person('9990000018', 'Ashworth'));
});
afterAll(() => test.stop());

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  test.request('everything', `/fhir/${path}`, { headers });

/** The resource that FHIR XML holds, as JSON. */
function readXml(text: string): unknown {
  const parsed = FORMATS['fhir-xml'].parse(Buffer.from(text));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.value.tree;
}

const observation = (value: string): string =>
  `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":${value},"unit":"mg"}}`;

async function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
  return test.request('everything', '/fhir/Observation', {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json', ...headers },
    body,
  });
}

describe('FHIR XML (https://hl7.org/fhir/R4/xml.html)', () => {
  it.each([
    ['a resource', () => `Patient/${iris.id}`],
    ['a version', () => `Patient/${iris.id}/_history/1`],
    ['a search', () => 'Patient?family=Ashworth'],
    ['a history', () => `Patient/${iris.id}/_history`],
    ['the capabilities', () => 'metadata'],
  ])('is what JSON says, of %s', async (_what, path) => {
    const json = (await (await get(path())).json()) as Bundle;
    const response = await get(path(), { Accept: 'application/fhir+xml' });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, FHIR_XML]);
    const xml = readXml(await response.text()) as Bundle;
    const timeless = ({ timestamp: _timestamp, ...rest }: Bundle): unknown => rest;
    expect(timeless(xml)).toEqual(timeless(json));
  });

  it('is asked for by _format too, and in the form of a _search', async () => {
    for (const format of ['xml', 'application/fhir%2Bxml', 'application/fhir+xml', 'text/xml', 'application/xml']) {
      const response = await get(`Patient/${iris.id}?_format=${format}`, { Accept: 'application/fhir+json' });
      expect([format, response.headers.get('content-type')]).toEqual([format, FHIR_XML]);
    }
    const posted = await test.request('everything', '/fhir/Patient/_search', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: '_format=xml&family=Ashworth',
    });
    expect(posted.headers.get('content-type')).toBe(FHIR_XML);
    expect((readXml(await posted.text()) as Bundle).entry?.length).toBe(1);
  });

  it('tells failures, also before there is a token', async () => {
    for (const [path, status] of [
      ['Patient/none', 404],
      ['Patient?nonsense=1', 400],
      ['Nonsense', 404],
    ] as const) {
      const response = await get(path, { Accept: 'application/fhir+xml' });
      expect([path, response.status, response.headers.get('content-type')]).toEqual([path, status, FHIR_XML]);
      expect(readXml(await response.text())).toMatchObject({ resourceType: 'OperationOutcome' });
    }
    const open = await fetch(`${test.gateway.baseUrl}/fhir/Patient`, { headers: { Accept: 'application/fhir+xml' } });
    expect(open.status).toBe(401);
    expect(readXml(await open.text())).toMatchObject({ issue: [{ code: 'login' }] });
  });

  it('is taken as a body: create, update, transaction, FHIRPath Patch', async () => {
    const xml = { 'Content-Type': 'application/fhir+xml; charset=utf-8' };
    const write = (method: string, path: string, body: string): Promise<Response> =>
      test.request('everything', `/fhir/${path}`, { method, headers: xml, body });
    const made = await write(
      'POST',
      'Patient',
      '<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>',
    );
    const patient = (await made.json()) as Patient;
    expect([made.status, patient.active]).toEqual([201, true]);
    const changed = await write(
      'PUT',
      `Patient/${patient.id}`,
      `<Patient xmlns="http://hl7.org/fhir"><id value="${patient.id}"/><active value="false"/></Patient>`,
    );
    expect(await changed.json()).toMatchObject({ active: false, meta: { versionId: '2' } });
    const patched = await write(
      'PATCH',
      `Patient/${patient.id}`,
      `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>
        <part><name value="type"/><valueCode value="add"/></part><part><name value="path"/><valueString value="Patient"/></part>
        <part><name value="name"/><valueString value="gender"/></part><part><name value="value"/><valueCode value="female"/></part>
      </parameter></Parameters>`,
    );
    expect(await patched.json()).toMatchObject({ gender: 'female', meta: { versionId: '3' } });
    const bundle = await write(
      'POST',
      '',
      `<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><resource><Patient><gender value="male"/></Patient></resource>
        <request><method value="POST"/><url value="Patient"/></request></entry></Bundle>`,
    );
    expect([bundle.status, ((await bundle.json()) as Bundle).entry?.[0]?.response?.status]).toEqual([
      200,
      '201 Created',
    ]);
  });

  it('is refused where it is not well formed, or would bring what R4 does not have', async () => {
    for (const body of [
      '<Patient xmlns="http://hl7.org/fhir"><active value="true"></Patient>',
      '<!DOCTYPE x [<!ENTITY a "b">]><Patient xmlns="http://hl7.org/fhir"/>',
      '<Patient xmlns="http://hl7.org/fhir"><nonsense value="1"/></Patient>',
      '{"resourceType":"Patient"}',
    ]) {
      const response = await test.request('everything', '/fhir/Patient', {
        method: 'POST',
        headers: { 'Content-Type': 'application/fhir+xml' },
        body,
      });
      expect([body, response.status]).toEqual([body, 400]);
    }
  });
});

describe('the form of an answer', () => {
  it('is laid out for people where _pretty asks for that', async () => {
    const pretty = await (await get(`Patient/${iris.id}?_pretty=true`)).text();
    expect(pretty).toContain('\n  "id": ');
    expect(JSON.parse(pretty)).toEqual(iris);
    expect(await (await get(`Patient/${iris.id}?_pretty=false`)).text()).not.toContain('\n');
    expect((await get(`Patient/${iris.id}?_pretty=please`)).status).toBe(400);
  });

  it.each(['', `?_summary=true`])('of HEAD has the headers of GET and no body%s', async (query) => {
    for (const path of [`Patient/${iris.id}`, `Patient/${iris.id}/_history/1`, 'metadata']) {
      const [full, head] = [
        await get(path + query),
        await test.request('everything', `/fhir/${path}${query}`, { method: 'HEAD' }),
      ];
      expect([path, head.status, await head.text()]).toEqual([path, 200, '']);
      for (const name of ['content-type', 'etag', 'last-modified']) {
        expect([name, head.headers.get(name)]).toEqual([name, full.headers.get(name)]);
      }
    }
    for (const path of ['Patient', 'Patient/_history', '_history', `Patient/${iris.id}/_history`]) {
      const head = await test.request('everything', `/fhir/${path}`, { method: 'HEAD' });
      expect([path, head.status, await head.text()]).toEqual([path, 200, '']);
    }
  });

  it('is a part of a version, or nothing where the caller has it', async () => {
    const path = `Patient/${iris.id}/_history/1`;
    const part = (await (await get(`${path}?_elements=name`)).json()) as Patient;
    expect([part.name, part.birthDate, part.meta?.tag?.[0]?.code]).toEqual([iris.name, undefined, 'SUBSETTED']);
    expect((await get(path, { 'If-None-Match': 'W/"1"' })).status).toBe(304);
    const outcome = await (await get(`${path}?_summary=count`)).json();
    expect(outcome).toMatchObject({ issue: [{ details: { coding: [{ code: 'parameter-invalid' }] } }] });
  });

  it('of the capabilities is the one that there is, and another mode is refused plainly', async () => {
    expect((await get('metadata?mode=full')).status).toBe(200);
    expect(
      (await get('metadata?_elements=fhirVersion').then((response) => response.json())) as object,
    ).not.toHaveProperty('software');
    for (const mode of ['terminology', 'normative', 'nonsense']) {
      const response = await get(`metadata?mode=${mode}`);
      const outcome = (await response.json()) as OperationOutcome;
      expect([mode, response.status, outcome.resourceType]).toEqual([mode, 400, 'OperationOutcome']);
    }
  });
});

describe('compression', () => {
  it('is for answers that gain by it, where the caller takes gzip', async () => {
    const packed = await get('metadata', { 'Accept-Encoding': 'gzip, deflate' });
    expect([packed.headers.get('content-encoding'), packed.headers.get('vary')]).toEqual(['gzip', 'Accept-Encoding']);
    expect(await packed.json()).toMatchObject({ resourceType: 'CapabilityStatement' });
    for (const header of ['identity', 'br', 'gzip;q=0', 'gzip;q=0.000']) {
      expect([header, (await get('metadata', { 'Accept-Encoding': header })).headers.get('content-encoding')]).toEqual([
        header,
        null,
      ]);
    }
    expect((await get(`Patient/${iris.id}`, { 'Accept-Encoding': 'gzip' })).headers.get('content-encoding')).toBeNull();
  });

  it('of a body is undone, and bounded by what comes out of it', async () => {
    const small = await test.request('everything', '/fhir/Patient', {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', 'Content-Encoding': 'gzip' },
      body: gzipSync(JSON.stringify({ resourceType: 'Patient', active: true })),
    });
    expect(small.status).toBe(201);
    const bomb = await test.request('everything', '/fhir/Patient', {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', 'Content-Encoding': 'gzip' },
      body: gzipSync(Buffer.alloc(20 * LIMITS.bodyBytesMax, 0x20)),
    });
    expect(bomb.status).toBe(413);
    const none = await test.request('everything', '/fhir/Patient', {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', 'Content-Encoding': 'gzip' },
      body: '{"resourceType":"Patient"}',
    });
    expect(none.status).toBe(400);
  });
});

describe('applications in a browser (https://fetch.spec.whatwg.org/#http-cors-protocol)', () => {
  const preflight = (path: string, origin: string, gateway = test): Promise<Response> =>
    fetch(`${gateway.gateway.baseUrl}${path}`, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'PUT',
        'Access-Control-Request-Headers': 'authorization',
      },
    });

  it('may ask beforehand, without a token, and read what they are answered', async () => {
    for (const path of [`/fhir/Patient/${iris.id}`, '/fhir', '/auth/token', '/.well-known/smart-configuration']) {
      const response = await preflight(path, 'https://app.example');
      expect([path, response.status]).toEqual([path, 204]);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-allow-methods')).toContain('PATCH');
      expect(response.headers.get('access-control-allow-headers')).toMatch(/Authorization.*If-None-Exist/);
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    }
    const read = await get(`Patient/${iris.id}`, { Origin: 'https://app.example' });
    expect(read.headers.get('access-control-allow-origin')).toBe('*');
    expect(read.headers.get('access-control-expose-headers')).toMatch(/ETag.*Location/);
    // A failure must be readable too.
    const refused = await fetch(`${test.gateway.baseUrl}/fhir/Patient`, { headers: { Origin: 'https://app.example' } });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
  });

  it('have no door to the intake or to health, and who is none meets nothing of it', async () => {
    for (const path of ['/intake/x/y', '/health/live']) {
      expect((await preflight(path, 'https://app.example')).headers.get('access-control-allow-origin')).toBeNull();
    }
    const plain = await get(`Patient/${iris.id}`);
    expect(plain.headers.get('access-control-allow-origin')).toBeNull();
    expect((await fetch(`${test.gateway.baseUrl}/fhir/Patient`, { method: 'OPTIONS' })).status).toBe(405);
  });

  it('does not break a request whose Origin is nonsense', async () => {
    const heard = await sendRaw(
      test,
      'GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nOrigin: \u0001\r\nConnection: close\r\n\r\n',
    );
    expect(heard).toMatch(/^HTTP\/1\.1 (?:200|400) /);
  });
});

describe('numbers', () => {
  it.each(['1.00', '0.010', '1E3', '1.50e-7', '12345678901234567890', '0.1234567890123456789', '-0.0', '1e-400'])(
    '%s is served as it was sent, through every interaction',
    async (value) => {
      const made = await post(observation(value));
      const text = await made.text();
      expect([made.status, text]).toEqual([201, expect.stringContaining(`"value":${value},`)]);
      const { id } = JSON.parse(text) as Observation;
      const path = `Observation/${id}`;
      const stored = await (await get(path)).text();
      expect(stored).toBe(text);
      for (const [where, answer] of [
        ['search', await (await get(`Observation?_id=${id}`)).text()],
        ['history', await (await get(`${path}/_history`)).text()],
        ['elements', await (await get(`${path}?_elements=value`)).text()],
        ['pretty', (await (await get(`${path}?_pretty=true`)).text()).replaceAll(': ', ':')],
      ]) {
        expect([where, answer]).toEqual([where, expect.stringContaining(`"value":${value},`)]);
      }
      const xml = await (await get(path, { Accept: 'application/fhir+xml' })).text();
      expect(xml).toContain(`<value value="${value}"/>`);
      const back = await test.request('everything', `/fhir/${path}`, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/fhir+xml' },
        body: xml,
      });
      expect([back.status, await back.text()]).toEqual([200, expect.stringContaining(`"value":${value},`)]);
      const patched = await send(test, 'PATCH', path, [{ op: 'add', path: '/note', value: [{ text: 'y' }] }], {
        'Content-Type': 'application/json-patch+json',
      });
      expect([patched.status, await patched.text()]).toEqual([200, expect.stringContaining(`"value":${value},`)]);
    },
  );

  it('keep their digits where a patch brings them, tests them or moves them', async () => {
    const { id } = (await (await post(observation('1.00'))).json()) as Observation;
    const response = await test.request('everything', `/fhir/Observation/${id}`, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json-patch+json' },
      body: `[{"op":"test","path":"/valueQuantity/value","value":1.0},
        {"op":"add","path":"/component","value":[{"code":{"text":"a"},"valueQuantity":{"value":2.500}}]},
        {"op":"replace","path":"/valueQuantity/value","value":3.10},
        {"op":"copy","from":"/component/0","path":"/component/-"}]`,
    });
    const text = await response.text();
    expect([response.status, text]).toEqual([200, expect.stringContaining('"value":3.10,')]);
    expect(text.match(/"value":2\.500\}/g)?.length).toBe(2);
  });

  it('in a transaction with references between its entries are what they were', async () => {
    const body = `{"resourceType":"Bundle","type":"transaction","entry":[
      {"fullUrl":"urn:uuid:8d7e9ac4-7d5a-4f2b-9c7e-1c2d3e4f5a6b","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},
      {"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":7.700},
        "subject":{"reference":"urn:uuid:8d7e9ac4-7d5a-4f2b-9c7e-1c2d3e4f5a6b"}},"request":{"method":"POST","url":"Observation"}}]}`;
    const response = await test.request('everything', '/fhir', {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', Prefer: 'return=representation' },
      body,
    });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('"value":7.700}')]);
  });

  it('in the shared care plan are what they were', async () => {
    const plan = `{"resourceType":"CarePlan","status":"active","intent":"plan","subject":{"reference":"Patient/${iris.id}"},
      "activity":[{"detail":{"status":"scheduled","dailyAmount":{"value":1.50}}}]}`;
    const headers = { 'Content-Type': 'application/fhir+json' };
    expect((await test.request('everything', '/fhir/CarePlan', { method: 'POST', headers, body: plan })).status).toBe(
      201,
    );
    expect(await (await get(`Patient/${iris.id}/$shared-care-plan`)).text()).toContain('"dailyAmount":{"value":1.50}');
  });

  it('of any spelling come back digit for digit (round trip)', async () => {
    const literal = fc
      .tuple(
        fc.constantFrom('', '-'),
        fc.stringMatching(/^(?:0|[1-9][0-9]{0,20})$/),
        fc.stringMatching(/^(?:\.[0-9]{1,18})?$/),
      )
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(literal, async (value) => {
        expect(await (await post(observation(value))).text()).toContain(`"value":${value},"unit"`);
      }),
      { numRuns: 40 },
    );
  });

  it('of an integer are digits alone, and what is spelt otherwise is refused where it stands', async () => {
    const body = (value: string): string =>
      `{"resourceType":"Observation","status":"final","code":{"text":"x"},"component":[{"code":{"text":"y"},"valueInteger":${value}}]}`;
    for (const value of ['1.0', '1E1', '-0']) {
      const response = await post(body(value));
      const outcome = (await response.json()) as OperationOutcome;
      const found = outcome.issue?.map(({ expression }) => expression?.[0]);
      expect([value, response.status, found]).toEqual([value, 422, ['Observation.component[0].valueInteger']]);
    }
    expect((await post(body('10'))).status).toBe(201);
  });

  it('that no computer can hold are refused', async () => {
    for (const value of ['1e400', '-1e999']) expect((await post(observation(value))).status).toBe(400);
  });

  it('serves a resource as it was sent, byte for byte but for id and meta', async () => {
    const sent = observation('1.00')
      .replace('"status"', '"note":[{"text":"Ŵ 😀 \\u0009 <&>"}],"status"')
      .replace('\\u0009', '\\t');
    const { id, meta } = (await (await post(sent)).json()) as Observation;
    const head = `{"resourceType":"Observation","id":"${id}","meta":${JSON.stringify(meta)},`;
    const served = await (await get(`Observation/${id}`)).text();
    expect(served).toBe(sent.replace('{"resourceType":"Observation",', head));
    expect((await get(`Observation/${id}`)).headers.get('content-type')).toBe(FHIR_JSON);
  });
});
