import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFhirRules } from '../../src/cli/mapping-tools.ts';
import { formatIssue } from '../../src/kernel/errors.ts';
import { listCases, listMappings } from '../../src/mapping/cases.ts';
import { measureCoverage, percentOf } from '../../src/mapping/coverage.ts';
import { lintMapping } from '../../src/mapping/lint.ts';
import { type LoadedMapping, loadWithParts } from '../../src/mapping/load-mapping.ts';
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

/** Who sends what, and who is sent what: a partner that does both has a mapping each way. */
const PROMISED = [
  'gp-emis/referral',
  'gp-systmone/referral',
  'gp-systmone/care-plan',
  'gp-json/referral',
  'gp-json/plan-summary out',
  'acute-hl7v2/adt',
  'acute-hl7v2/ref-i12',
  'acute-hl7v2/ref-i12-out out',
  'acute-hl7v2/oru-r01',
  'community/caseload',
  'community/care-plan',
  'community/care-plan-out out',
  'community/contact',
  'council/referral',
  'council/referral-out out',
  'council/assessment-notice',
  'council/discharge-notice',
  'council/allocation',
  'council/equipment-order out',
  'voluntary/social-prescribing',
  'voluntary/social-prescribing-out out',
  'bars/service-request',
  'bars/service-request-out out',
].map((line) => ({ name: line.split(' ')[0] ?? '', direction: line.endsWith(' out') ? 'out' : 'in' }));
const CASES_MIN = 6;

describe('each mapping that is promised', () => {
  it.each(PROMISED)('$name is there, goes $direction, and says what its message may look like', (promised) => {
    const loaded = loadedOf(promised.name);
    expect(loaded.document.direction).toBe(promised.direction);
    // Out of FHIR the form is that of R4, by the type of what is routed.
    if (promised.direction === 'out') expect(loaded.document.type).toMatch(/^(?:ServiceRequest|CarePlan)$/);
    else expect(loaded.document.schema?.path).toBe('source.schema.json');
    expect(loaded.shape).toBeDefined();
  });

  it.each(PROMISED)('$name has its code maps in files, and uses each, where it translates', ({ name }) => {
    const { document, files } = loadedOf(name);
    const used = /translate\w*\('([^']+)'/g;
    const yaml = Buffer.from(files.get('mapping.yaml') ?? '').toString('utf8');
    const names = new Set([...yaml.matchAll(used)].map(([, one]) => one));
    expect([...names].sort()).toEqual(document.codes.map((one) => one.name).sort());
    for (const { path } of document.codes) expect(files.has(path), path).toBe(true);
  });

  it.each(PROMISED)('$name has a README of quirks, and six cases or more, with a refusal among them', ({ name }) => {
    expect(readFileSync(join(ROOT, name, 'README.md'), 'utf8').split('\n').length).toBeGreaterThan(CASES_MIN);
    const cases = listCases(ROOT, name);
    expect(cases.length).toBeGreaterThanOrEqual(CASES_MIN);
    expect(cases.filter(({ input, expected }) => input === undefined || expected === undefined)).toEqual([]);
    expect(cases.some(({ expected }) => expected === 'outcome.json')).toBe(true);
    // What is refused whatever it is has no minimal and no full case that is not a refusal.
    const kept = cases.filter(({ expected }) => expected !== 'outcome.json');
    if (name !== 'acute-hl7v2/oru-r01') expect(kept.length).toBeGreaterThanOrEqual(2);
  });

  function loadedOf(name: string): LoadedMapping {
    const found = shipped.find((one) => one.name === name);
    if (found === undefined) throw new Error(`There is no mapping ${name}.`);
    return found.loaded;
  }
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
