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

async function readKeyPair(text: string, file: string): Promise<{ key: ClientKey; publicJwk: JWK }> {
  try {
    const { kty, crv, x, y, d } = JSON.parse(text) as Record<string, string>;
    const bare = { kty, crv, x, y } as JWK;
    const kid = await calculateJwkThumbprint(bare);
    const privateKey = await importAsymmetric({ ...bare, d } as JWK, 'ES384');
    return { key: { algorithm: 'ES384', kid, privateKey }, publicJwk: { ...bare, kid, alg: 'ES384', use: 'sig' } };
  } catch {
    throw refuse('config-invalid', `${file} is not a P-384 private key (JWK). Remove it to have a new one made.`);
  }
}
