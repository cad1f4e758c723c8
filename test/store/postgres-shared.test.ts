import { connect, createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import type { CommitResult, Store } from '../../src/store/store.ts';
import { runSql, startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { commitNamed } from './support/named-commit.ts';
import { commitOf, reference, sampleAudit, sampleDelivery, sampleWrite, searchOf } from './support/samples.ts';

let server: TestPostgres;
let url = '';
let store: Store;
beforeAll(async () => {
  server = await startTestPostgres();
});
beforeEach(async () => {
  url = await server.takeDatabase();
  store = await openPostgresStore({ url });
});
afterEach(() => store.close());
afterAll(() => server.stop());

const NAMES = Array.from({ length: 40 }, (_, n) => `n${n}`);

/** As an API write is: resources, a delivery and audit, and no message. */
function writeNamed(name: string, more: Parameters<typeof sampleWrite>[1] = {}) {
  const claims = [{ system: 'https://x.example', value: name }];
  return commitOf({
    writes: [sampleWrite(name, { claims, ...more })],
    deliveries: [sampleDelivery(`d-${name}`, { lane: `lane ${name.at(-1)}`, resourceId: name })],
    audit: [sampleAudit(`a-${name}`)],
  });
}

/** How many transactions have written the versions there are. */
async function countTransactions(): Promise<number> {
  const [row] = await runSql(url, 'SELECT count(DISTINCT xmin::text)::int AS n FROM version');
  return Number(row?.n);
}

describe('commits that come together on PostgreSQL', () => {
  it('share transactions, and each is there whole', async () => {
    const results = await Promise.all(NAMES.map((name) => store.commit(writeNamed(name))));
    expect(results).toEqual(NAMES.map(() => ({ ok: true })));
    expect(await countTransactions()).toBeLessThanOrEqual(NAMES.length / 4);
    for (const name of NAMES) {
      expect(await store.read('ServiceRequest', name)).toMatchObject({ version: 1 });
      expect(await store.delivery(`d-${name}`)).toMatchObject({ state: 'pending' });
    }
    expect((await store.audit()).map(({ id }) => id).sort()).toEqual(NAMES.map((name) => `a-${name}`).sort());
  });

  it('stand in a lane behind all that were acknowledged before', async () => {
    const seqs: number[][] = [];
    for (let wave = 0; wave < 4; wave += 1) {
      const ids = NAMES.map((name) => `d-${wave}-${name}`);
      await Promise.all(
        ids.map((id) => store.commit(commitOf({ deliveries: [sampleDelivery(id, { lane: 'one lane' })] }))),
      );
      seqs.push(await Promise.all(ids.map(async (id) => (await store.delivery(id))?.seq ?? 0)));
    }
    expect(new Set(seqs.flat()).size).toBe(4 * NAMES.length);
    for (const [wave, later] of seqs.slice(1).entries()) {
      expect(Math.min(...later)).toBeGreaterThan(Math.max(...(seqs[wave] ?? [])));
    }
  });

  it('have each its own result: the conflict of one is not its neighbours’', async () => {
    await store.commit(writeNamed('n7'));
    await store.commit(commitOf({ writes: [sampleWrite('holder', { claims: [{ system: 's', value: 'held' }] })] }));
    const commits = NAMES.map((name) =>
      name === 'n9' ? writeNamed(name, { claims: [{ system: 's', value: 'held' }] }) : writeNamed(name),
    );
    const results = await Promise.all(commits.map((commit) => store.commit(commit)));
    const expected = NAMES.map((name): CommitResult => {
      if (name === 'n7') return { ok: false, conflict: 'version' };
      return name === 'n9' ? { ok: false, conflict: 'identifier' } : { ok: true };
    });
    expect(results).toEqual(expected);
    expect(await store.read('ServiceRequest', 'n9')).toBeUndefined();
    expect(await store.counts()).toMatchObject({ resources: NAMES.length, deliveriesPending: NAMES.length - 1 });
    expect(await store.audit()).toHaveLength(NAMES.length - 1);
  });

  it('have each its own fault', async () => {
    const fits = NAMES.slice(1).map((name) => store.commit(writeNamed(name)));
    // The same event twice is a fault of ours, and nobody else's.
    const faulty = store.commit(commitOf({ audit: [sampleAudit('twice'), sampleAudit('twice')] }));
    await expect(faulty).rejects.toMatchObject({ issues: [{ code: 'internal-error' }] });
    expect(await Promise.all(fits)).toEqual(fits.map(() => ({ ok: true })));
  });

  it('are one after the other where they are about the same resource or identifier', async () => {
    const same = NAMES.map(() => commitOf({ writes: [sampleWrite('same')], audit: [] }));
    const claimed = NAMES.map((name) => writeNamed(name, { claims: [{ system: 's', value: 'one' }] }));
    const count = (results: readonly CommitResult[]): number => results.filter(({ ok }) => ok).length;
    const [ofSame, ofClaimed] = await Promise.all([
      Promise.all(same.map((commit) => store.commit(commit))),
      Promise.all(claimed.map((commit) => store.commit(commit))),
    ]);
    expect([count(ofSame), count(ofClaimed)]).toEqual([1, 1]);
    expect(await store.counts()).toMatchObject({ resources: 2, deliveriesPending: 1 });
  });

  it('leave commits with messages to themselves, whose key is a conflict that often comes true', async () => {
    const results = await Promise.all([...NAMES, ...NAMES].map((name) => store.commit(commitNamed(name))));
    expect(results.filter(({ ok }) => ok)).toHaveLength(NAMES.length);
    expect(results.filter((result) => !result.ok).every((result) => !result.ok && result.conflict === 'message')).toBe(
      true,
    );
  });
});

describe('what goes over the wire to PostgreSQL', () => {
  let proxy: Server;
  let proxied: Store;
  /** Packets to the server, and bytes. */
  let sent: number[] = [];
  beforeEach(async () => {
    const { hostname, port } = new URL(url);
    proxy = createServer((client) => {
      const upstream = connect({ host: hostname, port: Number(port) });
      client.on('data', (chunk) => {
        sent.push(chunk.length);
        upstream.write(chunk);
      });
      upstream.on('data', (chunk) => client.write(chunk));
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
      client.on('error', () => {});
      upstream.on('error', () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = new URL(url);
    const listening = proxy.address();
    address.port = String(typeof listening === 'object' ? listening?.port : 0);
    proxied = await openPostgresStore({ url: address.href, connectionsMax: 1 });
    // Connections are open and statements prepared behind these.
    for (const name of ['w1', 'w2']) await work(name);
  });
  afterEach(async () => {
    await proxied.close();
    proxy.close();
  });

  async function work(name: string): Promise<Record<string, number>> {
    const trips: Record<string, number> = {};
    const count = async (what: string, action: () => Promise<unknown>): Promise<void> => {
      sent = [];
      await action();
      trips[what] = sent.length;
    };
    const index = [reference('patient', 'Patient', 'p1')];
    await count('commit', () => proxied.commit(writeNamed(name, { index })));
    await count('commit of a message', () => proxied.commit(commitNamed(`m${name}`)));
    await count('read', () => proxied.read('ServiceRequest', name));
    const patient = { kind: 'reference', param: 'patient', values: [{ targetType: 'Patient', target: 'p1' }] } as const;
    const status = { kind: 'token', param: 'status', not: true, values: [{ system: undefined, code: 'x' }] } as const;
    await count('search', () => proxied.search(searchOf([patient])));
    await count('composed search', () => proxied.search(searchOf([patient, status])));
    return trips;
  }

  it('is one round trip for a commit, a read and a search each', async () => {
    expect(await work('measured')).toEqual({
      commit: 1,
      'commit of a message': 1,
      read: 1,
      search: 1,
      'composed search': 1,
    });
  });

  it('is one round trip for reads that come together', async () => {
    sent = [];
    const found = await Promise.all(
      ['w1', 'w2', 'r-mw1', 'r-mw2', 'none'].map((id) => proxied.read('ServiceRequest', id)),
    );
    expect(found.map((one) => one?.id)).toEqual(['w1', 'w2', 'r-mw1', 'r-mw2', undefined]);
    expect(sent).toHaveLength(1);
  });
});
