import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runReceived } from '../../src/cli/received.ts';
import { type SimulatedPartners, startPartners } from '../../src/demo/partners.ts';

let folder: string;
let partners: SimulatedPartners;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ginnel-received-'));
  partners = await startPartners({});
});
afterEach(async () => {
  await partners.stop();
  await rm(folder, { recursive: true });
});

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = {
    env: { GINNEL_DATA: folder },
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
  };
  return { code: await runReceived(argv, io), out, err };
}

function writeGatewayFile(): Promise<void> {
  const gateway = { baseUrl: 'http://localhost:8080', pid: 1, demo: { received: partners.received } };
  return writeFile(join(folder, 'gateway.json'), JSON.stringify(gateway));
}

describe('ginnel received', () => {
  it('prints what the simulated partner received last, and nothing else, on standard output', async () => {
    await writeGatewayFile();
    await fetch(partners.env.COUNCIL_URL ?? '', {
      method: 'POST',
      headers: { 'Content-Type': 'application/xml', 'X-Ginnel-Delivery-Id': 'd1' },
      body: '<referral/>',
    });
    expect(await run('stockport-council')).toEqual({ code: 0, out: '<referral/>\n', err: '' });
  });

  it('says that nothing has come yet', async () => {
    await writeGatewayFile();
    const { code, out, err } = await run('stockport-equipment');
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('nothing yet');
  });

  it('names the partners there are when it is given another', async () => {
    await writeGatewayFile();
    const { code, err } = await run('nobody');
    expect(code).toBe(1);
    expect(err).toContain('stockport-council, stockport-equipment, stockport-community');
  });

  it('says what to do where no gateway has run, and where it no longer does', async () => {
    expect((await run('stockport-council')).err).toContain('npm start');
    await writeGatewayFile();
    await partners.stop();
    expect((await run('stockport-council')).err).toContain('still running');
  });

  it('wants exactly one partner', async () => {
    expect((await run()).code).toBe(2);
    expect((await run('a', 'b')).code).toBe(2);
  });
});
