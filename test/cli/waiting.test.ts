import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stableUuid } from '../../src/kernel/ids.ts';
import type { MessageAnswer } from '../../src/store/store.ts';
import { eventually, SAMPLES, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { ginnel } from './support.ts';

describe('ginnel messages, of one message', () => {
  let test: TestGateway;
  beforeAll(async () => {
    test = await startTestGateway();
  });
  afterAll(() => test.stop());

  const sample = (file: string) => JSON.parse(readFileSync(join(SAMPLES, file), 'utf8'));
  const send = async (channel: string, body: object): Promise<MessageAnswer> => {
    const response = await test.request('heaton-practice', `/intake/heaton-practice/${channel}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await response.json()) as MessageAnswer;
  };
  const show = async (id: string): Promise<string> =>
    (await ginnel(['messages', id], { GINNEL_DATA: test.dataFolder })).out;

  it('names the dead letter that a delivery waits behind', async () => {
    test.council.status = 400;
    const referral = sample('01-heaton-practice-referral.json');
    await send('referrals', referral);
    const [dead] = await eventually(async () => {
      const found = await test.gateway.store.deliveries({ state: 'dead' });
      return found.length > 0 ? found : undefined;
    });
    referral.referral.observationGuid = stableUuid('a second referral');
    const second = await send('referrals', referral);
    expect(await show(second.messageId)).toContain(`pending, attempts 0, waits behind the dead letter ${dead?.id}`);
  });

  it('says that nobody asked for what a message changed', async () => {
    const outcome = await send('mdt-outcomes', sample('06-heaton-practice-mdt-outcome.json'));
    expect(outcome.state).toBe('accepted');
    expect(await show(outcome.messageId)).toContain('to nobody: no route asked for what it changed');
  });
});
