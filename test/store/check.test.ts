import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createIndexer } from '../../src/fhir/index-resource.ts';
import { stampWrite } from '../../src/message/plan.ts';
import { type CheckOptions, type CheckResult, checkStore } from '../../src/store/maintain/check-store.ts';
import type { Store } from '../../src/store/store.ts';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { type Engines, type Place, startEngines } from './support/both-engines.ts';
import { at, commitOf, sampleDelivery, sampleMessage, searchOf, tokenFilter } from './support/samples.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await startEngines();
});
afterAll(() => engines.stop());

const indexer = createIndexer(openDefinitions(), { baseUrl: 'http://localhost/fhir' });
const PATIENTS = ['p1', 'p2'];
const nhsNumbers = testNhsNumbers(PATIENTS.length);

function patient(id: string, version = 1) {
  const value = nhsNumbers[PATIENTS.indexOf(id)] ?? '';
  const resource = {
    resourceType: 'Patient' as const,
    identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value }],
    name: [{ family: 'Snark', given: ['Zoë'] }],
    birthDate: '1949-03-02',
    generalPractitioner: [{ reference: 'Organization/north' }],
  };
  const stamp = { id, version, lastUpdated: at(version), source: undefined, claims: [], messageId: null };
  return stampWrite(resource, stamp, indexer);
}

function request(id: string) {
  const resource = {
    resourceType: 'ServiceRequest' as const,
    status: 'active' as const,
    intent: 'order' as const,
    subject: { reference: 'Patient/p1' },
    identifier: [{ system: 'https://x.example', value: id }],
    authoredOn: '2026-01-05',
  };
  const claims = [{ system: 'https://x.example', value: id }];
  const stamp = { id, version: 1, lastUpdated: at(1), source: undefined, claims, messageId: `m-${id}` };
  return stampWrite(resource, stamp, indexer);
}

async function fill(store: Store): Promise<void> {
  await store.commit(commitOf({ writes: PATIENTS.map((id) => patient(id)) }));
  await store.commit(commitOf({ writes: [patient('p1', 2)] }));
  for (const id of ['s1', 's2', 's3']) {
    const deliveries = [sampleDelivery(`d-${id}`, { lane: 'p1', resourceId: id, messageId: `m-${id}` })];
    await store.commit(commitOf({ message: sampleMessage(`m-${id}`), writes: [request(id)], deliveries }));
  }
}

describe.each(['SQLite', 'PostgreSQL'] as const)('a check of a %s store', (engine) => {
  let place: Place;
  let store: Store;
  beforeEach(async () => {
    place = await engines.newPlace(engine);
    store = await place.openStore();
    await fill(store);
  });

  async function check(more: Partial<CheckOptions> = {}): Promise<CheckResult> {
    const tables = await place.openTables();
    try {
      return await checkStore(tables, { indexer, all: true, repair: false, ...more });
    } finally {
      await tables.close();
    }
  }

  const codes = ({ issues }: CheckResult): string[] => issues.map(({ code, at: place }) => `${code} ${place}`);

  it('finds nothing in a store that nothing was done to, by all or by a sample', async () => {
    expect(await check()).toEqual({ issues: [], repaired: 0, compared: 5 });
    expect(await check({ all: false })).toEqual({ issues: [], repaired: 0, compared: 5 });
  });

  const DERIVABLE: readonly [string, string, readonly string[]][] = [
    [
      'an index row is missing',
      `DELETE FROM token WHERE id = 's1' AND param = 'status'`,
      ['store-index-wrong ServiceRequest/s1'],
    ],
    [
      'an index row says something else',
      `UPDATE date SET low = low - 1 WHERE id = 's2'`,
      ['store-index-wrong ServiceRequest/s2'],
    ],
    [
      'there is an index row too many',
      `INSERT INTO string (type, param, folded, exact, id) VALUES ('Patient', 'family', 'boojum', 'Boojum', 'p2')`,
      ['store-index-wrong Patient/p2'],
    ],
    [
      'there are index rows of what never was',
      `INSERT INTO reference (type, param, target, target_type, id) VALUES ('Task', 'focus', 's1', 'ServiceRequest', 't1')`,
      ['store-index-wrong Task/t1'],
    ],
    [
      'a relationship is missing',
      'DELETE FROM relationship',
      ['store-index-wrong Patient/p1', 'store-index-wrong Patient/p2'],
    ],
    [
      'an NHS number is not held by its Patient alone',
      `DELETE FROM identifier WHERE id = 'p1'`,
      ['store-claim-wrong Patient/p1'],
    ],
    [
      'an identifier is held by a resource that does not carry it',
      `UPDATE identifier SET value = 'other' WHERE id = 's1'`,
      ['store-claim-wrong ServiceRequest/s1'],
    ],
    [
      'the current version is not the newest',
      `UPDATE resource SET version = 1 WHERE id = 'p1'`,
      ['store-version-wrong Patient/p1'],
    ],
    ['a resource has only versions', `DELETE FROM resource WHERE id = 's3'`, ['store-version-wrong ServiceRequest/s3']],
    ['a lane counts wrongly', 'UPDATE lane SET waiting = 9', ['store-lane-wrong district-nurses, lane p1']],
    ['a lane is blocked by nothing', 'UPDATE lane SET blocked = 1', ['store-lane-wrong district-nurses, lane p1']],
    ['a lane is missing', 'DELETE FROM lane', ['store-lane-wrong district-nurses, lane p1']],
    [
      'a lane is there for nothing',
      `INSERT INTO lane (partner, lane, waiting, due_at) VALUES ('council', 'p9', 1, '2026-01-01T00:00:00.000Z')`,
      ['store-lane-wrong council, lane p9'],
    ],
  ];

  it.each(DERIVABLE)('finds that %s, and mends it', async (_what, tampering, expected) => {
    await place.tamper(tampering);
    expect(new Set(codes(await check()))).toEqual(new Set(expected.concat(...alsoFound(tampering))));
    const mended = await check({ repair: true });
    expect(mended.issues).toEqual([]);
    expect(mended.repaired).toBeGreaterThanOrEqual(expected.length);
    expect(await check()).toMatchObject({ issues: [] });
    expect(await store.search(searchOf([tokenFilter('status', 'active')]))).toHaveProperty('matches.length', 3);
    expect(await store.findByIdentifier('ServiceRequest', { system: 'https://x.example', value: 's1' })).toEqual([
      's1',
    ]);
    const claimed = await store.claimDeliveries({ owner: 'w', now: at(99), leaseUntil: at(129), limit: 9 });
    expect(claimed.map(({ id }) => id)).toEqual(['d-s1']);
  });

  /** What follows from the same fault by another rule. */
  function alsoFound(tampering: string): string[] {
    if (!tampering.startsWith('DELETE FROM resource')) return [];
    return ['store-index-wrong ServiceRequest/s3', 'store-claim-wrong ServiceRequest/s3'];
  }

  it('finds what nothing can be derived from, and leaves it to people', async () => {
    const body = engine === 'SQLite' ? `x'00'` : `'\\x00'`;
    await place.tamper(`INSERT INTO message_body (message_id, body) VALUES ('lost', ${body});
      INSERT INTO attempt (delivery_id, number, at, outcome, duration_ms, issues) VALUES ('lost', 1, '', 'retry', 1, '[]');
      UPDATE delivery SET resource_version = 7 WHERE id = 'd-s2';
      DELETE FROM message WHERE id = 'm-s3'; DELETE FROM message_body WHERE message_id = 'm-s3'`);
    for (const repair of [false, true]) {
      expect(new Set(codes(await check({ repair })))).toEqual(
        new Set([
          'store-orphan message lost',
          'store-orphan delivery lost',
          'store-orphan delivery d-s2',
          'store-orphan ServiceRequest/s3/_history/1',
          'store-orphan delivery d-s3',
        ]),
      );
    }
  });

  it('finds a hole in a history', async () => {
    await store.commit(commitOf({ writes: [patient('p1', 3)] }));
    await place.tamper(
      engine === 'SQLite'
        ? `PRAGMA foreign_keys = OFF; DELETE FROM version WHERE id = 'p1' AND version = 2`
        : `SET session_replication_role = replica; DELETE FROM version WHERE id = 'p1' AND version = 2`,
    );
    expect(codes(await check({ all: false }))).toContain('store-version-wrong Patient/p1');
  });
});
