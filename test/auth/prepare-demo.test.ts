import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDemo } from '../../src/auth/prepare-demo.ts';
import type { Client } from '../../src/config/config.ts';
import { readSecret } from '../../src/config/read-tls.ts';

let dataFolder: string;
beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'ginnel-demo-'));
});
afterEach(() => rmSync(dataFolder, { recursive: true, force: true }));

const prepare = (keys: Client['keys'], allowed: boolean, database?: string): Promise<void> => {
  const client: Client = { id: 'viewer', partner: 'p', scopes: ['intake'], keys };
  return prepareDemo({ clients: new Map([['viewer', client]]), dataFolder, database }, allowed);
};
const demoFile = (): string => join(dataFolder, 'demo', 'viewer.jwks.json');
const refused = { issues: [{ code: 'config-invalid' }] };

describe('What came with something serves for trying it out alone', () => {
  it('demo keys are made where that is allowed, and refused where it is not', async () => {
    await expect(prepare({ kind: 'demo', file: demoFile() }, false)).rejects.toMatchObject(refused);
    expect(existsSync(demoFile())).toBe(false);
    await prepare({ kind: 'demo', file: demoFile() }, true);
    expect(existsSync(demoFile())).toBe(true);
  });

  it('a demo key that is named as a key file is a demo key still', async () => {
    await prepare({ kind: 'demo', file: demoFile() }, true);
    await expect(prepare({ kind: 'file', file: demoFile() }, false)).rejects.toMatchObject(refused);
    await expect(prepare({ kind: 'file', file: join(dataFolder, 'own.jwks.json') }, false)).resolves.toBeUndefined();
  });

  it('a database password that everybody knows is refused, and not repeated', async () => {
    const own = { kind: 'file', file: '/keys/own.json' } as const;
    const fault = await prepare(own, false, 'postgres://ginnel:Postgres@db.example/ginnel').catch(String);
    expect(fault).toContain('DATABASE_URL');
    expect(fault).not.toContain('Postgres@');
    await expect(prepare(own, false, 'postgres://ginnel:x7Qv0dLw@db.example/ginnel')).resolves.toBeUndefined();
  });

  it.each(['changeme', 'ChangeMe', 'password', 'secret'])('so is the secret "%s" for a partner', (secret) => {
    const place = { kind: 'env', name: 'PARTNER_SECRET', value: () => secret } as const;
    expect(() => readSecret(place)).toThrow('PARTNER_SECRET holds a secret that everybody knows');
  });
});
