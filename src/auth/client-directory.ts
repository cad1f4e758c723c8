import type { Client, ClientProof } from '../config/config.ts';
import { sha256Hex } from '../kernel/ids.ts';
import type { StoredClient } from '../store/standing.ts';
import type { Standing, StandingView } from './standing.ts';

/** The clients that may come in: those of the configuration, and those of the store that were added while it runs. */
export interface ClientDirectory {
  /** The same object for as long as its registration stays the same. */
  find(id: string): Promise<Client | undefined>;
  /** The same, for whoever knows how things stand. */
  findIn(view: StandingView, id: string): Client | undefined;
  findByApiKey(key: string): Promise<Client | undefined>;
  findByCertificate(subject: string): Promise<Client | undefined>;
}

/** A registration as the store keeps it, in JSON. */
export interface Registration {
  readonly partner: string;
  readonly scopes: readonly string[];
  readonly keys: Exclude<ClientProof, { kind: 'demo' | 'file' }>;
}

export interface ClientDirectoryParts {
  readonly configured: ReadonlyMap<string, Client>;
  readonly standing: Pick<Standing, 'current'>;
}

/** `ginnel client revoke` ends a client of either kind: within `standingFreshMs` it is as if it had never been. */
export function createClientDirectory({ configured, standing }: ClientDirectoryParts): ClientDirectory {
  const read = new Map<string, { readonly content: string; readonly client: Client | undefined }>();
  let indexed: { readonly view: StandingView; readonly byProof: ReadonlyMap<string, Client> } | undefined;

  const findIn = (view: StandingView, id: string): Client | undefined => {
    const stored = view.clients.get(id);
    if (stored?.revoked === true) return undefined;
    const ofFile = configured.get(id);
    if (ofFile !== undefined || stored === undefined) return ofFile;
    const before = read.get(id);
    if (before?.content === stored.content) return before.client;
    const client = readRegistration(stored);
    read.set(id, { content: stored.content, client });
    return client;
  };

  const proofsOf = (view: StandingView): ReadonlyMap<string, Client> => {
    if (indexed?.view === view) return indexed.byProof;
    const byProof = new Map<string, Client>();
    for (const id of new Set([...configured.keys(), ...view.clients.keys()])) {
      const client = findIn(view, id);
      if (client?.keys.kind === 'certificate') byProof.set(`certificate ${client.keys.subject}`, client);
      if (client?.keys.kind === 'api-key')
        for (const hash of client.keys.hashes) byProof.set(`api-key ${hash}`, client);
    }
    for (const id of read.keys()) if (!view.clients.has(id)) read.delete(id);
    indexed = { view, byProof };
    return byProof;
  };

  return {
    find: async (id) => findIn(await standing.current(), id),
    findIn,
    // Looked up by its hash: how long that takes tells nothing about a key that is 256 random bits.
    findByApiKey: async (key) => proofsOf(await standing.current()).get(`api-key ${hashApiKey(key)}`),
    findByCertificate: async (subject) => proofsOf(await standing.current()).get(`certificate ${subject}`),
  };
}

/** SHA-256 is enough for a key of 256 random bits: there is nothing to guess, and no list to try. */
export function hashApiKey(key: string): string {
  return sha256Hex(key);
}

/** Undefined for a row that a later version of Ginnel may have written: it lets nobody in. */
export function readRegistration({ id, content }: StoredClient): Client | undefined {
  try {
    const { partner, scopes, keys } = JSON.parse(content) as Registration;
    const isKnown = ['url', 'inline', 'certificate', 'api-key'].includes(keys.kind);
    if (typeof partner !== 'string' || !Array.isArray(scopes) || !isKnown) return undefined;
    return { id, partner, scopes, keys };
  } catch {
    return undefined;
  }
}
