import { describe, expect, it } from 'vitest';
import { judgeAnswer } from '../../src/delivery/judge-answer.ts';
import type { OutgoingAnswer } from '../../src/delivery/outgoing-http.ts';

const now = new Date('2026-03-02T09:00:00.000Z');

function answer(status: number, headers: Record<string, string> = {}, body = ''): OutgoingAnswer {
  return { status, headers: new Map(Object.entries(headers)), body: Buffer.from(body), bodyComplete: true };
}

function judged(given: OutgoingAnswer): [string, string | undefined] {
  const end = judgeAnswer(given, now);
  return [end.kind, end.kind === 'delivered' ? undefined : end.issues[0]?.code];
}

describe('what a partner’s answer means', () => {
  it.each([200, 201, 202, 204])('%i is a yes', (status) => {
    expect(judged(answer(status))).toEqual(['delivered', undefined]);
  });

  it.each([301, 302, 303, 307, 308, 304])('%i is a refusal: redirects are not followed', (status) => {
    expect(judged(answer(status))).toEqual(['dead', 'delivery-refused']);
  });

  it.each([400, 401, 403, 404, 409, 410, 413, 415, 422])('%i is a refusal', (status) => {
    expect(judged(answer(status))).toEqual(['dead', 'delivery-refused']);
  });

  it.each([
    [408, 'delivery-timeout'],
    [425, 'delivery-throttled'],
    [429, 'delivery-throttled'],
    [500, 'delivery-server-error'],
    [502, 'delivery-server-error'],
    [503, 'delivery-server-error'],
    [504, 'delivery-server-error'],
  ])('%i is worth another try (%s)', (status, code) => {
    expect(judged(answer(status))).toEqual(['retry', code]);
  });

  it('503 with Retry-After is a request to come back later, and the wait is passed on', () => {
    const end = judgeAnswer(answer(503, { 'retry-after': '90' }), now);
    expect(end).toMatchObject({ kind: 'retry', status: 503, retryAfterMs: 90_000 });
    expect(judged(answer(503, { 'retry-after': '90' }))).toEqual(['retry', 'delivery-throttled']);
  });

  it('409 with an OperationOutcome that says duplicate is a yes: the partner has it already', () => {
    const outcome = (code: string) =>
      JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] });
    expect(judged(answer(409, {}, outcome('duplicate')))).toEqual(['delivered', undefined]);
    expect(judged(answer(409, {}, outcome('conflict')))).toEqual(['dead', 'delivery-refused']);
    expect(judged(answer(400, {}, outcome('duplicate')))).toEqual(['dead', 'delivery-refused']);
    for (const body of [
      '{',
      'null',
      '[]',
      '{"issue":[{"code":"duplicate"}]}',
      '{"resourceType":"OperationOutcome","issue":[null]}',
    ]) {
      expect(judged(answer(409, {}, body))).toEqual(['dead', 'delivery-refused']);
    }
  });

  it('never repeats what the partner wrote', () => {
    const end = judgeAnswer(answer(422, { 'x-detail': 'Jean Test' }, 'Jean Test 9990000018'), now);
    expect(JSON.stringify(end)).not.toMatch(/Jean|999/);
  });
});
