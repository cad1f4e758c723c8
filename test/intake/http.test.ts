import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcome } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MessageAnswer } from '../../src/store/store.ts';
import { outcomeOf, sendRaw } from '../api/support.ts';
import { SAMPLES, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway();
});
afterAll(() => test.stop());

const referral = readFileSync(join(SAMPLES, '01-heaton-practice-referral.json'), 'utf8');

async function post(body: string, headers: Record<string, string> = {}, channel = 'referrals'): Promise<Response> {
  return test.request('heaton-practice', `/intake/heaton-practice/${channel}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body,
  });
}

describe('POST /intake/<partner>/<channel>', () => {
  it('answers 200 with the message’s id, which the store knows with the sender’s own id and correlation', async () => {
    const correlationId = crypto.randomUUID();
    const response = await post(referral, { 'X-Message-Id': 'theirs-1', 'X-Correlation-Id': correlationId });
    const answer = (await response.json()) as MessageAnswer;
    expect([response.status, response.headers.get('x-message-id')]).toEqual([200, answer.messageId]);
    expect(await test.gateway.store.message(answer.messageId)).toMatchObject({
      controlId: 'theirs-1',
      correlationId,
      state: 'accepted',
      partner: 'heaton-practice',
      channel: 'referrals',
    });
    expect(JSON.stringify(answer)).not.toContain('Marsland');
  });

  it('keeps the body to the byte', async () => {
    const body = `${referral}\n \n`;
    const id = (await post(body)).headers.get('x-message-id') ?? '';
    expect(Buffer.from((await test.gateway.store.messageBody(id)) ?? []).toString()).toBe(body);
  });

  it('takes another id of the sender’s for another message, which changes nothing more', async () => {
    const response = await post(referral, { 'X-Message-Id': 'theirs-2' });
    const answer = (await response.json()) as MessageAnswer;
    expect([answer.state, answer.created, answer.updated, answer.routed]).toEqual(['accepted', [], [], []]);
  });

  it('answers 422 to an empty or broken message, with where, and keeps it', async () => {
    for (const [body, code] of [
      ['', 'body-empty'],
      ['{', 'json-syntax'],
      ['{"a":1,"a":2}', 'duplicate-key'],
      ['[]', 'schema-violation'],
    ] as const) {
      const response = await post(body);
      const outcome = (await response.json()) as OperationOutcome;
      expect([response.status, outcome.issue?.[0]?.details?.coding?.[0]?.code]).toEqual([422, code]);
      const kept = await test.gateway.store.message(response.headers.get('x-message-id') ?? '');
      expect(kept?.state).toBe('refused');
    }
  });

  it('says nothing of a person in a refusal', async () => {
    const text = await (await post(referral.replace('999 000 0018', '999 000 0019'))).text();
    for (const value of ['0019', 'Marsland', 'Edith', '1941']) expect(text).not.toContain(value);
    expect(text).toContain('$.patient.nhsNumber');
  });

  it('refuses without keeping: another media type, no channel, an id that is none, a body beyond the bound', async () => {
    const before = await test.gateway.store.counts();
    expect((await outcomeOf(await post(referral, { 'Content-Type': 'application/xml' }))).status).toBe(415);
    expect((await outcomeOf(await post(referral, {}, 'nothing'))).status).toBe(404);
    for (const id of ['x'.repeat(201), 'two words', 'caf\u00e9'])
      expect((await outcomeOf(await post(referral, { 'X-Message-Id': id }))).code).toBe('parameter-invalid');
    expect((await outcomeOf(await post(`"${'x'.repeat(6 * 1024 * 1024)}"`))).status).toBe(413);
    expect(await test.gateway.store.counts()).toEqual(before);
  });

  it('refuses by address and headers before the body is there', async () => {
    const token = await test.token('heaton-practice');
    const head = (path: string, type: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\n` +
      'Transfer-Encoding: chunked\r\n\r\n';
    expect(await sendRaw(test, head('/intake/heaton-practice/nothing', 'application/json'))).toMatch(
      /^HTTP\/1\.1 404 /,
    );
    expect(await sendRaw(test, head('/intake/heaton-practice/referrals', 'text/html'))).toMatch(/^HTTP\/1\.1 415 /);
  });

  it('keeps nothing of a message whose sender breaks off in the middle', async () => {
    const before = await test.gateway.store.counts();
    const token = await test.token('heaton-practice');
    const { connect } = await import('node:net');
    const socket = connect({ host: '127.0.0.1', port: test.gateway.httpPort });
    socket.write(
      `POST /intake/heaton-practice/referrals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"half":',
    );
    await new Promise((settle) => setTimeout(settle, 100));
    socket.destroy();
    await new Promise((settle) => setTimeout(settle, 100));
    expect(await test.gateway.store.counts()).toEqual(before);
    expect((await fetch(`${test.gateway.baseUrl}/health/ready`)).status).toBe(200);
  });
});
