import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** A promise is worth what proves it: each test that the safety and security pages name is there. */
const root = resolve(import.meta.dirname, '../..');
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');
const SAFETY = 'docs/clinical-safety';

function rowsOf(text: string, head: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  expect(start, `a table that begins with ${head}`).toBeGreaterThan(-1);
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'));
  return lines.slice(start + 2, end === -1 ? undefined : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const namedIn = (text: string): string[] => [...text.matchAll(/`(test\/[^`\s]*)`/g)].map(([, name = '']) => name);

describe('the tests that a page names', () => {
  const pages = ['docs/security.md', ...readdirSync(join(root, SAFETY)).map((file) => `${SAFETY}/${file}`)];

  it.each(pages)('exist: %s', (page) => {
    expect(namedIn(textOf(page)).filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  it('are there for every promise and every door of the security page', () => {
    const security = textOf('docs/security.md');
    for (const [promise = '', , proof = ''] of rowsOf(security, 'promise')) {
      expect(namedIn(proof), promise).not.toEqual([]);
    }
    for (const cells of rowsOf(security, 'door')) expect(namedIn(cells.join()).length, cells[0]).toBeGreaterThan(1);
  });
});

describe('the hazard log', () => {
  const hazards = rowsOf(textOf(`${SAFETY}/hazard-log.md`), 'id');
  const matrix = new Map(
    rowsOf(textOf(`${SAFETY}/clinical-risk-management-plan.md`), 'likelihood | Minor').map(
      ([likelihood = '', ...risks]) => [likelihood, risks.map(Number)],
    ),
  );
  const SEVERITIES = ['Minor', 'Significant', 'Considerable', 'Major', 'Catastrophic'];
  const riskOf = (severity = '', likelihood = ''): number | undefined =>
    matrix.get(likelihood)?.[SEVERITIES.indexOf(severity)];

  it('numbers its hazards, each once', () => {
    expect(hazards.length).toBeGreaterThan(15);
    expect(hazards.map(([id]) => id)).toEqual(hazards.map((_, at) => `H${String(at + 1).padStart(2, '0')}`));
  });

  it.each(hazards.map((cells): [string, string[]] => [cells[0] ?? '', cells]))(
    '%s has cause, effect, a control, a test that proves it, and risks that the matrix gives',
    (_id, cells) => {
      expect(cells).toHaveLength(12);
      expect(cells.every((cell) => cell !== '')).toBe(true);
      const [, , , , severity, before, riskBefore, , proof = '', after, riskAfter] = cells;
      expect(namedIn(proof).length).toBeGreaterThan(0);
      expect(Number(riskBefore)).toBe(riskOf(severity, before));
      expect(Number(riskAfter)).toBe(riskOf(severity, after));
      expect(Number(riskAfter)).toBeLessThanOrEqual(3);
      expect(Number(riskAfter)).toBeLessThanOrEqual(Number(riskBefore));
    },
  );
});
