import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type SimulatedPartners, startPartners } from '../../src/demo/partners.ts';

let partners: SimulatedPartners | undefined;
afterEach(async () => {
  await partners?.stop();
  partners = undefined;
});

async function start(
  env: NodeJS.ProcessEnv = {},
): Promise<{ council: string; equipment: string; all: SimulatedPartners }> {
  partners = await startPartners(env);
  const { COUNCIL_URL: council = '', EQUIPMENT_URL: equipment = '' } = partners.env;
  return { council, equipment, all: partners };
}

function post(url: string, body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body });
}

const xml = (id: string): Record<string, string> => ({ 'Content-Type': 'application/xml', 'X-Ginnel-Delivery-Id': id });
const json = (id: string): Record<string, string> => ({
  'Content-Type': 'application/json',
  'X-Ginnel-Delivery-Id': id,
});

describe('simulated partners', () => {
  it('answer on loopback, each at its own address, given as the variables of the configuration', async () => {
    const { all } = await start();
    expect(Object.keys(all.env).sort()).toEqual(['COMMUNITY_URL', 'COUNCIL_URL', 'EQUIPMENT_URL']);
    expect(new Set(Object.values(all.env)).size).toBe(3);
    for (const url of Object.values(all.env)) expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(all.received['stockport-council']).toBe(all.env.COUNCIL_URL);
  });

  it('leave alone a partner whose address is already set', async () => {
    const { all } = await start({ COUNCIL_URL: 'https://council.example/in' });
    expect(all.env).not.toHaveProperty('COUNCIL_URL');
    expect(Object.keys(all.received)).toHaveLength(2);
  });

  it('take a message in their format with a receipt, and show it exactly as it came', async () => {
    const { council } = await start();
    const body = '<referral>\n  <need>rail</need>\n</referral>';
    const answer = await post(`${council}/referrals`, body, xml('d1'));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/xml']);
    expect(await answer.text()).toContain('<receipt');
    expect(await (await fetch(`${council}/received/latest`)).text()).toBe(body);
  });

  it('count a delivery once, however often it comes, and give it the same receipt', async () => {
    const { equipment } = await start();
    const first = await (await post(equipment, '{"a":1}', json('d1'))).text();
    expect(await (await post(equipment, '{"a":1}', json('d1'))).text()).toBe(first);
    await post(equipment, '{"b":2}', json('d2'));
    const list = (await (await fetch(`${equipment}/received`)).json()) as { id: string; at: string; bytes: number }[];
    expect(list.map(({ id, bytes }) => [id, bytes])).toEqual([
      ['d1', 7],
      ['d2', 7],
    ]);
    expect(Date.parse(list[0]?.at ?? '')).not.toBeNaN();
    expect(await (await fetch(`${equipment}/received/latest`)).text()).toBe('{"b":2}');
  });

  it('refuse another format, a broken body and a message without a delivery id, and do not count them', async () => {
    const { council, equipment } = await start();
    expect((await post(council, '{}', json('d1'))).status).toBe(415);
    expect((await post(council, '<referral><need></referral>', xml('d1'))).status).toBe(400);
    expect((await post(equipment, '{"a":', json('d1'))).status).toBe(400);
    expect((await post(equipment, '{}', { 'Content-Type': 'application/json' })).status).toBe(400);
    expect(await (await fetch(`${council}/received`)).json()).toEqual([]);
    expect((await fetch(`${equipment}/received/latest`)).status).toBe(404);
  });

  it('stop, and free their ports', async () => {
    const { council, all } = await start();
    await all.stop();
    await expect(fetch(`${council}/received`)).rejects.toThrow();
  });
});

it('a simulated partner still knows after a restart what it has received', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-received-'));
  try {
    const before = await startPartners({}, { folder });
    const send = (partners: SimulatedPartners): Promise<Response> =>
      fetch(partners.env.COUNCIL_URL ?? '', {
        method: 'POST',
        headers: { 'Content-Type': 'application/xml', 'X-Ginnel-Delivery-Id': 'once' },
        body: '<referral/>',
      });
    expect((await send(before)).status).toBe(200);
    await before.stop();
    const after = await startPartners({}, { folder });
    expect(await (await fetch(`${after.received['stockport-council']}/received/latest`)).text()).toBe('<referral/>');
    expect((await send(after)).status).toBe(200);
    expect(await (await fetch(`${after.received['stockport-council']}/received`)).json()).toHaveLength(1);
    await after.stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
