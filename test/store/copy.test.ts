import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyStore } from '../../src/store/maintain/copy-store.ts';
import type { StoreTables } from '../../src/store/maintain/tables.ts';
import type { Store } from '../../src/store/store.ts';
import { type Engines, type Place, startEngines } from './support/both-engines.ts';
import { commitNamed } from './support/named-commit.ts';
import {
  at,
  commitOf,
  reference,
  sampleAudit,
  sampleDelivery,
  sampleWrite,
  searchOf,
  token,
  tokenFilter,
} from './support/samples.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines.stop());

const PAIRS = [
  ['SQLite', 'PostgreSQL'],
  ['PostgreSQL', 'SQLite'],
  ['SQLite', 'SQLite'],
] as const;

/** Something of all a store can hold. */
async function fill(store: Store): Promise<void> {
  for (const name of ['one', 'two', 'three']) await store.commit(commitNamed(name));
  for (let version = 1; version <= 3; version += 1) {
    await store.commit(
      commitOf({
        writes: [
          sampleWrite('changed', {
            version,
            patient: 'p1',
            index: [
              token('status', `v${version}`),
              reference('patient', 'Patient', 'p1'),
              { kind: 'date', param: 'authored', low: -62_167_219_200_000, high: 253_402_300_799_999 },
              { kind: 'string', param: 'x-name', folded: 'zoe\u0000', exact: 'Zoë\u{1F600}\u0000' },
            ],
            organisations: ['Organization/north'],
          }),
        ],
        audit: [sampleAudit(`of version ${version}`, { patient: 'p1' })],
      }),
    );
  }
  await store.commit(commitOf({ writes: [sampleWrite('gone')] }));
  await store.commit(commitOf({ writes: [sampleWrite('gone', { version: 2, deleted: true, content: '' })] }));
  for (let n = 0; n < 4; n += 1)
    await store.commit(commitOf({ deliveries: [sampleDelivery(`d${n}`, { lane: 'long' })] }));
  const [head] = await store.claimDeliveries({ owner: 'w', now: at(9), leaseUntil: at(39), limit: 1 });
  await store.settleDelivery({
    ...{ id: head?.id ?? '', owner: 'w', at: at(10), durationMs: 3, audit: [] },
    outcome: { kind: 'delivered', status: 200 },
  });
  await store.setPartnerState({ partner: 'council', paused: true, openUntil: at(60) });
  await store.useAssertionId({ issuer: 'i', jti: 'j', expiresAt: at(99), now: at(0) });
}

async function filled(engine: StoreTables['engine']): Promise<Place> {
  const place = await engines.newPlace(engine);
  const store = await place.openStore();
  await fill(store);
  await store.close();
  return place;
}

async function open(from: Place, to: Place): Promise<[StoreTables, StoreTables]> {
  return [await from.openTables(), await to.openTables()];
}

describe.each(PAIRS)('a store moved from %s to %s', (fromEngine, toEngine) => {
  it('holds the same rows in every table that the database has, and goes on from there', async () => {
    const [from, to] = [await filled(fromEngine), await engines.newPlace(toEngine)];
    const [source, target] = await open(from, to);
    const result = await copyStore(source, target);
    await Promise.all([source.close(), target.close()]);
    for (const { name, from: read, to: written } of result.tables) expect([name, written]).toEqual([name, read]);
    expect(result).toMatchObject({ equal: true, sourceChanged: false });
    // No table is forgotten, whoever adds one.
    const copied = result.tables.map(({ name }) => name).sort();
    expect(copied).toEqual((await from.tableNames()).filter((name) => name !== 'migration').sort());
    expect(copied).toEqual((await to.tableNames()).filter((name) => name !== 'migration').sort());
    const rows = Object.fromEntries(result.tables.map(({ name, to: { rows: count } }) => [name, count]));
    expect(rows).toMatchObject({ version: 8, message: 3, message_body: 3, delivery: 7, attempt: 1, partner_state: 1 });
    expect(rows).toMatchObject({ assertion_id: 1, audit: 6, relationship: 1, string: 1, date: 1 });

    const [before, after] = [await from.openStore(), await to.openStore()];
    for (const store of [before, after]) {
      expect(await store.search(searchOf([tokenFilter('status', 'v3')]))).toMatchObject({
        matches: [{ id: 'changed' }],
      });
      expect(await store.useAssertionId({ issuer: 'i', jti: 'j', expiresAt: at(99), now: at(1) })).toBe(false);
      await store.commit(commitOf({ deliveries: [sampleDelivery('next')], audit: [sampleAudit('next')] }));
    }
    expect(await after.history('ServiceRequest', 'changed')).toEqual(await before.history('ServiceRequest', 'changed'));
    const body = async (store: Store) => Buffer.from((await store.messageBody('m-one')) ?? []).toString('hex');
    expect(await body(after)).toBe(await body(before));
    expect((await after.delivery('next'))?.seq).toBe((await before.delivery('next'))?.seq);
    const ids = async (store: Store) => (await store.audit()).map(({ id, seq }) => [id, seq]);
    expect(await ids(after)).toEqual(await ids(before));
    expect(await after.counts()).toEqual(await before.counts());
  });

  it('is refused where the target holds something, which stays as it is', async () => {
    const [from, to] = [await filled(fromEngine), await filled(toEngine)];
    const [source, target] = await open(from, to);
    await expect(copyStore(source, target)).rejects.toMatchObject({ issues: [{ code: 'store-unusable' }] });
    await Promise.all([source.close(), target.close()]);
    expect(await (await to.openStore()).counts()).toMatchObject({ resources: 4 });
  });

  it('is not opened by a gateway when it was broken off, and is finished by copying again', async () => {
    const [from, to] = [await filled(fromEngine), await engines.newPlace(toEngine)];
    const [source, target] = await open(from, to);
    let batches = 0;
    const insert: StoreTables['insert'] = async (table, rows) => {
      batches += 1;
      if (batches === 5) throw new Error('the cable was pulled');
      await target.insert(table, rows);
    };
    await expect(copyStore(source, { ...target, insert })).rejects.toThrow();
    await expect(to.openStore()).rejects.toMatchObject({ issues: [{ code: 'store-unusable' }] });
    expect(await copyStore(source, target)).toMatchObject({ equal: true });
    await Promise.all([source.close(), target.close()]);
    expect(await (await to.openStore()).counts()).toMatchObject({ resources: 4 });
  });

  it('says so when one character is not what it was, and stays closed', async () => {
    const [from, to] = [await filled(fromEngine), await engines.newPlace(toEngine)];
    const [source, target] = await open(from, to);
    const insert: StoreTables['insert'] = (table, rows) =>
      target.insert(
        table,
        rows.map((row) => row.map((value) => (value === 'of version 2' ? 'of version 9' : value))),
      );
    const result = await copyStore(source, { ...target, insert });
    expect(result.equal).toBe(false);
    const different = result.tables.filter((one) => one.from.hash !== one.to.hash).map(({ name }) => name);
    expect(different).toEqual(['audit']);
    await Promise.all([source.close(), target.close()]);
    await expect(to.openStore()).rejects.toMatchObject({ issues: [{ code: 'store-unusable' }] });
  });

  it('is one state of the source, and says that others wrote to it meanwhile', async () => {
    const [from, to] = [await filled(fromEngine), await engines.newPlace(toEngine)];
    const [source, target] = await open(from, to);
    const busy = await from.openStore();
    let wrote = false;
    const insert: StoreTables['insert'] = async (table, rows) => {
      if (!wrote) await busy.commit(commitNamed('meanwhile'));
      wrote = true;
      await target.insert(table, rows);
    };
    const result = await copyStore(source, { ...target, insert });
    expect(result).toMatchObject({ equal: true, sourceChanged: true });
    await Promise.all([source.close(), target.close(), busy.close()]);
    const copy = await to.openStore();
    expect(await copy.counts()).toMatchObject({ resources: 4 });
    expect(await copy.message('m-meanwhile')).toBeUndefined();
  });
});
