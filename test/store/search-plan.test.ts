import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SearchFilter, SearchSort } from '../../src/fhir/search-request.ts';
import { buildSearch } from '../../src/store/sql/build-search.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import { searchOf, tokenFilter } from './support/samples.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ginnel-store-'));
  await openSqliteStore({ folder }).close();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** How SQLite would run a search, a step a line, without the steps that fetch the page. */
function planOf(filters: readonly SearchFilter[], sort: readonly SearchSort[] = []): string[] {
  const database = new DatabaseSync(join(folder, 'ginnel.db'));
  try {
    const { text, params } = buildSearch(searchOf(filters, { sort }));
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...params);
    return steps.map(({ detail }) => String(detail)).filter((step) => /\bf\d\b/.test(step));
  } finally {
    database.close();
  }
}

const patient: SearchFilter = {
  kind: 'reference',
  param: 'patient',
  values: [{ targetType: 'Patient', target: 'p1' }],
};
const recent: SearchFilter = { kind: 'date', param: 'authored', values: [{ prefix: 'ge', low: 1, high: 2 }] };
const named: SearchFilter = { kind: 'string', param: 'name', match: 'starts', values: ['a', 'b'] };
const chain: SearchFilter = {
  kind: 'chain',
  param: 'subject',
  targetType: 'Patient',
  filter: tokenFilter('identifier', '9990000018', 'https://fhir.nhs.uk/Id/nhs-number'),
};
const newest: SearchSort = { param: '_lastUpdated', descending: true };

describe('the plan of a search', () => {
  it('is led by the patient, however the filters stand, and tests the status by resource', () => {
    for (const filters of [
      [patient, tokenFilter('status', 'active')],
      [tokenFilter('status', 'active'), patient],
    ]) {
      expect(planOf(filters)).toEqual([
        'SEARCH f0 USING PRIMARY KEY (type=? AND param=? AND target=? AND target_type=?)',
        'SEARCH f1 EXISTS USING COVERING INDEX token_resource (type=? AND id=? AND param=? AND code=?)',
      ]);
    }
  });

  it('is led through a chain by what the chain finds', () => {
    expect(planOf([chain, recent])).toEqual([
      'SEARCH f0 USING PRIMARY KEY (type=? AND param=? AND target=? AND target_type=?)',
      'SEARCH f1 USING PRIMARY KEY (type=? AND param=? AND code=? AND system=?)',
      'SEARCH f1 EXISTS USING COVERING INDEX date_resource (type=? AND id=? AND param=?)',
    ]);
  });

  it.each([
    ['a token', [tokenFilter('status', 'active')]],
    [
      'several tokens',
      [{ kind: 'token', param: 'code', not: false, values: [{ code: 'x' }, { code: 'y', system: '' }] }],
    ],
    ['several references', [{ ...patient, values: [{ target: 'p1' }, { target: 'p2', targetType: 'Patient' }] }]],
    ['a date', [recent]],
    ['an exact date', [{ kind: 'date', param: 'authored', values: [{ prefix: 'eq', low: 1, high: 2 }] }]],
    ['beginnings of a name', [named]],
    ['everything', [named, recent, patient, chain, tokenFilter('status', 'active')]],
  ] as [string, SearchFilter[]][])(
    'looks up %s by parameter and value or by resource, and walks no type',
    (_what, filters) => {
      for (const sort of [[], [newest]]) {
        for (const step of planOf(filters, sort)) {
          expect(step).toMatch(/\(type=\? AND (param=\? AND (code|target|low|high|folded)[=<>]|id=\? AND param=\?)/);
        }
      }
    },
  );

  it('walks the resources in their order when there is no filter', () => {
    expect(planOf([])).toEqual(['SEARCH f0 USING PRIMARY KEY (type=?)']);
    expect(planOf([], [newest])).toEqual([expect.stringContaining('resource_updated (type=?)')]);
  });
});
