import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import type { AuditEvent } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFrameDecoder, encodeFrame } from '../../src/formats/mllp.ts';
import { ginnel } from '../cli/support.ts';
import { makeAuthority, makeCertificate, writeCertificate } from '../support/certificates.ts';
import { makeClientKey, type OwnGateway, startOwnGateway } from '../support/own-gateway.ts';
import { eventually, SAMPLES } from '../support/test-gateway.ts';

const referral = readFileSync(join(SAMPLES, '01-heaton-practice-referral.json'), 'utf8');
const authority = makeAuthority();
const server = makeCertificate([['CN', 'localhost']], authority);
const files = writeCertificate(server, authority);
const practice = makeCertificate(
  [
    ['C', 'GB'],
    ['O', 'Heaton Lane'],
    ['CN', 'gp.heaton.example'],
  ],
  authority,
);
const ward = makeCertificate(
  [
    ['O', 'Stepping Hill'],
    ['CN', 'pas'],
  ],
  authority,
);
const stranger = makeCertificate(
  [
    ['O', 'Stepping Hill'],
    ['CN', 'pas'],
  ],
  makeAuthority('Somebody else'),
);
const expired = makeCertificate(
  [
    ['O', 'Stepping Hill'],
    ['CN', 'pas'],
  ],
  authority,
  { expired: true },
);

const CONFIG = `
baseUrl: https://localhost:0
http:
  trustedProxies: [127.0.0.2]
  tls: { certificate: ${files.certificate}, key: ${files.key}, clientAuthority: ${files.authority} }
mllp:
  tls: { certificate: ${files.certificate}, key: ${files.key}, clientAuthority: ${files.authority} }
partners:
  heaton-practice:
    title: Heaton Lane Medical Practice
    in:
      referrals: { transport: http, format: json, mapping: gp-json/referral }
      from-the-lan: { transport: http, format: json, mapping: gp-json/referral, addresses: [10.1.0.0/16] }
  stepping-hill:
    title: Stepping Hill Hospital
    kind: health
    organisation: { system: https://fhir.nhs.uk/Id/ods-organization-code, value: RWJ }
    in:
      adt:
        transport: mllp
        format: hl7v2
        mapping: acute-hl7v2/adt
        sender: { application: PAS, facility: RWJ, addresses: [127.0.0.1], certificate: "O=Stepping Hill, CN=pas" }
clients:
  heaton-certificate: { partner: heaton-practice, scopes: [intake], keys: { certificate: "C=GB, O=Heaton Lane, CN=gp.heaton.example" } }
  heaton-app: { partner: heaton-practice, scopes: [intake, system/Patient.rs], keys: { file: app.jwks.json } }
`;

let own: OwnGateway;
let key: Awaited<ReturnType<typeof makeClientKey>>;
beforeAll(async () => {
  key = await makeClientKey();
  own = await startOwnGateway(CONFIG, { files: { 'app.jwks.json': key.jwks } });
});
afterAll(() => own.stop());

interface Answer {
  readonly status: number;
  readonly body: string;
}

function send(path: string, headers: Record<string, string> = {}, options: RequestOptions = {}): Promise<Answer> {
  const method = path.startsWith('/intake') ? 'POST' : 'GET';
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port: own.gateway.httpPort,
        ca: authority.certificate,
        path,
        method,
        agent: false,
        ...options,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    request.on('error', reject);
    for (const [name, value] of Object.entries({ 'Content-Type': 'application/json', ...headers }))
      request.setHeader(name, value);
    request.end(method === 'POST' ? referral : undefined);
  });
}

const shows = ({ certificate, key: pem }: { certificate: string; key: string }) => ({ cert: certificate, key: pem });
const REFERRALS = '/intake/heaton-practice/referrals';

async function lastAudit(): Promise<AuditEvent> {
  const trail = await own.gateway.store.audit({ limit: 1000 });
  return JSON.parse(trail.at(-1)?.content ?? '{}') as AuditEvent;
}

describe('The HTTP door over TLS', () => {
  it('is what baseUrl says, and speaks TLS 1.2 or later and nothing plain', async () => {
    expect(own.gateway.baseUrl).toBe(`https://localhost:${own.gateway.httpPort}`);
    expect((await send('/health/live')).status).toBe(200);
    await expect(send('/health/live', {}, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
    const plain = new Promise((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port: own.gateway.httpPort, path: '/health/live' }, resolve)
        .on('error', reject)
        .end();
    });
    await expect(plain).rejects.toThrow();
  });
});

describe('A client certificate at HTTP intake', () => {
  it('lets the client in whose subject it is, without a token', async () => {
    const answer = await send(REFERRALS, {}, shows(practice));
    expect(answer.status).toBe(200);
  });

  it.each([
    ['of another subject', ward],
    ['of another authority, whatever it says', stranger],
    ['that has expired', expired],
  ])('%s does not', async (_what, certificate) => {
    expect((await send(REFERRALS, {}, shows(certificate))).status).toBe(401);
  });

  it('opens no FHIR route', async () => {
    expect((await send('/fhir/Patient', {}, shows(practice))).status).toBe(401);
  });

  it('of one partner opens no channel of another', async () => {
    expect((await send('/intake/stepping-hill/adt', {}, shows(practice))).status).toBe(403);
  });
});

describe('An API key', () => {
  const add = (...more: string[]) =>
    ginnel(['client', 'add', ...more, '--partner', 'heaton-practice', '--api-key'], own.env);

  it('is printed once, kept as its hash, and opens intake alone, while the gateway runs', async () => {
    const added = await add('old-system', '--scope', 'intake');
    expect([added.code, added.err]).toEqual([0, expect.stringContaining('once')]);
    const apiKey = added.out.trim().split('\n').at(-1) ?? '';
    expect(apiKey).toMatch(/^gnl_[A-Za-z0-9_-]{43}$/);
    expect((await own.gateway.store.client('old-system'))?.content).not.toContain(apiKey.slice(4));
    const answer = await eventually(async () => {
      const { status } = await send(REFERRALS, { 'X-Api-Key': apiKey });
      return status === 401 ? undefined : status;
    });
    expect(answer).toBe(200);
    expect((await send('/fhir/Patient', { 'X-Api-Key': apiKey })).status).toBe(401);
    expect((await send(REFERRALS, { 'X-Api-Key': `${apiKey.slice(0, -1)}_` })).status).toBe(401);
    expect((await lastAudit()).outcomeDesc).toBe('token-invalid');

    const rotated = await ginnel(['client', 'rotate', 'old-system'], own.env);
    const next = rotated.out.trim().split('\n').at(-1) ?? '';
    await eventually(async () => ((await send(REFERRALS, { 'X-Api-Key': next })).status === 200 ? true : undefined));
    expect((await send(REFERRALS, { 'X-Api-Key': apiKey })).status).toBe(200);

    expect((await ginnel(['client', 'revoke', 'old-system'], own.env)).code).toBe(0);
    await eventually(async () => ((await send(REFERRALS, { 'X-Api-Key': next })).status === 401 ? true : undefined));
    expect((await send(REFERRALS, { 'X-Api-Key': apiKey })).status).toBe(401);
    expect((await ginnel(['client', 'list'], own.env)).out).toMatch(/old-system {2}revoked {2}store/);
  }, 20_000);

  it('is for messages alone', async () => {
    const refused = await add('greedy', '--scope', 'system/Patient.rs');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('messages alone')]);
  });

  it('beside a token is refused: one of the two would go unchecked', async () => {
    const headers = { 'X-Api-Key': `gnl_${'a'.repeat(43)}`, Authorization: 'Bearer x' };
    expect((await send(REFERRALS, headers)).status).toBe(401);
  });

  it.each(['', 'gnl_', 'x'.repeat(8000), '__proto__'])('is refused when it is none: %s', async (apiKey) => {
    expect((await send(REFERRALS, { 'X-Api-Key': apiKey })).status).toBe(401);
  });
});

describe('The addresses of an HTTP channel', () => {
  it('are the only ones it takes messages from, whatever a header says', async () => {
    const path = '/intake/heaton-practice/from-the-lan';
    const refused = await send(path, { 'X-Forwarded-For': '10.1.2.3' }, shows(practice));
    expect([refused.status, refused.body]).toEqual([403, expect.stringContaining('configured addresses')]);
  });

  it('are those that a proxy of ours names', async () => {
    const path = '/intake/heaton-practice/from-the-lan';
    const through = (forwarded: string) =>
      send(path, { 'X-Forwarded-For': forwarded }, { ...shows(practice), localAddress: '127.0.0.2' });
    expect((await through('10.1.2.3')).status).toBe(200);
    expect((await through('10.2.2.3')).status).toBe(403);
    // What stands before the address that our proxy saw is the sender's own word.
    expect((await through('10.1.2.3, 10.2.2.3')).status).toBe(403);
  });
});

describe('MLLP over TLS', () => {
  const message = readFileSync(join(SAMPLES, '02-stepping-hill-admission.hl7'));

  /** The acknowledgement's code, or the code of the fault that ended the connection. */
  function sendFrame(options: ConnectionOptions): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: own.gateway.mllpPort, ca: authority.certificate, ...options });
      const decoder = createFrameDecoder(100_000);
      socket.on('secureConnect', () => socket.write(encodeFrame(message)));
      socket.on('data', (chunk) => {
        const [event] = decoder.push(chunk);
        if (event?.kind !== 'frame') return;
        resolve(/MSA\|(\w\w)/.exec(Buffer.from(event.bytes).toString('utf8'))?.[1] ?? 'none');
        socket.destroy();
      });
      socket.on('error', (fault: NodeJS.ErrnoException) => resolve(`closed ${fault.code}`));
      socket.on('close', () => resolve('closed'));
    });
  }

  it('takes a sender whose certificate has the subject of its channel', async () => {
    expect(await sendFrame(shows(ward))).toBe('AA');
  });

  it('answers AR to a certificate of another subject', async () => {
    expect(await sendFrame(shows(practice))).toBe('AR');
  });

  it.each([
    ['without a certificate', {}],
    ['with one of another authority', shows(stranger)],
    ['with one that has expired', shows(expired)],
    ['in TLS 1.1', { ...shows(ward), minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as ConnectionOptions],
  ])('ends the handshake of a sender %s', async (_what, options) => {
    expect(await sendFrame(options)).toMatch(/^closed/);
  });
});
