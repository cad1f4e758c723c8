import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { compileFhirPath } from '../../src/fhirpath/compile-fhirpath.ts';
import { EvaluationError } from '../../src/fhirpath/evaluation-error.ts';
import { parseQuantity } from '../../src/fhirpath/quantity.ts';
import { readInput, readSuite, type SuiteCase } from '../support/fhirpath-suite.ts';

const data = process.env.GINNEL_CONFORMANCE_DATA;
const folder = data === undefined ? undefined : join(data, 'fhirpath');

/**
 * Cases in which the suite contradicts the text of the standard; our answer is that of the standard. What is listed
 * here must differ, so that a corrected suite shows.
 */
const STANDARD_AGAINST_SUITE: ReadonlyMap<string, string> = new Map([
  ['testPlusDate19', 'fractions of seconds count: the standard drops them for precisions above seconds only'],
  ['HighBoundaryDateTimeMillisecond1', 'the last instant of 08 is 08:59:59.999, as in the example of the standard'],
  ['HighBoundaryDateTimeMillisecond3', 'the last instant of 08 is 08:59:59.999, as in the example of the standard'],
]);

type Verdict = 'passes' | 'unsupported' | 'differs';

const verdicts = new Map<string, { readonly case: SuiteCase; readonly verdict: Verdict; readonly why: string }[]>();
if (folder !== undefined) {
  const definitions = openDefinitions();
  const inputs = new Map<string, unknown>();
  for (const one of readSuite(folder)) {
    const file = one.inputFile;
    if (file !== undefined && !inputs.has(file)) inputs.set(file, readInput(folder, file, definitions));
    const list = verdicts.get(one.group) ?? [];
    verdicts.set(one.group, list);
    list.push({ case: one, ...judge(one, file === undefined ? undefined : inputs.get(file)) });
  }
}

function judge(one: SuiteCase, input: unknown): { verdict: Verdict; why: string } {
  const place = { file: one.name, line: 1, column: 1 };
  const compiled = compileFhirPath(one.expression, {
    dialect: 'fhir',
    variables: new Set(),
    functions: new Map(),
    place,
  });
  if (!compiled.ok) {
    const why = compiled.issues.map((issue) => issue.text).join(' ');
    if (compiled.issues.every((issue) => issue.code === 'fhirpath-unsupported')) return { verdict: 'unsupported', why };
    return { verdict: one.invalid === undefined ? 'differs' : 'passes', why };
  }
  try {
    const budget = { steps: 1_000_000 };
    const found = compiled.value.evaluate(input, {
      variables: new Map(),
      now: new Date('2026-01-05T09:00:00Z'),
      budget,
    });
    const why = JSON.stringify(found);
    if (one.invalid !== undefined) return { verdict: 'differs', why };
    if (one.predicate)
      return { verdict: String(found.length > 0) === one.outputs[0]?.text ? 'passes' : 'differs', why };
    return { verdict: isExpected(one, found) ? 'passes' : 'differs', why };
  } catch (problem) {
    if (!(problem instanceof EvaluationError)) throw problem;
    return { verdict: one.invalid === undefined ? 'differs' : 'passes', why: problem.text };
  }
}

function isExpected(one: SuiteCase, found: readonly unknown[]): boolean {
  if (found.length !== one.outputs.length) return false;
  if (one.ordered) return one.outputs.every((output, index) => matches(output.text, found[index]));
  return one.outputs.every((output) => found.some((value) => matches(output.text, value)));
}

function matches(text: string, value: unknown): boolean {
  if (typeof value === 'boolean') return text === String(value);
  if (typeof value === 'number') return text.trim() !== '' && Number(text) === value;
  if (typeof value === 'string') return text.replace(/^@T?/, '') === value;
  const quantity = parseQuantity(text);
  return quantity !== undefined && JSON.stringify(quantity) === JSON.stringify(value);
}

describe.skipIf(folder === undefined)('HL7’s FHIRPath suite (skipped where GINNEL_CONFORMANCE_DATA is not set)', () => {
  it('has the cases we think it has', () => {
    expect([...verdicts.values()].flat().length).toBe(935);
  });

  for (const [group, cases] of verdicts) {
    it(`gives no wrong answer in ${group} (${cases.length} cases)`, () => {
      const differing = cases.filter(({ verdict }) => verdict === 'differs');
      const unexpected = differing.filter((one) => !STANDARD_AGAINST_SUITE.has(one.case.name));
      expect(unexpected.map((one) => `${one.case.name}: ${one.case.expression} → ${one.why}`)).toEqual([]);
    });
  }

  it('differs where the suite contradicts the standard, and nowhere else', () => {
    const differing = [...verdicts.values()].flat().filter(({ verdict }) => verdict === 'differs');
    expect(differing.map((one) => one.case.name).sort()).toEqual([...STANDARD_AGAINST_SUITE.keys()].sort());
  });

  it('refuses as unsupported only conformsTo', () => {
    const unsupported = [...verdicts.values()].flat().filter(({ verdict }) => verdict === 'unsupported');
    expect(unsupported.every((one) => one.case.expression.includes('conformsTo('))).toBe(true);
    expect(unsupported.length).toBe(3);
  });

  it('has the result that docs/fhirpath.md prints', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/fhirpath.md'), 'utf8');
    const rows = [...verdicts].map(([group, cases]) =>
      row(
        group,
        cases.map(({ verdict }) => verdict),
      ),
    );
    const total = row(
      '**all**',
      [...verdicts.values()].flat().map(({ verdict }) => verdict),
    );
    expect([...rows, total].filter((line) => !page.includes(line))).toEqual([]);
  });

  it('has the count by section that docs/mapping.md prints', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/mapping.md'), 'utf8');
    const sections = Map.groupBy(verdicts, ([group]) => sectionOf(group));
    const rows = [...sections].map(([section, groups]) =>
      row(
        section,
        groups.flatMap(([, cases]) => cases.map(({ verdict }) => verdict)),
      ),
    );
    const total = row(
      '**all**',
      [...verdicts.values()].flat().map(({ verdict }) => verdict),
    );
    expect([...rows, total].filter((line) => !page.includes(line))).toEqual([]);
  });
});

/** The sections of the standard (http://hl7.org/fhirpath/N1/) by the groups of the suite that are about them. */
const SECTIONS: readonly (readonly [string, RegExp])[] = [
  ['Existence', /^test(Exists|All|SubSetOf|SuperSetOf|CollectionBoolean|Distinct|Count)$/],
  ['Filtering and projection', /^test(Where|Select|Repeat)$/],
  ['Subsetting', /^test(Indexer|Single|FirstLast|Tail|Skip|Take|Intersect|Exclude)$/],
  ['Combining', /^test(Combine\(\)|Union)$/],
  ['Conversion', /^test(Iif|ToInteger|ToDecimal|ToString)$/],
  [
    'String manipulation',
    /^test(Case|ToChars|IndexOf|Substring|StartsWith|EndsWith|ContainsString|Matches|ReplaceMatches|Replace|Length|EncodeDecode|EscapeUnescape|Trim|Split|Join)$/,
  ],
  ['Math', /^test(Round|Sqrt|Abs|Ceiling|Exp|Floor|Ln|Log|Power|Truncate)$/],
  ['Utility functions, aggregates and sorting', /^test(Trace|Today|Now|Sort|Aggregate)$/],
  ['Boundaries, precision and comparable()', /^(LowBoundary|HighBoundary|Comparable|Precision)$/],
  ['Equality', /^test(Equality|NEquality|Equivalent|NotEquivalent)$/],
  ['Comparison', /^test(LessThan|LessOrEqual|GreatorOrEqual|GreaterThan)$/],
  ['Types', /^test(Type|Types|Inheritance|Quantity)$/],
  ['Collections', /^test(In|ContainsCollection)$/],
  ['Boolean logic', /^testBoolean/],
  ['Math and date arithmetic operators', /^test(Plus|Concatenate|Minus|Multiply|Divide|Div|Mod)$/],
  ['FHIR: extension() and variables', /^test(Variables|Extension)$/],
  ['FHIR: conformsTo()', /^testConformsTo$/],
];

function sectionOf(group: string): string {
  return SECTIONS.find(([, pattern]) => pattern.test(group))?.[0] ?? 'Paths, literals, precedence and others';
}

function row(group: string, found: readonly Verdict[]): string {
  const count = (verdict: Verdict): number => found.filter((one) => one === verdict).length;
  const differs = count('differs');
  return `| ${group} | ${found.length} | ${count('passes')} | ${count('unsupported') || ''} | ${differs || ''} |`;
}
