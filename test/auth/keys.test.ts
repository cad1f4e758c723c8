import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, jwtVerify, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOrCreate } from '../../src/auth/create-once.ts';
import { loadOrCreateSigningKey } from '../../src/auth/keys.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ginnel-signing-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('The key that signs access tokens', () => {
  it('is made at first start, readable by its owner alone, and is the same afterwards', async () => {
    const first = await loadOrCreateSigningKey(folder);
    const second = await loadOrCreateSigningKey(folder);
    expect(second.jwks).toEqual(first.jwks);
    const { mode } = await stat(join(folder, 'keys', 'access-token.json'));
    expect(mode & 0o777).toBe(0o600);
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'EdDSA' }).sign(first.privateKey);
    await expect(jwtVerify(token, second.publicKey)).resolves.toBeDefined();
  });

  it('publishes its public half alone, under its thumbprint (RFC 7638)', async () => {
    const { kid, jwks } = await loadOrCreateSigningKey(folder);
    const [jwk] = jwks.keys;
    expect(jwk).toEqual({ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid, alg: 'EdDSA', use: 'sig' });
    expect(kid).toBe(await calculateJwkThumbprint(jwk ?? {}));
  });

  it('is one and the same for processes that start at once', async () => {
    const script = `import { loadOrCreateSigningKey } from ${JSON.stringify(resolve('src/auth/keys.ts'))};
      process.stdout.write((await loadOrCreateSigningKey(${JSON.stringify(folder)})).kid);`;
    const start = () => promisify(execFile)(process.execPath, ['--input-type=module-typescript', '--eval', script]);
    const kids = (await Promise.all([start(), start(), start()])).map(({ stdout }) => stdout);
    expect(kids[0]).toHaveLength(43);
    expect(new Set(kids).size).toBe(1);
    expect(await readdir(join(folder, 'keys'))).toEqual(['access-token.json']);
  });

  it.each(['', '{}', 'not json', '{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}'])(
    'refuses to start on a file that is not such a key: %j',
    async (text) => {
      await loadOrCreateSigningKey(folder);
      await writeFile(join(folder, 'keys', 'access-token.json'), text);
      await expect(loadOrCreateSigningKey(folder)).rejects.toMatchObject({ issues: [{ code: 'config-invalid' }] });
    },
  );
});

describe('A file that is made once', () => {
  it('is whole for everybody, whoever made it', async () => {
    const file = join(folder, 'secret');
    let made = 0;
    const make = async (): Promise<string> => {
      made += 1;
      return `${made}`.repeat(100_000);
    };
    const texts = await Promise.all(Array.from({ length: 20 }, () => readOrCreate(file, make)));
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toHaveLength(100_000 * String(texts[0]).slice(0, 1).length);
    expect(await readdir(folder)).toEqual(['secret']);
    expect(await readFile(file, 'utf8')).toBe(texts[0]);
  });

  it('leaves nothing behind when it cannot be made', async () => {
    const failing = readOrCreate(join(folder, 'secret'), async () => {
      throw new Error('no key today');
    });
    await expect(failing).rejects.toThrow('no key today');
    expect(await readdir(folder)).toEqual([]);
  });
});
