import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { rewriteReferences } from '../fhir/references.ts';
import type { FormatName } from '../formats/format.ts';
import { FORMATS } from '../formats/formats.ts';
import { fixedClock } from '../kernel/clock.ts';
import { formatIssue, hasErrors, type Issue } from '../kernel/errors.ts';
import type { Result } from '../kernel/result.ts';
import { failure, success } from '../kernel/result.ts';
import { findDifferences } from './differences.ts';
import type { InMapping, Mapping, MappingContext, OutMapping } from './mapping.ts';
import { toTransactionBundle } from './transaction-bundle.ts';

/** One folder `mappings/<system>/<mapping>/cases/NN-what-differs`: an input, and what it must become. */
export interface MappingCase {
  readonly mapping: string;
  readonly name: string;
  readonly folder: string;
  /** File names within the folder; undefined where there is none. */
  readonly input: string | undefined;
  readonly expected: string | undefined;
}

export interface CaseResult {
  readonly differences: readonly string[];
  /** The file the actual result belongs in, and its content: what `--update` writes. */
  readonly actual: { readonly file: string; readonly content: string | Uint8Array };
}

/** What is done to each resource of a result: the check that the gateway makes before it stores anything. */
export type CheckResource = (resource: Resource) => readonly Issue[];

/** How files of cases end, by their format. */
export const CASE_EXTENSIONS: Readonly<Record<FormatName, string>> = {
  json: 'json',
  xml: 'xml',
  csv: 'csv',
  hl7v2: 'hl7',
  fhir: 'json',
  'fhir-xml': 'xml',
};

/** All cases run at this instant and for this partner, so that their results stand still. */
export const CASE_CONTEXT: MappingContext = {
  now: fixedClock('2026-03-02T09:30:00Z').now(),
  partner: {
    name: 'sending-partner',
    title: 'Sending partner',
    organisation: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'ZZ999' },
  },
  messageId: 'case-message',
};

/** Names of all mappings below a root: the folders that hold a `mapping.yaml`, in alphabetical order. */
export function listMappings(root: string): string[] {
  const names: string[] = [];
  const visit = (folder: string, name: string): void => {
    if (existsSync(join(folder, 'mapping.yaml'))) {
      names.push(name);
      return;
    }
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) visit(join(folder, entry.name), name === '' ? entry.name : `${name}/${entry.name}`);
    }
  };
  if (existsSync(root)) visit(root, '');
  return names.sort();
}

export function listCases(root: string, mapping: string): MappingCase[] {
  const folder = join(root, mapping, 'cases');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const files = readdirSync(join(folder, name));
      return {
        mapping,
        name,
        folder: join(folder, name),
        input: files.find((file) => file.startsWith('input.')),
        expected: files.find((file) => file.startsWith('expected.') || file === 'outcome.json'),
      };
    });
}

/** Runs a case and compares. A case without an expected result differs. */
export function runCase(mapping: Mapping, one: MappingCase, check: CheckResource): CaseResult {
  if (one.input === undefined) {
    return { differences: ['There is no input file.'], actual: { file: 'outcome.json', content: '[]\n' } };
  }
  const bytes = readFileSync(join(one.folder, one.input));
  const actual = mapping.direction === 'in' ? runInCase(mapping, bytes, check) : runOutCase(mapping, bytes);
  if (one.expected === undefined)
    return { differences: ['There is no expected file. Write it with --update.'], actual };
  if (one.expected !== actual.file) {
    const detail = actual.file === 'outcome.json' ? ` ${String(actual.content).replaceAll(/\s+/g, ' ')}` : '';
    return { differences: [`Expected ${one.expected}, got ${actual.file}.${detail}`], actual };
  }
  return { differences: [...compareCase(one, actual), ...checkSent(mapping, actual, check)], actual };
}

/** FHIR that is sent to a partner is checked as what is stored is: a golden may not be wrong either. */
function checkSent(mapping: Mapping, { content }: CaseResult['actual'], check: CheckResource): string[] {
  if (mapping.direction === 'in' || typeof content === 'string') return [];
  const format = FORMATS[mapping.output.format];
  if (format.dialect !== 'fhir') return [];
  const parsed = format.parse(content, mapping.output.options);
  const issues = parsed.ok ? check(parsed.value.tree as Resource) : parsed.issues;
  return issues.filter(({ severity }) => severity === 'error').map(formatIssue);
}

/** Writes the actual result where the expected one stands. */
export function updateCase(one: MappingCase, { actual }: CaseResult): void {
  if (one.expected !== undefined && one.expected !== actual.file) rmSync(join(one.folder, one.expected));
  writeFileSync(join(one.folder, actual.file), actual.content);
}

function runInCase(mapping: InMapping, bytes: Uint8Array, check: CheckResource): CaseResult['actual'] {
  const result = runInBytes(mapping, bytes, CASE_CONTEXT, check);
  if (!result.ok) return outcomeOf(result.issues);
  return { file: 'expected.json', content: printJson(result.value) };
}

/** Bytes → tree → FHIR → checked: the path of a message, as far as nothing is stored. */
export function runInBytes(
  mapping: InMapping,
  bytes: Uint8Array,
  context: MappingContext,
  check: CheckResource,
): Result<Bundle> {
  const parsed = FORMATS[mapping.input.format].parse(bytes, mapping.input.options);
  if (!parsed.ok) return parsed;
  const breaches = mapping.check(parsed.value);
  if (hasErrors(breaches)) return failure(...breaches);
  const mapped = mapping.run(parsed.value, context);
  if (!mapped.ok) return mapped;
  const issues = mapped.value.flatMap(({ resource }) => check(resource));
  if (hasErrors(issues)) return failure(...issues);
  return success(toTransactionBundle(mapped.value), [...parsed.issues, ...breaches, ...mapped.issues, ...issues]);
}

function runOutCase(mapping: OutMapping, bytes: Uint8Array): CaseResult['actual'] {
  const printed = runOutBytes(mapping, bytes, CASE_CONTEXT);
  if (!printed.ok) return outcomeOf(printed.issues);
  return { file: `expected.${CASE_EXTENSIONS[mapping.output.format]}`, content: printed.value };
}

/** A Bundle whose first entry is the resource that is sent and whose others it may refer to → the partner's bytes. */
export function runOutBytes(mapping: OutMapping, bytes: Uint8Array, context: MappingContext): Result<Uint8Array> {
  const parsed = FORMATS.fhir.parse(bytes);
  if (!parsed.ok) return parsed;
  const { focus, resources } = readRouted(parsed.value.tree);
  const result = mapping.run(focus, resources, context);
  if (!result.ok) return result;
  return FORMATS[mapping.output.format].print(result.value.tree, mapping.output.options);
}

/** The resource that is sent, and what it may refer to: a Bundle with the first in front, or the one resource alone. */
export function readRouted(tree: unknown): { readonly focus: Resource; readonly resources: readonly Resource[] } {
  const root = tree as Resource;
  const resources = root.resourceType === 'Bundle' ? resourcesOfBundle(root) : [root];
  return { focus: resources[0] ?? root, resources };
}

/**
 * What is sent has references such as `Patient/1`. In a Bundle whose entries refer to each other by `urn:uuid:`, as a
 * transaction does, those are made so first; other Bundles are taken as they are.
 */
function resourcesOfBundle(bundle: Bundle): Resource[] {
  const entries = (bundle.entry ?? []).flatMap(({ fullUrl, resource }) =>
    resource === undefined ? [] : [{ fullUrl, resource }],
  );
  const targets = new Map(
    entries.flatMap(({ fullUrl, resource }): [string, string][] =>
      fullUrl?.startsWith('urn:uuid:') === true
        ? [[fullUrl, `${resource.resourceType}/${resource.id ?? fullUrl.slice('urn:uuid:'.length)}`]]
        : [],
    ),
  );
  if (targets.size === 0) return entries.map(({ resource }) => resource);
  return entries.map(({ fullUrl, resource }) => {
    const id = targets.get(fullUrl ?? '')?.split('/')[1];
    const named = id === undefined ? resource : ({ ...resource, id } as Resource);
    return rewriteReferences(named, (reference) => targets.get(reference));
  });
}

/** An outcome names the codes and where in the message; places in the mapping move with every comment in it. */
function outcomeOf(issues: readonly Issue[]): CaseResult['actual'] {
  const list = issues
    .filter(({ severity }) => severity === 'error')
    .map(({ code, at, expression }) => ({
      code,
      ...(at === undefined ? {} : { at }),
      ...(expression === undefined ? {} : { expression }),
    }));
  return { file: 'outcome.json', content: printJson(list) };
}

function printJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function compareCase(one: MappingCase, { file, content }: CaseResult['actual']): string[] {
  const expected = readFileSync(join(one.folder, file));
  if (typeof content === 'string') {
    try {
      return findDifferences(JSON.parse(expected.toString('utf8')), JSON.parse(content));
    } catch {
      return [`${file} is not JSON.`];
    }
  }
  if (expected.equals(content)) return [];
  return [firstDifferentLine(expected.toString('utf8'), Buffer.from(content).toString('utf8'))];
}

function firstDifferentLine(expected: string, actual: string): string {
  const lines = expected.split('\n');
  const others = actual.split('\n');
  const index = lines.findIndex((line, at) => line !== others[at]);
  if (index < 0) return `The result goes on after line ${lines.length}: ${JSON.stringify(others[lines.length])}`;
  return `Line ${index + 1}: expected ${JSON.stringify(lines[index])}, got ${JSON.stringify(others[index])}`;
}
