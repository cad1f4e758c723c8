import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Resource } from '@medplum/fhirtypes';
import { afterAll, describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createIndexer } from '../../src/fhir/index-resource.ts';
import { parseSearch } from '../../src/fhir/parse-search.ts';
import { checkStore } from '../../src/store/maintain/check-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import { openSqliteTables } from '../../src/store/sqlite/open-sqlite-tables.ts';
import { commitOf, sampleWrite } from './support/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'ginnel-reindex-'));
afterAll(() => rmSync(folder, { recursive: true }));

const definitions = openDefinitions();
const indexer = createIndexer(definitions);

async function find(query: string): Promise<string[]> {
  const parsed = parseSearch('Observation', new URLSearchParams(query), definitions);
  if (!parsed.ok) throw new Error(parsed.issues.map(({ text }) => text).join());
  const store = openSqliteStore({ folder });
  const { matches } = await store.search(parsed.value);
  await store.close();
  return matches.map(({ id }) => id);
}

describe('a store that was filled before there was a parameter', () => {
  it('finds what it holds by it once its rows have been made again', async () => {
    const observation = {
      resourceType: 'Observation',
      id: 'o1',
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '8480-6', display: 'Systolic blood pressure' }] },
      valueQuantity: { value: 142, unit: 'mmHg' },
    };
    const { index, patient } = indexer.index(observation as Resource);
    const store = openSqliteStore({ folder });
    const write = sampleWrite('o1', { type: 'Observation', index, patient, content: JSON.stringify(observation) });
    expect(await store.commit(commitOf({ writes: [write] }))).toEqual({ ok: true });
    await store.close();
    const database = new DatabaseSync(join(folder, 'ginnel.db'));
    database.exec("DELETE FROM quantity; DELETE FROM composite; DELETE FROM string WHERE param = 'code'");
    database.close();
    const searches = ['value-quantity=gt140', 'code-value-quantity=8480-6$142', 'code:text=systolic'];
    for (const query of searches) expect([query, await find(query)]).toEqual([query, []]);
    expect(await find('code=8480-6')).toEqual(['o1']);

    const tables = openSqliteTables({ folder });
    const { repaired } = await checkStore(await tables, { indexer, all: true, repair: true });
    await (await tables).close();
    expect(repaired).toBe(1);
    for (const query of searches) expect([query, await find(query)]).toEqual([query, ['o1']]);
  });
});
