import { describe, expect, it } from 'vitest';
import { joinInserts } from '../../src/store/postgres/join-inserts.ts';
import { createRowInsert } from '../../src/store/sql/insert-rows.ts';

const insertDates = createRowInsert('date', 'type, param, low, id, patient', { lists: { low: 'bigint' } });
const insertStrings = createRowInsert('string', 'type, param, exact, id, patient', { lists: {} });
const insertVersions = createRowInsert('version', 'type, id');

const lists = (rows: readonly (readonly (string | number | null)[])[]) =>
  joinInserts(insertStrings(rows)).map(({ params }) => params);

describe('rows as lists for PostgreSQL', () => {
  it('say once what the rows of a resource share, and which resource each row is of', () => {
    const rows = [
      ['Task', 'a', 'x', '1', 'p'],
      ['Task', 'b', 'y', '1', 'p'],
      ['Task', 'a', 'x', '2', 'p'],
      ['Task', 'a', 'x', '2', null],
    ];
    expect(lists(rows)).toEqual([
      [
        '{1,1,2,3}',
        '{"a","b","a","a"}',
        '{"x","y","x","x"}',
        '{"Task","Task","Task"}',
        '{"1","2","2"}',
        '{"p","p",null}',
      ],
    ]);
  });

  it('escape what a list would be ended by, and nothing else', () => {
    const odd = ['"', '\\', 'a\nb', 'null', 'NULL', '{', ',', '', '\u00e9', '\u{1F600}', '\t"\\"'];
    expect(lists(odd.map((text) => ['Task', 'a', text, '1', 'p']))[0]?.[2]).toBe(
      `{${odd.map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`,
    );
  });

  it('are one statement for any number of rows, and another for each table', () => {
    const many = Array.from({ length: 40 }, (_, at) => ['Task', 'a', at, '1', 'p']);
    const statements = [
      ...insertVersions([['Task', '1']]),
      ...insertDates(many),
      ...insertStrings([['Task', 'a', 'x', '1', 'p']]),
    ];
    expect(statements).toHaveLength(5);
    const joined = joinInserts(statements);
    expect(joined.map(({ text }) => /^INSERT INTO (\w+)/.exec(text)?.[1])).toEqual(['version', 'date', 'string']);
    expect(joined[1]?.params[2]).toBe(`{${many.map(([, , low]) => low).join(',')}}`);
    expect(joined[1]?.text).toBe(joinInserts(insertDates(many.slice(0, 1)))[0]?.text);
  });
});
