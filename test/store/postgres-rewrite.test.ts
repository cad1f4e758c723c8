import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import { createRewriter } from '../../src/store/postgres/rewrite.ts';
import { FENCE, limitSql, SKIP_LOCKED, sql, TESTED } from '../../src/store/sql/statement.ts';

describe('our SQL for PostgreSQL', () => {
  it('numbers the placeholders and puts its own words for what we mark', () => {
    const { text } = createRewriter().unnamed({
      text: `SELECT a FROM b WHERE c = ? AND EXISTS (SELECT 1 FROM d WHERE e ${TESTED} = ? ${FENCE}) LIMIT ? ${SKIP_LOCKED}`,
      params: [],
    });
    expect(text).toBe(
      "SELECT a FROM b WHERE c = $1 AND EXISTS (SELECT 1 FROM d WHERE e || '' = $2 OFFSET 0) LIMIT $3 FOR UPDATE SKIP LOCKED",
    );
  });

  it('has the database count the rows that a statement must touch', () => {
    const { text, returnsRows } = createRewriter().named({ text: 'DELETE FROM a WHERE b = ?', params: [1], rows: 2 });
    expect(text).toBe(
      'WITH touched AS (DELETE FROM a WHERE b = $1 RETURNING 1) SELECT require_rows(count(*), 2) FROM touched',
    );
    expect(returnsRows).toBe(false);
  });

  it('gives one text one name, whatever its values, and texts beyond the bound none', () => {
    const rewriter = createRewriter();
    const nameOf = (text: string, ...params: number[]) => rewriter.named({ text, params }).name;
    const first = nameOf('SELECT ?', 1);
    expect(first).not.toBe('');
    expect(nameOf('SELECT ?', 2)).toBe(first);
    const names = Array.from({ length: LIMITS.storeStatementsMax }, (_, n) => nameOf(`SELECT ${n} + ?`, n));
    expect(new Set([first, ...names.slice(0, -1)]).size).toBe(LIMITS.storeStatementsMax);
    expect(names.at(-1)).toBe('');
    expect(nameOf('SELECT ?', 3)).toBe(first);
  });

  it('binds numbers of rows, behind the other values, so that one statement serves every page', () => {
    const rewriter = createRewriter();
    const page = (count: number) => rewriter.named(sql`SELECT a FROM b WHERE c = ${'x'} LIMIT ${limitSql(count)}`);
    expect(page(11)).toMatchObject({ text: 'SELECT a FROM b WHERE c = $1 LIMIT $2', values: ['x', '11'] });
    expect(page(51)).toEqual({ ...page(11), values: ['x', '51'] });
    for (let count = 0; count < 3 * LIMITS.storeTextsMax; count += 1) page(count);
    expect(page(7)).toEqual({ ...page(11), values: ['x', '7'] });
    const alone = rewriter.unnamed(sql`SELECT a FROM b LIMIT ${limitSql(3)}`);
    expect([alone.text, alone.values]).toEqual(['SELECT a FROM b LIMIT 3', []]);
  });

  it('names nothing that was composed for one request', () => {
    const rewriter = createRewriter();
    rewriter.named({ text: 'SELECT ?', params: [1] });
    expect(rewriter.unnamed({ text: 'SELECT ?', params: [1] }).name).toBe('');
  });
});
