import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { readIfThere, readOrCreate } from './create-once.ts';
import { importAsymmetric } from './keys.ts';
import type { ClientKey } from './sign-assertion.ts';

/**
 * Keys for trying the gateway out, made at first start in `<dataFolder>/demo`: `<client>.private.json`, readable by its
 * owner alone, and beside it the public `<client>.jwks.json`, which the client's registration names.
 */
export async function loadOrCreateDemoKey(dataFolder: string, clientId: string): Promise<ClientKey> {
  return loadOrCreateKeyPair(join(dataFolder, 'demo'), clientId);
}

/** The same in any folder, for a client of your own: its registration names the `.jwks.json`. */
export async function loadOrCreateKeyPair(folder: string, clientId: string): Promise<ClientKey> {
  const text = await readOrCreate(keyFile(folder, clientId, 'private'), async () => {
    const { privateKey } = await generateKeyPair('ES384', { extractable: true });
    return `${JSON.stringify(await exportJWK(privateKey), null, 2)}\n`;
  });
  const { key, publicJwk } = await readKeyPair(text, keyFile(folder, clientId, 'private'));
  const jwks = `${JSON.stringify({ keys: [publicJwk] }, null, 2)}\n`;
  const file = keyFile(folder, clientId, 'jwks');
  if ((await readIfThere(file)) !== jwks) {
    const draft = `${file}.${newId()}.draft`;
    await writeFile(draft, jwks);
    await rename(draft, file);
  }
  return key;
}

/** The key that a gateway has made for this client; undefined where there is none. */
export async function loadDemoKey(dataFolder: string, clientId: string): Promise<ClientKey | undefined> {
  return loadKey(keyFile(join(dataFolder, 'demo'), clientId, 'private'));
}

/** The private key in a file that `loadOrCreateKeyPair` made; undefined where there is no such file. */
export async function loadKey(file: string): Promise<ClientKey | undefined> {
  const text = await readIfThere(file);
  return text === undefined ? undefined : (await readKeyPair(text, file)).key;
}

/** A client id becomes part of a file's name: only those that a configuration can hold are let through. */
export function keyFile(folder: string, clientId: string, kind: 'private' | 'jwks'): string {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(clientId)) {
    throw refuse('config-invalid', 'A client id is made of small letters, digits and hyphens.');
  }
  return join(folder, `${clientId}.${kind}.json`);
}

/**
 * A private key (JWK) as `ginnel keys` makes it, or one of RSA for RS384. Throws `config-invalid` with the file's name and
 * nothing of its text.
 */
export async function parseClientKey(text: string, file: string): Promise<ClientKey> {
  return (await readKeyPair(text, file)).key;
}

async function readKeyPair(text: string, file: string): Promise<{ key: ClientKey; publicJwk: JWK }> {
  try {
    const { kty, crv, x, y, n, e, kid: named, ...secret } = JSON.parse(text) as Record<string, string>;
    const algorithm = kty === 'RSA' ? 'RS384' : 'ES384';
    const bare = (kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y }) as JWK;
    const kid = typeof named === 'string' ? named : await calculateJwkThumbprint(bare);
    const { d, p, q, dp, dq, qi } = secret;
    const parts = kty === 'RSA' ? { d, p, q, dp, dq, qi } : { d };
    const privateKey = await importAsymmetric({ ...bare, ...parts } as JWK, algorithm);
    if (privateKey.type !== 'private') throw new TypeError('a public key where a private one is needed');
    return { key: { algorithm, kid, privateKey }, publicJwk: { ...bare, kid, alg: algorithm, use: 'sig' } };
  } catch {
    throw refuse(
      'config-invalid',
      `${file} is not a private key (JWK): P-384 for ES384, or RSA for RS384. "ginnel keys" makes one.`,
    );
  }
}
