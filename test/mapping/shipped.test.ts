import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFhirRules } from '../../src/cli/mapping-tools.ts';
import { formatIssue } from '../../src/kernel/errors.ts';
import { listCases, listMappings } from '../../src/mapping/cases.ts';
import { measureCoverage, percentOf } from '../../src/mapping/coverage.ts';
import { lintMapping } from '../../src/mapping/lint.ts';
import { loadWithParts } from '../../src/mapping/load-mapping.ts';
import { inverseName, runRoundTrip } from '../../src/mapping/round-trip.ts';

const ROOT = resolve(import.meta.dirname, '../../mappings');
const COVERED_PERCENT_MIN = 85;

const shipped = listMappings(ROOT).map((name) => {
  const loaded = loadWithParts(ROOT, name);
  if (!loaded.ok) throw new Error(loaded.issues.map(formatIssue).join('\n'));
  return { name, loaded: loaded.value };
});
const names = shipped.map(({ name }) => name);
const pairs = shipped.flatMap((from) => {
  const inverse = inverseName(from.loaded, names);
  return inverse === undefined ? [] : [{ ...from, inverse }];
});

describe('the mappings that ship, there and back', () => {
  it('have pairs whose both halves are there, and each is the other’s', () => {
    expect(pairs.length).toBeGreaterThan(0);
    const ways = pairs.map(({ name, inverse }) => `${name} ${inverse}`);
    expect(pairs.filter(({ name, inverse }) => !ways.includes(`${inverse} ${name}`))).toEqual([]);
  });

  it.each(pairs)('$name loses nothing on the way by $inverse but what is accepted with a reason', (pair) => {
    const back = shipped.find(({ name }) => name === pair.inverse);
    if (back === undefined) throw new Error(`There is no mapping ${pair.inverse}.`);
    const trip = runRoundTrip({ root: ROOT, from: pair.loaded, back: back.loaded });
    expect(trip.cases).toBeGreaterThan(0);
    expect(trip.issues.map(formatIssue)).toEqual([]);
    expect(trip.lost).toEqual([]);
  });
});

describe('the mappings that ship', () => {
  const rules = openFhirRules();

  it.each(shipped)('$name is linted without a finding', ({ name }) => {
    expect(lintMapping(ROOT, name, rules).map(formatIssue)).toEqual([]);
  });

  it.each(shipped)('$name has cases for nearly all of its leaves and branches', ({ name, loaded }) => {
    const coverage = measureCoverage(loaded, listCases(ROOT, name));
    const missed = coverage.missed.map(({ mapping, text }) => `${mapping} ${text}`).join('\n');
    expect(percentOf(coverage), missed).toBeGreaterThanOrEqual(COVERED_PERCENT_MIN);
  });
});
