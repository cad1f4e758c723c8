import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SearchFilter } from '../../src/fhir/search-request.ts';
import { createRewriter } from '../../src/store/postgres/rewrite.ts';
import { buildSearch } from '../../src/store/sql/build-search.ts';
import { readWithFacts } from '../../src/store/sql/patient-facts.ts';
import type { Sql } from '../../src/store/sql/statement.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { searchOf } from './support/samples.ts';

let server: TestPostgres;
let client: Client;
beforeAll(async () => {
  server = await startTestPostgres();
  client = new Client({ connectionString: await server.takeDatabase() });
  await client.connect();
  // One in ten has an exact text, as a name has; the others are the words beside a code.
  await client.query(`INSERT INTO string (type, param, folded, exact, id)
    SELECT 'Patient', 'name', 'n' || n, CASE WHEN n % 10 = 0 THEN 'N' || n ELSE '' END, 'p' || n FROM generate_series(1, 20000) n`);
  await client.query(`INSERT INTO resource (type, id, version, last_updated, deleted)
    SELECT 'Patient', 'p' || n, 1, '2026-01-05T09:00:00.000Z', 0 FROM generate_series(1, 20000) n`);
  await client.query('ANALYZE');
});
afterAll(async () => {
  await client.end();
  await server.stop();
});

/** As a statement that was prepared, for an EXPLAIN of its own would be planned with the values in any case. */
async function planOf(filter: SearchFilter, mode: string): Promise<string> {
  return planOfStatement(buildSearch({ ...searchOf([filter]), type: 'Patient' }), mode);
}

async function planOfStatement(statement: Sql, mode: string): Promise<string> {
  const { text, values } = createRewriter().unnamed(statement);
  await client.query(`SET plan_cache_mode = ${mode}`);
  await client.query(`PREPARE asked AS ${text}`);
  const given = values.map((value) => client.escapeLiteral(String(value))).join(', ');
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE asked (${given})`);
  await client.query('DEALLOCATE asked');
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

describe('the plan of a search on PostgreSQL', () => {
  it.each([
    ['one exact text', ['N500']],
    ['several', ['N500', 'N510']],
  ])(
    'looks up %s in the index of those alone that have one, whether or not the values are known',
    async (_what, values) => {
      for (const mode of ['force_custom_plan', 'force_generic_plan']) {
        expect(await planOf({ kind: 'string', param: 'name', match: 'exact', values }, mode)).toMatch(
          /Index (Only )?Scan using string_exact on string f0/,
        );
      }
    },
  );
});

describe('the plan of a read on PostgreSQL', () => {
  it('looks for labels of the record in the index of those alone that have one', async () => {
    await client.query(`INSERT INTO token (type, param, code, system, id, patient)
      SELECT 'Task', CASE WHEN n % 2 = 0 THEN '_security' ELSE 'status' END, CASE WHEN n % 500 = 0 THEN 'R' ELSE 'N' END, '',
        't' || n, 'p' || n FROM generate_series(1, 20000) n`);
    await client.query('ANALYZE');
    for (const organisations of [[], ['Organization/a']]) {
      const asked: Sql[] = [];
      const query = async (statement: Sql) => {
        asked.push(statement);
        return [];
      };
      const driver = {
        query,
        search: query,
        apply: async () => ({ ok: true as const, rows: [] }),
        close: async () => {},
      };
      await readWithFacts(driver, { type: 'Task', id: 't500', organisations });
      for (const mode of ['force_custom_plan', 'force_generic_plan']) {
        const plans = await Promise.all(asked.map((statement) => planOfStatement(statement, mode)));
        expect(plans).toEqual([expect.stringMatching(/Index (?:Only )?Scan using token_confidential on token/)]);
      }
    }
  });
});
