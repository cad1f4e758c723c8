import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { SAMPLES, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { ginnel } from './support.ts';

const MAPPINGS = resolve(import.meta.dirname, '../../mappings');

let test: TestGateway;
let messageId: string;
beforeAll(async () => {
  test = await startTestGateway();
  const answer = await test.request('heaton-practice', '/intake/heaton-practice/referrals', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: readFileSync(join(SAMPLES, '01-heaton-practice-referral.json'), 'utf8'),
  });
  messageId = answer.headers.get('x-message-id') ?? '';
});
afterAll(() => test.stop());

it('ginnel diff --stored runs the messages that were received for the mapping under both versions', async () => {
  const root = mkdtempSync(join(tmpdir(), 'ginnel-diff-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  cpSync(join(MAPPINGS, 'gp-json'), join(root, 'gp-json'), { recursive: true });
  const file = join(root, 'gp-json/referral/mapping.yaml');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('      status: active\n      intent: order\n');
  writeFileSync(
    file,
    text.replace('      status: active\n      intent: order\n', '      status: active\n      intent: plan\n'),
  );

  const old = join(MAPPINGS, 'gp-json/referral');
  const env = { GINNEL_DATA: test.dataFolder, COUNCIL_URL: test.council.url, EQUIPMENT_URL: test.equipment.url };
  const { code, out } = await ginnel(['diff', 'gp-json/referral', old, '--stored', '--mappings', root], env);
  expect(code).toBe(1);
  expect(messageId).not.toBe('');
  expect(out).toContain(`\n${messageId}\n  ServiceRequest.intent changed\n`);
  expect(out).not.toMatch(/999 ?000/);
  const limited = await ginnel(['diff', 'gp-json/referral', old, '--stored', '--limit', 'x', '--mappings', root], env);
  expect(limited.code).toBe(2);
});
