import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { sendMllp } from '../../src/intake/mllp-client.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import { outcomeOf } from '../api/support.ts';
import { eventually, SAMPLES, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let test: TestGateway;
afterEach(() => test.stop());

const health = async (path: string): Promise<[number, unknown]> => {
  const response = await fetch(`${test.gateway.baseUrl}/health/${path}`);
  return [response.status, await response.json()];
};
const sample = (file: string): Buffer => readFileSync(join(SAMPLES, file));

describe('health', () => {
  it('is live and ready while the store answers, and says nothing else', async () => {
    test = await startTestGateway();
    expect(await health('live')).toEqual([200, { status: 'live' }]);
    expect(await health('ready')).toEqual([200, { status: 'ready' }]);
  });
});

describe('a gateway whose store is gone', () => {
  it('is live and not ready, and takes nothing: 503 and AE, so that senders keep what they have', async () => {
    test = await startTestGateway();
    const token = await test.token('heaton-practice');
    await test.gateway.store.close();
    expect(await health('live')).toEqual([200, { status: 'live' }]);
    expect(await health('ready')).toEqual([503, { status: 'not ready' }]);

    const response = await fetch(`${test.gateway.baseUrl}/intake/heaton-practice/referrals`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: new Uint8Array(sample('01-heaton-practice-referral.json')),
    });
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await outcomeOf(response)).toMatchObject({ status: 503, code: 'store-unavailable' });

    const answer = await sendMllp('127.0.0.1', test.gateway.mllpPort, sample('05-stepping-hill-discharge.hl7'), 5_000);
    expect(Buffer.from(answer).toString('latin1')).toContain('MSA|AE|RWJ2604140002');
  });

  it('gives nothing that it could not put into the audit', async () => {
    test = await startTestGateway();
    const token = await test.token('neighbourhood-viewer');
    await test.gateway.store.close();
    for (const headers of [{}, { Authorization: `Bearer ${token}` }]) {
      for (const path of ['/fhir/Patient', '/fhir/Patient/1', '/fhir/Observation']) {
        const answer = await outcomeOf(await fetch(`${test.gateway.baseUrl}${path}`, { headers }));
        expect([path, answer.status]).toEqual([path, 503]);
      }
    }
  });
});

describe('a gateway that is told to stop in the middle of a request', () => {
  /** A connection on which we say half a request now and the rest later. */
  async function half(text: string): Promise<{ socket: Socket; heard: () => string; closed: Promise<void> }> {
    let heard = '';
    const socket = connect({ host: '127.0.0.1', port: test.gateway.httpPort });
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    const closed = new Promise<void>((settle) => socket.on('close', () => settle()));
    await new Promise<void>((settle) => socket.write(text, () => settle()));
    return { socket, heard: () => heard, closed };
  }

  it('finishes it, answers it, keeps it, and takes nothing more on that connection', async () => {
    test = await startTestGateway();
    const body = sample('01-heaton-practice-referral.json');
    const token = await test.token('heaton-practice');
    const request = await half(
      'POST /intake/heaton-practice/referrals HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        `Authorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    // Admitted, and waiting for its body.
    await new Promise((settle) => setTimeout(settle, 100));
    const stopped = test.gateway.stop();
    request.socket.write(body);
    await eventually(() => (request.heard().includes('"state":"accepted"') ? true : undefined));
    expect(request.heard()).toMatch(/^HTTP\/1\.1 200 /);
    await stopped;
    await request.closed;
    const id = /x-message-id: (\S+)/i.exec(request.heard())?.[1] ?? '';
    const store = openSqliteStore({ folder: test.dataFolder });
    expect((await store.message(id))?.state).toBe('accepted');
    await store.close();
  });

  it('answers 503 to what comes after, is not ready, and is still live', async () => {
    test = await startTestGateway();
    const token = await test.token('heaton-practice');
    // Keeps the gateway stopping for as long as its body is not whole.
    const open = await half(
      'POST /intake/heaton-practice/referrals HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        `Authorization: Bearer ${token}\r\nContent-Length: 3\r\n\r\n{`,
    );
    const requests = ['GET /health/ready', 'GET /health/live', 'GET /fhir/metadata'];
    const others = await Promise.all(requests.map((line) => half(`${line} HTTP/1.1\r\nHost`)));
    await new Promise((settle) => setTimeout(settle, 100));
    const stopped = test.gateway.stop();
    for (const { socket } of others) socket.write(': x\r\n\r\n');
    await Promise.all(others.map(({ closed }) => closed));
    expect(others.map(({ heard }) => heard().split(' ')[1])).toEqual(['503', '200', '503']);
    expect(others[2]?.heard()).toContain('shutting-down');
    await expect(fetch(`${test.gateway.baseUrl}/health/live`)).rejects.toThrow();
    open.socket.write('}}');
    await stopped;
    expect(open.heard()).toMatch(/^HTTP\/1\.1 422 /);
  });
});
