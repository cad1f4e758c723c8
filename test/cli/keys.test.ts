import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestGateway } from '../support/test-gateway.ts';
import { ginnel } from './support.ts';

describe('ginnel keys', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ginnel-keys-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('makes a pair: the public half without a secret, the private half for its owner alone; and keeps what is there', async () => {
    const made = await ginnel(['keys', 'my-app', '--folder', folder], {});
    expect([made.code, made.out]).toEqual([0, expect.stringContaining('my-app.jwks.json')]);
    const jwks = JSON.parse(readFileSync(join(folder, 'my-app.jwks.json'), 'utf8'));
    expect(jwks.keys).toHaveLength(1);
    expect(jwks.keys[0]).toMatchObject({ kty: 'EC', crv: 'P-384', alg: 'ES384' });
    expect(jwks.keys[0]).not.toHaveProperty('d');
    expect(statSync(join(folder, 'my-app.private.json')).mode & 0o077).toBe(0);
    await ginnel(['keys', 'my-app', '--folder', folder], {});
    expect(JSON.parse(readFileSync(join(folder, 'my-app.jwks.json'), 'utf8'))).toEqual(jwks);
  });

  it('a private key given by --key serves where there is no data folder of the gateway', async () => {
    const test = await startTestGateway();
    try {
      const key = join(test.dataFolder, 'demo', 'neighbourhood-viewer.private.json');
      const ask = (file: string) =>
        ginnel(['token', 'neighbourhood-viewer', '--url', test.gateway.baseUrl, '--key', file], {
          GINNEL_DATA: folder,
        });
      const token = await ask(key);
      expect([token.code, token.err]).toEqual([0, '']);
      const read = await fetch(`${test.gateway.baseUrl}/fhir/Patient`, {
        headers: { Authorization: `Bearer ${token.out.trim()}` },
      });
      expect(read.status).toBe(200);
      const missing = await ask(join(folder, 'none.json'));
      expect([missing.code, missing.out]).toEqual([1, '']);
      expect(missing.err).toContain('ginnel keys neighbourhood-viewer');
    } finally {
      await test.stop();
    }
  });
});
