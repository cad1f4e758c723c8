import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { SourcePosition } from '../formats/format.ts';
import { FORMATS } from '../formats/formats.ts';
import { systemClock } from '../kernel/clock.ts';
import { formatIssue, GinnelError, type Issue, refuse } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { CASE_CONTEXT, type CheckResource, runInBytes, runOutBytes } from '../mapping/cases.ts';
import { type ElementLineage, explain, formatLineage, selectElements } from '../mapping/explain.ts';
import { type LoadedMapping, loadWithParts } from '../mapping/load-mapping.ts';
import { unreadFields } from '../mapping/unread-fields.ts';
import { readMappingName } from '../mapping/versions.ts';
import { createCheck, isJsonWanted, mappingsRoot, ROOT_OPTIONS } from './mapping-tools.ts';
import { watchFolders } from './watch-folders.ts';

/** What a run gives, as it is printed. */
interface MapReport {
  /** A transaction Bundle, or the text of the partner's payload; undefined where the message is refused. */
  readonly result: unknown;
  readonly issues: readonly Issue[];
  /** Fields of the message that hold something and that no expression read. */
  readonly unread: readonly SourcePosition[];
  /** Only where it is asked for. */
  readonly lineage?: readonly ElementLineage[] | undefined;
}

const USAGE =
  'Usage: ginnel map <mapping> <file> [--explain [element]] [--watch] [--format json] [--mappings folder]\n';

const WHAT_AN_ELEMENT_IS =
  'An element begins with a resource type, or with $ for what a partner is sent: Patient.name, $.rows[0]. Put any other behind an equals sign, --explain=element.\n';

/**
 * `ginnel map <mapping> <file>`: runs one mapping over one file, as the gateway would up to the store. Exit code 1
 * where the message is refused. With `--explain`, where each element of the result comes from, in place of the result;
 * with `--watch`, again whenever the mapping or the file changes. `--format json` prints all of it as one JSON value.
 */
export async function runMap(argv: readonly string[], io: Io): Promise<number> {
  const { args, element } = takeElement(argv);
  const { values, positionals } = parseArgs({
    args,
    options: {
      ...ROOT_OPTIONS,
      explain: { type: 'boolean' },
      watch: { type: 'boolean' },
      format: { type: 'string' },
    },
    allowPositionals: true,
  });
  const [name, file] = positionals;
  if (name === undefined || file === undefined || positionals.length > 2) {
    if (values.explain === true && positionals.length > 2) io.err(WHAT_AN_ELEMENT_IS);
    io.err(USAGE);
    return 2;
  }
  const json = isJsonWanted(values.format, io);
  if (json === undefined) return 2;
  const root = mappingsRoot(values, io);
  const check = createCheck();
  const wanted = values.explain === true ? (element ?? '') : undefined;
  const run = () => mapFile({ root, name, file, json, wanted, check }, io);
  if (values.watch !== true) return run();
  const watched = [
    { folder: join(root, readMappingName(name)?.folder ?? '') },
    { folder: dirname(file), file: basename(file) },
  ];
  return watchFolders(watched, () => runAndTell(run, io));
}

interface MapTask {
  readonly root: string;
  readonly name: string;
  readonly file: string;
  readonly json: boolean;
  /** Undefined where no lineage is asked for; empty for that of every element. */
  readonly wanted: string | undefined;
  readonly check: CheckResource;
}

function mapFile({ root, name, file, json, wanted, check }: MapTask, io: Io): number {
  if (!existsSync(file)) throw refuse('mapping-missing-file', `There is no file ${file}.`);
  const loaded = loadWithParts(root, name);
  for (const one of loaded.issues) io.err(`${formatIssue(one)}\n`);
  if (!loaded.ok) return 1;
  const report = reportOf(loaded.value, readFileSync(file), wanted, check);
  if (json) io.out(`${JSON.stringify(report, undefined, 2)}\n`);
  else printReport(report, io);
  if (report.result === undefined) return 1;
  if (wanted === undefined || wanted === '' || report.lineage?.length !== 0) return 0;
  io.err(`The result has no element ${wanted}.\n`);
  return 1;
}

/** `--explain` may be followed by an element, which begins with a resource type or `$`; a file is none. */
function takeElement(argv: readonly string[]): { readonly args: string[]; readonly element: string | undefined } {
  const args: string[] = [];
  let element: string | undefined;
  for (const argument of argv) {
    const joined = /^--explain=(.+)$/.exec(argument)?.[1];
    const isElement = /^(?:[A-Z][A-Za-z]*|\$)(?:[.[]|$)/.test(argument) && !existsSync(argument);
    if (joined !== undefined) {
      element = joined;
      args.push('--explain');
    } else if (args.at(-1) === '--explain' && element === undefined && isElement) element = argument;
    else args.push(argument);
  }
  return { args, element };
}

function reportOf(
  loaded: LoadedMapping,
  bytes: Uint8Array,
  wanted: string | undefined,
  check: CheckResource,
): MapReport {
  const { mapping } = loaded;
  const context = { ...CASE_CONTEXT, now: systemClock.now() };
  const isIn = mapping.direction === 'in';
  const run = isIn ? runInBytes(mapping, bytes, context, check) : runOutBytes(mapping, bytes, context);
  const parsed = isIn ? FORMATS[mapping.input.format].parse(bytes, mapping.input.options) : FORMATS.fhir.parse(bytes);
  const printed = run.ok && run.value instanceof Uint8Array ? Buffer.from(run.value).toString('utf8') : undefined;
  const lineage = parsed.ok && run.ok && wanted !== undefined ? explain(loaded, parsed.value, context) : [];
  return {
    result: run.ok ? (printed ?? run.value) : undefined,
    issues: run.issues,
    unread: parsed.ok ? unreadFields(loaded, parsed.value, context) : [],
    lineage: wanted === undefined ? undefined : wanted === '' ? lineage : selectElements(lineage, wanted),
  };
}

function printReport({ result, issues, unread, lineage }: MapReport, io: Io): void {
  if (lineage !== undefined) printLineage(lineage, io);
  else if (result !== undefined)
    io.out(typeof result === 'string' ? `${result}\n` : `${JSON.stringify(result, undefined, 2)}\n`);
  const unknown = issues.filter(({ code }) => code === 'profile-unknown');
  for (const one of issues) if (unknown.length < 2 || !unknown.includes(one)) io.err(`${formatIssue(one)}\n`);
  // A map names a profile in each resource: that a package is not installed is one thing to know, not ten.
  if (unknown.length > 1)
    io.err(
      `warning profile-unknown, ${unknown.length} times: ${unknown[0]?.text ?? ''} --format json names each place.\n`,
    );
  for (const { at, line, column } of unread) {
    io.err(`unread ${at}${line === undefined ? '' : ` (${line}:${column ?? 1})`}\n`);
  }
}

function printLineage(lineage: readonly ElementLineage[], io: Io): void {
  let entry: string | undefined;
  for (const one of lineage) {
    if (one.entry !== entry) io.out(`${one.entry}\n`);
    entry = one.entry;
    io.out(`${entry === undefined ? '' : '  '}${formatLineage(one)}\n`);
  }
}

/** In a watch, a file that is not there at this moment ends nothing. */
function runAndTell(run: () => number, io: Io): number {
  try {
    const code = run();
    io.err(`-- ${code === 0 ? 'good' : 'refused'}; waiting for a change\n`);
    return code;
  } catch (error) {
    if (!(error instanceof GinnelError)) throw error;
    for (const one of error.issues) io.err(`${formatIssue(one)}\n`);
    return 1;
  }
}
