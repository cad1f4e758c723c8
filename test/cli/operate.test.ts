import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MessageAnswer, StoredDelivery } from '../../src/store/store.ts';
import { eventually, SAMPLES, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { ginnel, type Ran } from './support.ts';

/** What an operator does beside a running gateway, on its own store. */
let test: TestGateway;
let accepted: MessageAnswer;
let refusedId: string;
beforeAll(async () => {
  test = await startTestGateway();
  const file = JSON.stringify({ baseUrl: test.gateway.baseUrl, pid: process.pid });
  writeFileSync(join(test.dataFolder, 'gateway.json'), file);
  test.council.status = 400;
  accepted = (await (await post('01-heaton-practice-referral.json')).json()) as MessageAnswer;
  refusedId = (await post('12-heaton-practice-urgency.json')).headers.get('x-message-id') ?? '';
  await eventually(async () => ((await test.gateway.store.counts()).deliveriesDead === 1 ? true : undefined));
});
afterAll(() => test.stop());

const post = (file: string): Promise<Response> =>
  test.request('heaton-practice', '/intake/heaton-practice/referrals', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: readFileSync(join(SAMPLES, file), 'utf8'),
  });

const run = (...argv: string[]): Promise<Ran> =>
  ginnel(argv, { GINNEL_DATA: test.dataFolder, COUNCIL_URL: test.council.url, EQUIPMENT_URL: test.equipment.url });

async function decisions(action: string): Promise<{ operator: string; subject: string }[]> {
  const trail = await test.gateway.store.audit({ limit: 1000 });
  return trail.flatMap(({ content }) => {
    const event = JSON.parse(content) as {
      subtype?: { code: string }[];
      agent: { who: { identifier?: { value: string } } }[];
      entity: { what: { identifier?: { value: string } } }[];
    };
    if (event.subtype?.[0]?.code !== action) return [];
    const subjects = event.entity.flatMap(({ what }) => what.identifier?.value ?? []);
    return [{ operator: event.agent[0]?.who.identifier?.value ?? '', subject: subjects[0] ?? '' }];
  });
}

const PATIENT_VALUES = ['9990000018', '999 000 0018', 'Marsland', 'Edith'];
function expectNoPatientValue({ out, err }: Ran): void {
  for (const value of PATIENT_VALUES) expect(out + err).not.toContain(value);
}

describe('ginnel messages', () => {
  it('lists what came, newest first, with what was wrong and no content', async () => {
    const ran = await run('messages');
    expect([ran.code, ran.err]).toEqual([0, '']);
    const lines = ran.out.trimEnd().split('\n');
    expect(lines.map((line) => line.split('  ')[0])).toEqual([refusedId, accepted.messageId]);
    expect(lines[0]).toMatch(/refused {3}heaton-practice\/referrals {2}json {2}code-unmapped$/);
    expectNoPatientValue(ran);
  });

  it('narrows to the refused and to a partner', async () => {
    expect((await run('messages', '--refused')).out.trimEnd().split('\n').length).toBe(1);
    expect((await run('messages', '--partner', 'stockport-council')).out).toBe('There are no such messages.\n');
    expect((await run('messages', '--limit', '1')).out.trimEnd().split('\n').length).toBe(1);
  });

  it('shows one: what it became, where it went, what the partner said', async () => {
    const ran = await run('messages', accepted.messageId);
    for (const reference of accepted.created) expect(ran.out).toContain(`created ${reference}`);
    expect(ran.out).toMatch(/delivery \S+ to stockport-council by ot-referral-to-council: dead, attempts 1/);
    expect(ran.out).toMatch(/to stockport-equipment by ot-referral-to-council: delivered, attempts 1/);
    expect(ran.out).toContain('delivery-refused');
    expectNoPatientValue(ran);
    expect((await run('messages', refusedId)).out).toContain('code-unmapped');
  });

  it('prints the body as it came, only when it is asked for', async () => {
    const { out } = await run('messages', accepted.messageId, '--body');
    expect(out).toBe(readFileSync(join(SAMPLES, '01-heaton-practice-referral.json'), 'utf8'));
  });

  it('ends with 1 where there is none of this id', async () => {
    expect(await run('messages', 'nothing')).toEqual({ code: 1, out: '', err: 'There is no message nothing.\n' });
  });
});

describe('ginnel replay', () => {
  it('wants to know what', async () => {
    expect((await run('replay')).code).toBe(2);
  });

  it('processes all refused ones again, says why they are refused still, and ends with 1', async () => {
    const ran = await run('replay', '--refused');
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(new RegExp(`^${refusedId} refused created 0 updated 0 routed 0\n {2}error code-unmapped`));
    expectNoPatientValue(ran);
    expect((await test.gateway.store.message(refusedId))?.runs).toBe(2);
  });

  it('changes nothing where nothing has changed, and is in the audit with who did it', async () => {
    const before = await test.gateway.store.counts();
    const ran = await run('replay', accepted.messageId);
    expect([ran.code, ran.out.split('\n')[0]]).toEqual([
      0,
      `${accepted.messageId} accepted created 0 updated 0 routed 0`,
    ]);
    expect(await test.gateway.store.counts()).toEqual(before);
    expect(await decisions('replay-message')).toContainEqual({
      operator: userInfo().username,
      subject: accepted.messageId,
    });
  });

  it('says which message there is not, and goes on', async () => {
    const ran = await run('replay', 'nothing', accepted.messageId);
    expect([ran.code, ran.err]).toEqual([1, 'There is no message nothing.\n']);
    expect(ran.out).toContain(accepted.messageId);
  });
});

describe('ginnel dead-letters', () => {
  const dead = async (): Promise<StoredDelivery[]> => test.gateway.store.deliveries({ state: 'dead' });

  it('lists them with what the partner answered and no content', async () => {
    const ran = await run('dead-letters');
    const [one] = await dead();
    expect(ran.code).toBe(0);
    expect(ran.out).toContain(`${one?.id}  `);
    expect(ran.out).toContain('stockport-council/referrals  ServiceRequest  attempts 1');
    expect(ran.out).toContain('delivery-refused');
    expectNoPatientValue(ran);
    expect((await run('dead-letters', '--partner', 'stockport-equipment')).out).toBe('There are no dead letters.\n');
  });

  it('wants a decision that it knows, and what about', async () => {
    expect((await run('dead-letters', 'forget', '--all')).code).toBe(2);
    expect((await run('dead-letters', 'retry')).code).toBe(2);
    expect(await run('dead-letters', 'retry', 'nothing')).toMatchObject({
      code: 1,
      out: 'nothing  is not a dead letter\n',
    });
  });

  it('tries one again: it is dead again while the partner answers 400, and delivered once it answers 200', async () => {
    const [one] = await dead();
    const id = one?.id ?? '';
    expect((await run('dead-letters', 'retry', id)).out).toBe(`${id}  will be sent again\n`);
    await eventually(async () => ((await test.gateway.store.deliveryAttempts(id)).length === 2 ? true : undefined));
    expect((await test.gateway.store.delivery(id))?.state).toBe('dead');
    test.council.status = 200;
    expect((await run('dead-letters', 'retry', '--all')).code).toBe(0);
    await eventually(async () => ((await test.gateway.store.delivery(id))?.state === 'delivered' ? true : undefined));
    expect(test.council.received.map((received) => received.id)).toEqual([id]);
    expect((await run('dead-letters')).out).toBe('There are no dead letters.\n');
    expect(await run('dead-letters', 'retry', '--all')).toEqual({
      code: 0,
      out: 'There are no dead letters.\n',
      err: '',
    });
    expect(await decisions('retry-delivery')).toEqual([
      { operator: userInfo().username, subject: id },
      { operator: userInfo().username, subject: id },
    ]);
  });

  it('passes over one, and what waited behind it goes', async () => {
    test.council.status = 400;
    const body = JSON.parse(readFileSync(join(SAMPLES, '01-heaton-practice-referral.json'), 'utf8'));
    for (const [index, guid] of [
      'A61E8F02-3333-4B7C-9F7D-000000000001',
      'A61E8F02-3333-4B7C-9F7D-000000000002',
    ].entries()) {
      body.messageGuid = `4C7A0E5B-52C1-4F0E-9E0B-00000000000${index}`;
      body.referral.observationGuid = guid;
      await test.request('heaton-practice', '/intake/heaton-practice/referrals', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      await eventually(async () => ((await dead()).length === 1 ? true : undefined));
    }
    const [blocking] = await dead();
    const pending = await test.gateway.store.deliveries({ state: 'pending', partner: 'stockport-council' });
    expect(pending.length).toBe(1);
    test.council.status = 200;
    const id = blocking?.id ?? '';
    expect((await run('dead-letters', 'skip', id)).out).toBe(`${id}  passed over\n`);
    await eventually(async () =>
      (await test.gateway.store.delivery(pending[0]?.id ?? ''))?.state === 'delivered' ? true : undefined,
    );
    expect((await test.gateway.store.delivery(id))?.state).toBe('skipped');
    expect(await decisions('skip-delivery')).toEqual([{ operator: userInfo().username, subject: id }]);
    expect((await run('dead-letters', 'skip', id)).code).toBe(1);
  });
});

describe('ginnel plan', () => {
  it('prints the plan for people, and as FHIR', async () => {
    const { code, out } = await run('plan', '999', '000', '0018');
    expect(code).toBe(0);
    expect(out).toContain('NHS No. 999 000 0018');
    expect(out).toContain('Professional contacts');
    const json = await run('plan', '9990000018', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ resourceType: 'Bundle', type: 'document' });
  });

  it('ends with 1 for a person who is not held, 2 for nobody named', async () => {
    const { code, err } = await run('plan', '9990000115');
    expect([code, err]).toEqual([1, 'error: No such person is held here.\n']);
    expect((await run('plan')).code).toBe(2);
  });
});
