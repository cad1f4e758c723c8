import { readFile, stat } from 'node:fs/promises';
import type { CryptoKey } from 'jose';
import type { Client } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Log } from '../kernel/log.ts';
import { fetchKeySet } from './fetch-key-set.ts';
import { type AssertionAlgorithm, type KeySet, type ReadKeySet, readKeySet } from './key-set.ts';

export interface ClientKeys {
  /** The key a client has registered under this `kid`. Never throws: what is wrong with the keys is in the log. */
  find(client: Client, kid: string, algorithm: AssertionAlgorithm): Promise<KeyAnswer>;
}

export type KeyAnswer =
  | { readonly ok: true; readonly key: CryptoKey }
  | { readonly ok: false; readonly reason: 'key-unknown' | 'keys-unavailable' };

/** What the last look at a client's keys gave; `keys` is undefined when they could not be used. */
interface HeldKeySet {
  readonly keys: KeySet | undefined;
  /** State of the file that was read, or the text itself; empty for an address. */
  readonly stamp: string;
  readonly readAtMs: number;
  readonly freshUntilMs: number;
}

/** Clients' public keys, by file or by JWKS address (SMART App Launch 2.2, Registering a client). */
export function createClientKeys(parts: { readonly clock: Clock; readonly log: Log }): ClientKeys {
  const held = new Map<string, HeldKeySet>();
  const underWay = new Map<string, Promise<HeldKeySet>>();
  const nowMs = (): number => parts.clock.now().getTime();

  const look = async (client: Client, stamp: string, read: () => Promise<ReadKeySet>): Promise<HeldKeySet> => {
    const readAtMs = nowMs();
    try {
      const { keys, freshForMs } = await read();
      return { keys, stamp, readAtMs, freshUntilMs: readAtMs + freshForMs };
    } catch (fault) {
      parts.log.warn('client keys cannot be used', {
        client: client.id,
        partner: client.partner,
        fault: nameFault(fault),
      });
      const before = held.get(client.id);
      // What was fetched may serve for its time: an unknown `kid` must not push good keys out while the server is down.
      const serves = stamp === '' && before?.keys !== undefined && readAtMs < before.freshUntilMs;
      return serves
        ? { ...before, readAtMs }
        : { keys: undefined, stamp, readAtMs, freshUntilMs: readAtMs + LIMITS.jwksCooldownMs };
    }
  };

  /** However many ask, one look is under way for one client. */
  const lookOnce = (client: Client, stamp: string, read: () => Promise<ReadKeySet>): Promise<HeldKeySet> => {
    const already = underWay.get(client.id);
    if (already !== undefined) return already;
    const promise = look(client, stamp, read).then((answer) => {
      held.set(client.id, answer);
      underWay.delete(client.id);
      return answer;
    });
    underWay.set(client.id, promise);
    return promise;
  };

  const keysByFile = async (client: Client, file: string): Promise<KeySet | undefined> => {
    const stamp = await stampFile(file);
    const before = held.get(client.id);
    if (before?.stamp === stamp) return before.keys;
    return (await lookOnce(client, stamp, () => readKeyFile(file))).keys;
  };

  const keysByUrl = async (
    client: Client,
    url: string,
    kid: string,
    algorithm: AssertionAlgorithm,
  ): Promise<KeySet | undefined> => {
    const read = (): Promise<ReadKeySet> => fetchKeySet(url);
    const before = held.get(client.id);
    if (before === undefined || nowMs() >= before.freshUntilMs) return (await lookOnce(client, '', read)).keys;
    if (before.keys?.find(kid, algorithm) !== undefined) return before.keys;
    // A `kid` that we have not seen may be a key that the client has just begun to use. Anyone can send one, so the
    // client's server is asked again only once in a while.
    if (nowMs() - before.readAtMs < LIMITS.jwksCooldownMs) return before.keys;
    return (await lookOnce(client, '', read)).keys;
  };

  const keysByText = async (client: Client, jwks: string): Promise<KeySet | undefined> => {
    const before = held.get(client.id);
    if (before?.stamp === jwks) return before.keys;
    return (await lookOnce(client, jwks, async () => ({ keys: await readKeySet(jwks), freshForMs: 0 }))).keys;
  };

  const keysOf = async (client: Client, kid: string, algorithm: AssertionAlgorithm): Promise<KeySet | undefined> => {
    const { keys } = client;
    switch (keys.kind) {
      case 'url':
        return keysByUrl(client, keys.url, kid, algorithm);
      case 'file':
      case 'demo':
        return keysByFile(client, keys.file);
      case 'inline':
        return keysByText(client, keys.jwks);
      case 'certificate':
      case 'api-key':
        return undefined;
    }
  };

  return {
    find: async (client, kid, algorithm) => {
      const set = await keysOf(client, kid, algorithm);
      if (set === undefined) return { ok: false, reason: 'keys-unavailable' };
      const key = set.find(kid, algorithm);
      return key === undefined ? { ok: false, reason: 'key-unknown' } : { ok: true, key };
    },
  };
}

/** Changes whenever the file does. */
async function stampFile(file: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return 'no file';
  }
}

async function readKeyFile(file: string): Promise<ReadKeySet> {
  const bytes = await readFile(file);
  if (bytes.length > LIMITS.jwksBytesMax) throw new RangeError('the file is too large for a key set');
  return { keys: await readKeySet(bytes.toString('utf8')), freshForMs: 0 };
}

/** Name, code and our own closed reason; never a message, which may quote the document. */
function nameFault(fault: unknown): string {
  if (!(fault instanceof Error)) return typeof fault;
  const { code, fault: reason } = fault as { code?: unknown; fault?: unknown };
  return [fault.name, code, reason].filter((part) => typeof part === 'string').join(' ');
}
