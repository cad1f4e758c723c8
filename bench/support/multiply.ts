import type { StoreTables } from '../../src/store/maintain/tables.ts';
import { idOfPerson } from './growth-people.ts';

/** People of one transaction. */
const PEOPLE_AT_ONCE = 5_000;

/**
 * Makes many people of the first one: every row of every table that is about a resource of the first is there for each
 * of the others, with its id in place of the first one's. They are the rows that the store wrote for the first.
 */
export async function multiplyPerson(store: StoreTables, people: number): Promise<void> {
  const first = idOfPerson(0);
  const inserts: ((from: number, to: number) => string)[] = [];
  for (const { name, columns } of await store.tables()) {
    if (!columns.includes('type') || !columns.includes('id')) continue;
    const copied = `first_${name}`;
    await store.run({
      text: `CREATE TEMPORARY TABLE ${copied} AS SELECT ${columns.join(', ')} FROM ${name} WHERE id LIKE '${first}%'`,
      params: [],
    });
    const { rows } = await store.run({ text: `SELECT * FROM ${copied}`, params: [] });
    if (rows.length === 0) continue;
    const values = columns.map((column) =>
      rows.some((row) => typeof row[column] === 'string') ? `replace(f.${column}, '${first}', n.id)` : `f.${column}`,
    );
    inserts.push(
      (from, to) => `INSERT INTO ${name} (${columns.join(', ')})
        WITH RECURSIVE numbers (n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${to}),
          n (id) AS (SELECT 'g' || substr(CAST(10000000 + n AS TEXT), 2) FROM numbers)
        SELECT ${values.join(', ')} FROM n CROSS JOIN ${copied} f`,
    );
  }
  for (let from = 1; from < people; from += PEOPLE_AT_ONCE) {
    await store.write(async () => {
      const to = Math.min(people, from + PEOPLE_AT_ONCE);
      for (const insert of inserts) await store.run({ text: insert(from, to), params: [] });
    });
  }
  await store.shrink();
}
