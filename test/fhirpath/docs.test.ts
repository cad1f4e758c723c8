import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHAPTERS, FHIR_FUNCTIONS, UNSUPPORTED } from '../../src/fhirpath/functions.ts';
import { evaluate, evaluateFhir, issuesOf } from './evaluate.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/fhirpath.md'), 'utf8');
const ROW = /^\| ([^|]+) \| `(.+)` \| `(.+)` \|$/gm;
const examples = [...page.matchAll(ROW)].map(([, chapter = '', source = '', result = '']) => ({
  chapter,
  source: source.replaceAll('\\|', '|'),
  result,
}));
const patient = {
  resourceType: 'Patient',
  birthDate: '1941-03-07',
  _birthDate: { extension: [{ url: 'urn:time', valueTime: '09:30:00' }] },
  generalPractitioner: [{ reference: 'Organization/o1' }],
};

describe('docs/fhirpath.md', () => {
  for (const { chapter, source, result } of examples) {
    it(`is right that ${source} gives ${result}`, () => {
      const variables = { v: [{ a: { b: 1 }, c: [2] }] };
      const found = chapter === 'FHIR' ? evaluateFhir(source, patient) : evaluate(source, {}, { variables });
      expect(found.map((value) => JSON.stringify(value)).join(' ')).toBe(result);
    });
  }

  it('has an example of every function', () => {
    const tables = { ...CHAPTERS, FHIR: FHIR_FUNCTIONS };
    const missing = Object.entries(tables).flatMap(([chapter, table]) =>
      Object.keys(table)
        .filter((name) => !examples.some((one) => one.chapter === chapter && one.source.includes(`${name}(`)))
        .map((name) => `${chapter}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('names every function that is not supported, with what to do', () => {
    for (const [name, reason] of UNSUPPORTED) {
      expect(page).toContain(`| \`${name}()\` | ${reason} |`);
      expect(issuesOf(`${name}('x')`, { dialect: 'fhir' }).map((one) => one.code)).toEqual(['fhirpath-unsupported']);
    }
  });
});
