import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { ask, granted, openSmart, type SmartSetup } from './smart-setup.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
});
afterAll(() => server.stop());

const STORES: [string, (folder: string, url: string) => Promise<Store>][] = [
  ['SQLite', async (folder) => openSqliteStore({ folder })],
  ['PostgreSQL', (_folder, url) => openPostgresStore({ url })],
];

describe.each(STORES)('Rotation of our own keys, two processes on one %s store', (_name, open) => {
  let folder: string;
  let url: string;
  let stores: Store[];
  let one: SmartSetup;
  let two: SmartSetup;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ginnel-rotation-'));
    url = await server.takeDatabase();
    stores = [await open(folder, url), await open(folder, url)];
    one = await openSmart({ store: stores[0] as Store });
    two = await openSmart({ store: stores[1] as Store, clock: one.clock });
    await two.registerFile('stockport-gp', { keys: [one.key.publicJwk] });
  });
  afterEach(async () => {
    await Promise.all([one.close(), two.close()]);
    await Promise.all(stores.map((store) => store.close()));
    await rm(folder, { recursive: true, force: true });
    await server.giveBack(url);
  });

  /** A token from one of the two; both know the client by the same key. */
  const issue = async (at: SmartSetup): Promise<string> => granted(await ask({ ...at, key: one.key })).access_token;
  const kidOf = (token: string): string | undefined => decodeProtectedHeader(token).kid;
  const kids = async (at: SmartSetup) => (await at.smart.keyring.jwks()).keys.map(({ kid }) => kid);

  it('each signs with a key of its own, and each verifies the tokens of both', async () => {
    const tokens = [await issue(one), await issue(two)];
    expect(new Set(tokens.map(kidOf)).size).toBe(2);
    for (const token of tokens) {
      for (const at of [one, two]) await expect(at.verify(`Bearer ${token}`)).resolves.toBeDefined();
    }
    expect(new Set(await kids(one))).toEqual(new Set(tokens.map(kidOf)));
  });

  it('while it is in use loses no request: no token is refused, and none is signed with an ended key for long', async () => {
    let rotations = 0;
    const refused: string[] = [];
    for (let round = 0; round < 30; round += 1) {
      if (round % 10 === 5) {
        await one.store.endSigningKeys(one.clock.now().toISOString());
        rotations += 1;
      }
      // Half a second later each time: the change is seen by the one sooner than by the other.
      one.clock.advance(0.5);
      const tokens = await Promise.all([issue(one), issue(two), issue(one)]);
      const uses = tokens.flatMap((token) => [one, two].map((at) => at.verify(`Bearer ${token}`)));
      for (const use of await Promise.allSettled(uses)) if (use.status === 'rejected') refused.push(String(use.reason));
    }
    expect([rotations, refused]).toEqual([3, []]);
  });

  it('with overlap: the old key verifies until its last token is over, then it is gone from /auth/jwks', async () => {
    const before = await issue(one);
    await one.store.endSigningKeys(one.clock.now().toISOString());
    one.clock.advance(LIMITS.standingFreshMs / 1000);
    const after = await issue(one);
    expect(kidOf(after)).not.toBe(kidOf(before));
    expect(await kids(two)).toContain(kidOf(before));
    await expect(two.verify(`Bearer ${before}`)).resolves.toBeDefined();
    one.clock.advance(LIMITS.accessTokenLifetimeSeconds + 10);
    expect(await kids(two)).not.toContain(kidOf(before));
    expect(await kids(two)).toContain(kidOf(await issue(one)));
  });

  it('at once, for a key that somebody else has: its tokens end in all processes, and it never signs again', async () => {
    const before = [await issue(one), await issue(two)];
    for (const token of before) await two.verify(`Bearer ${token}`);
    await one.store.endSigningKeys(new Date(0).toISOString());
    one.clock.advance(LIMITS.standingFreshMs / 1000);
    for (const at of [one, two]) {
      // A token that was verified before is remembered, and so is ended by what it stood on.
      const { find } = at.smart.keyring;
      for (const token of before) expect(await find(kidOf(token) ?? '')).toBeUndefined();
      for (const token of before)
        await expect(at.verify(`Bearer ${token}`)).rejects.toMatchObject({ issues: [{ code: 'token-invalid' }] });
    }
    const again = await openSmart({ store: stores[0] as Store, clock: one.clock });
    expect(before.map(kidOf)).not.toContain((await again.smart.keyring.signingKey()).kid);
    expect(before.map(kidOf)).not.toContain(kidOf(await issue(one)));
    await again.close();
  });

  it('is not undone by a process whose clock is behind that of whoever asked for it', async () => {
    const before = await issue(one);
    await one.store.endSigningKeys(new Date(one.clock.now().getTime() + 30_000).toISOString());
    one.clock.advance(LIMITS.standingFreshMs / 1000);
    expect(kidOf(await issue(one))).not.toBe(kidOf(before));
  });

  it('comes by itself when a key is old, and a key that its process prolongs stays', async () => {
    const first = (await one.smart.keyring.signingKey()).kid;
    for (let hour = 0; hour < 48; hour += 6) {
      one.clock.advance(6 * 60 * 60);
      expect((await one.smart.keyring.signingKey()).kid).toBe(first);
    }
    one.clock.advance(LIMITS.signingKeyAgeMsMax / 1000);
    expect((await one.smart.keyring.signingKey()).kid).not.toBe(first);
  });
});
