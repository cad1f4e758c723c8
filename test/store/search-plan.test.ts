import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SearchFilter, SearchSort } from '../../src/fhir/search-request.ts';
import { buildAuditSearch } from '../../src/store/sql/audit-search.ts';
import { buildSearch } from '../../src/store/sql/build-search.ts';
import { buildChanges } from '../../src/store/sql/list-changes.ts';
import { readPatientFacts, readWithFacts } from '../../src/store/sql/patient-facts.ts';
import { runSearch } from '../../src/store/sql/run-search.ts';
import type { Sql } from '../../src/store/sql/statement.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import type { ChangeRequest } from '../../src/store/store.ts';
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
const chainOfTwo: SearchFilter = { kind: 'chain', param: 'based-on', targetType: 'CarePlan', filter: chain };
const has: SearchFilter = { kind: 'has', source: 'Observation', param: 'patient', filter: tokenFilter('code', 'x') };
const quantity: SearchFilter = {
  kind: 'quantity',
  param: 'value-quantity',
  values: [{ prefix: 'gt', value: 5, low: 4.5, high: 5.5, code: 'mg' }],
};
const composite: SearchFilter = {
  kind: 'composite',
  param: 'code-value-quantity',
  values: [
    [
      { kind: 'token', value: { code: 'x' } },
      { kind: 'quantity', value: { prefix: 'eq', value: 5, low: 4.5, high: 5.5 } },
    ],
  ],
};
const identifier: SearchFilter = {
  kind: 'any',
  filters: [chain, tokenFilter('subject:identifier', '9990000018', 'https://fhir.nhs.uk/Id/nhs-number')],
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
    ['a quantity', [quantity]],
    ['a code with its value', [composite]],
    ['words', [{ kind: 'text', param: 'code', values: ['referral'] }]],
    ['an address', [{ kind: 'uri', param: 'url', match: 'exact', values: ['http://x.example/a'] }]],
    ['a chain of two', [chainOfTwo]],
    ['what refers to it', [has]],
    ['what refers to it, by status', [has, patient, tokenFilter('status', 'active')]],
    ['an identifier, in the reference or behind it', [identifier, quantity]],
    [
      'everything',
      [identifier, has, composite, quantity, named, recent, patient, chain, tokenFilter('status', 'active')],
    ],
  ] as [string, SearchFilter[]][])(
    'looks up %s by parameter and value or by resource, and walks no type',
    (_what, filters) => {
      for (const sort of [[], [newest]]) {
        for (const step of planOf(filters, sort)) {
          // Steps over rows that were found, and a resource by its own key, are as good.
          if (/^SCAN f1$|^CO-ROUTINE|PRIMARY KEY \(type=\? AND id=\?\)/.test(step)) continue;
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

describe('the plan of a history', () => {
  const plan = (request: Partial<ChangeRequest>): string[] => {
    const database = new DatabaseSync(join(folder, 'ginnel.db'));
    try {
      const whole: ChangeRequest = { types: ['Patient'], order: 'newest', limit: 10, ...request };
      const { text, params } = buildChanges(whole, whole.types);
      return database
        .prepare(`EXPLAIN QUERY PLAN ${text}`)
        .all(...params)
        .map(({ detail }) => String(detail));
    } finally {
      database.close();
    }
  };
  const after = { type: 'Patient', id: 'a', version: 1, lastUpdated: '2026-01-05T09:00:00.000Z' };

  it('of a type is read off its index in order, from wherever the page begins', () => {
    for (const request of [{}, { after }, { since: after.lastUpdated }, { order: 'oldest' as const, after }]) {
      const steps = plan(request);
      expect(steps[0]).toMatch(/^SEARCH v USING INDEX version_changed \(type=\?/);
      expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
    }
    expect(plan({ after })[0]).toContain('last_updated<?');
  });

  it('of one resource is read off its versions', () => {
    for (const request of [{ id: 'a' }, { id: 'a', after }]) {
      const steps = plan(request);
      expect(steps[0]).toMatch(/^SEARCH v USING INDEX sqlite_autoindex_version_1 \(type=\? AND id=\?/);
      expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
    }
  });
});

describe('the audit in SQLite', () => {
  it('is looked up by patient in each of its stretches, and not read through', () => {
    const database = new DatabaseSync(join(folder, 'ginnel.db'));
    try {
      for (const order of ['up', 'down'] as const) {
        const { text, params } = buildAuditSearch({ ...searchOf([patient]), type: 'AuditEvent' }, order, undefined);
        const steps = database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...params);
        expect(String(steps[0]?.detail)).toMatch(/USING INDEX audit_patient \(ANY\(<expr>\) AND patient=\?\)/);
      }
    } finally {
      database.close();
    }
  });
});

describe('the texts of searches', () => {
  it('are few, whatever pages are asked for, and bind no LIMIT', () => {
    const texts = new Set(
      Array.from({ length: 200 }, (_, n) => buildSearch(searchOf([patient], { count: n + 1 })).text),
    );
    expect(texts.size).toBe(8);
    for (const text of texts) expect(text).not.toContain('LIMIT ?');
  });
});

describe('the labels of a record', () => {
  const limits = { clauses: [], patient: undefined, unrestrictedOnly: false, consent: undefined };
  const anyone = { whose: 'anyone' as const, filters: [], hiddenLabels: ['R', 'V'] };

  /** The statements that something asks of a store in which there is nothing. */
  const asked = async (ask: (driver: Parameters<typeof runSearch>[0]) => Promise<unknown>): Promise<Sql[]> => {
    const statements: Sql[] = [];
    const query = async (statement: Sql) => {
      statements.push(statement);
      return [];
    };
    await ask({ query, search: query, apply: async () => ({ ok: true, rows: [] }), close: async () => {} });
    return statements;
  };

  it.each<[string, Parameters<typeof asked>[0]]>([
    ['a read', (driver) => readWithFacts(driver, { type: 'ServiceRequest', id: 'r1', organisations: [] })],
    [
      'a read that asks who is related',
      (driver) => readWithFacts(driver, { type: 'Task', id: 'r', organisations: ['a'] }),
    ],
    [
      'a search of a record',
      (driver) =>
        runSearch(driver, searchOf([patient], { access: { ...limits, clauses: [anyone] } }), {
          patient: 'p1',
          organisations: [],
        }),
    ],
    ['the facts of a patient', (driver) => readPatientFacts(driver, { patients: ['p1'], organisations: [] })],
    ['the facts of several', (driver) => readPatientFacts(driver, { patients: ['p1', 'p2'], organisations: ['a'] })],
  ])('are looked up for %s by an index of their own, which no other search is taken for', async (_what, ask) => {
    const database = new DatabaseSync(join(folder, 'ginnel.db'));
    try {
      const [statement, ...more] = await asked(ask);
      expect(more).toEqual([]);
      const steps = database.prepare(`EXPLAIN QUERY PLAN ${statement?.text}`).all(...(statement?.params ?? []));
      const ofTokens = steps.map(({ detail }) => String(detail)).filter((step) => /\btoken/.test(step));
      expect(ofTokens).toEqual([expect.stringMatching(/INDEX token_confidential \(patient=\?/)]);
      const [index] = database.prepare("SELECT sql FROM sqlite_schema WHERE name = 'token_confidential'").all();
      expect(String(index?.sql)).not.toMatch(/(?:param|code) (?:=|IN)/);
    } finally {
      database.close();
    }
  });
});
