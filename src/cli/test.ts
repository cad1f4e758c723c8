import { parseArgs } from 'node:util';
import { formatIssue, type Issue } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { type CheckResource, listCases, listMappings, runCase, updateCase } from '../mapping/cases.ts';
import { type Coverage, measureCoverage, percentOf } from '../mapping/coverage.ts';
import { type LoadedMapping, loadWithParts } from '../mapping/load-mapping.ts';
import { inverseName, type RoundTrip, runRoundTrip } from '../mapping/round-trip.ts';
import { createCheck, isJsonWanted, mappingsRoot, ROOT_OPTIONS, selectMappings } from './mapping-tools.ts';

interface CaseReport {
  readonly name: string;
  readonly passed: boolean;
  readonly differences: readonly string[];
  /** The file that `--update` wrote. */
  readonly wrote?: string | undefined;
}

interface MappingReport {
  readonly mapping: string;
  /** What is wrong with the mapping itself: it does not load. */
  readonly issues: readonly Issue[];
  readonly cases: readonly CaseReport[];
  readonly roundTrip?: (RoundTrip & { readonly inverse: string }) | undefined;
  readonly coverage?: Coverage | undefined;
}

/**
 * `ginnel test [folder] [--update] [--coverage] [--format json]`: runs the cases of the mappings, and sends those of a
 * mapping that has an inverse there and back. Exit code 1 where a case differs, a field does not come back, or a mapping
 * has no case.
 */
export async function runTest(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      ...ROOT_OPTIONS,
      update: { type: 'boolean' },
      coverage: { type: 'boolean' },
      format: { type: 'string' },
    },
    allowPositionals: true,
  });
  const json = isJsonWanted(values.format, io);
  if (json === undefined) return 2;
  const root = mappingsRoot(values, io);
  const names = selectMappings(root, positionals[0]);
  const task = { root, all: listMappings(root), check: createCheck(), ...values };
  const reports = names.map((name) => testMapping(name, task));
  const cases = reports.flatMap((report) => report.cases);
  const isGood = reports.length > 0 && reports.every(isPassed);
  if (json) io.out(`${JSON.stringify({ passed: isGood, mappings: reports }, undefined, 2)}\n`);
  else for (const report of reports) printReport(report, io);
  if (cases.length === 0) io.err('There are no cases to run.\n');
  else if (!json) printTotals(reports, io);
  return isGood ? 0 : 1;
}

interface TestTask {
  readonly root: string;
  /** Names of every mapping, among which inverses are looked for. */
  readonly all: readonly string[];
  readonly check: CheckResource;
  readonly update?: boolean | undefined;
  readonly coverage?: boolean | undefined;
}

function testMapping(name: string, task: TestTask): MappingReport {
  const { root, check, update = false } = task;
  const loaded = loadWithParts(root, name);
  const cases = listCases(root, name);
  if (!loaded.ok) {
    const failed = cases.map((one) => ({ name: one.name, passed: false, differences: [] }));
    return { mapping: name, issues: loaded.issues, cases: failed };
  }
  const reports = cases.map((one): CaseReport => {
    const result = runCase(loaded.value.mapping, one, check);
    const { differences } = result;
    if (differences.length === 0 || !update) return { name: one.name, passed: differences.length === 0, differences };
    updateCase(one, result);
    return { name: one.name, passed: true, differences: [], wrote: result.actual.file };
  });
  return {
    mapping: name,
    issues: [],
    cases: reports,
    roundTrip: testRoundTrip(loaded.value, task),
    coverage: task.coverage === true ? measureCoverage(loaded.value, cases) : undefined,
  };
}

function testRoundTrip(from: LoadedMapping, { root, all }: TestTask): MappingReport['roundTrip'] {
  const inverse = inverseName(from, all);
  if (inverse === undefined) return undefined;
  const back = loadWithParts(root, inverse);
  if (!back.ok) return { inverse, cases: 0, lost: [], issues: back.issues };
  return { inverse, ...runRoundTrip({ root, from, back: back.value }) };
}

function isPassed({ issues, cases, roundTrip }: MappingReport): boolean {
  const isBack = roundTrip === undefined || roundTrip.lost.length + roundTrip.issues.length === 0;
  return issues.length === 0 && isBack && cases.length > 0 && cases.every(({ passed }) => passed);
}

function printReport({ mapping, issues, cases, roundTrip, coverage }: MappingReport, io: Io): void {
  if (issues.length > 0)
    io.out(`${mapping}: does not load\n${issues.map((one) => `  ${formatIssue(one)}\n`).join('')}`);
  else {
    if (cases.length === 0) io.out(`${mapping}: no cases, so nothing shows that it is right\n`);
    for (const { name, passed, differences, wrote } of cases) {
      if (wrote !== undefined) io.out(`${mapping} ${name}: wrote ${wrote}\n`);
      else if (!passed) io.out(`${mapping} ${name}\n${differences.map((one) => `  ${one}\n`).join('')}`);
    }
  }
  if (roundTrip !== undefined && roundTrip.lost.length + roundTrip.issues.length > 0) {
    io.out(`${mapping} there and back by ${roundTrip.inverse}\n`);
    for (const { field, how, cases: names } of roundTrip.lost) {
      const words = how === 'absent' ? 'does not come back' : 'comes back changed';
      io.out(`  ${field} ${words} (${names.join(', ')})\n`);
    }
    for (const one of roundTrip.issues) io.out(`  ${formatIssue(one)}\n`);
  }
  if (coverage !== undefined) {
    io.out(`${mapping}: ${percentOf(coverage)}% covered, ${coverage.reached} of ${coverage.total}\n`);
    for (const one of coverage.missed) io.out(`  ${one.mapping} ${one.text}\n`);
  }
}

function printTotals(reports: readonly MappingReport[], io: Io): void {
  const cases = reports.flatMap((report) => report.cases);
  const passed = cases.filter((one) => one.passed).length;
  const trips = reports.flatMap(({ roundTrip }) => (roundTrip === undefined ? [] : [roundTrip]));
  const lost = trips.flatMap((trip) => trip.lost).length;
  const back = trips.length === 0 ? '' : `; ${trips.length} mappings there and back, ${lost} fields lost`;
  io.out(`${passed} passed, ${cases.length - passed} failed${back}\n`);
  const measured = reports.flatMap(({ coverage }) => (coverage === undefined ? [] : [coverage]));
  if (measured.length === 0) return;
  const sum = (count: (one: Coverage) => number) => measured.reduce((total, one) => total + count(one), 0);
  const all = { total: sum(({ total }) => total), reached: sum(({ reached }) => reached) };
  io.out(`${percentOf(all)}% covered, ${all.reached} of ${all.total}\n`);
}
