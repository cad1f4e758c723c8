import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FormatName, Payload } from '../formats/format.ts';
import { FORMATS } from '../formats/formats.ts';
import { issue } from '../kernel/errors.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import {
  CASE_CONTEXT,
  CASE_EXTENSIONS,
  type CheckResource,
  listCases,
  listMappings,
  runCase,
  updateCase,
} from './cases.ts';
import { inferSchema } from './infer-schema.ts';
import { type LoadedMapping, loadWithParts } from './load-mapping.ts';
import { expressionOf, hasSchema, proposeMapping } from './propose-mapping.ts';
import { isRoutable, type OutFormat, proposeOutMapping } from './propose-out.ts';
import { inverseName } from './round-trip.ts';
import { findUnread } from './unread-fields.ts';

export interface Scaffold {
  /** Files that were written, by their paths from the folder of the mapping. */
  readonly files: readonly string[];
  /** Fields of the sample that nothing reads yet: each stands in a comment of `mapping.yaml`. */
  readonly unread: number;
}

/** What a mapping is begun from. */
export interface ScaffoldTask {
  readonly root: string;
  readonly name: string;
  /** The format of the sample: of a mapping out of FHIR `fhir`. */
  readonly format: FormatName;
  readonly sample: Uint8Array;
  readonly check: CheckResource;
  /** The format of what is sent; undefined for a mapping into FHIR. */
  readonly out?: OutFormat | undefined;
}

/**
 * Begins a mapping from a sample, the partner's message or what is to be sent: a schema where the partner has none of
 * ours, a skeleton with what can be guessed, the other fields listed as comments, a first case and a README. The mapping
 * loads and runs. Nothing is overwritten.
 */
export function scaffoldMapping({ root, name, format, sample, check, out }: ScaffoldTask): Result<Scaffold> {
  const folder = join(root, name);
  if (existsSync(folder)) {
    return failure(issue('mapping-incomplete', `There is a folder ${name} already. Name another, or remove it first.`));
  }
  const { parsed, encoding } = parseSample(format, sample);
  if (!parsed.ok) return parsed;
  const payload = parsed.value;
  if (out !== undefined && !isRoutable(payload.tree)) {
    return failure(issue('mapping-incomplete', 'The sample is a resource, or a Bundle whose first entry has one.'));
  }
  const isSchemaNeeded = out === undefined && hasSchema(format);
  const files: string[] = [];
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    if (!files.includes(path)) files.push(path);
  };
  if (isSchemaNeeded) write('source.schema.json', `${JSON.stringify(inferSchema(payload.tree), undefined, 2)}\n`);
  let proposal =
    out === undefined ? proposeMapping(name, format, payload, encoding) : proposeOutMapping(name, out, payload.tree);
  write('mapping.yaml', proposal);
  write(`cases/01-sample/input.${CASE_EXTENSIONS[format]}`, sample);
  write('README.md', readmeOf(name, format, out));
  let loaded = loadWithParts(root, name);
  if (!loaded.ok) return loaded;
  const inverse = inverseName(loaded.value, listMappings(root));
  if (inverse !== undefined) {
    // What has just been begun brings hardly anything back yet, and a pair whose fields are lost is a failure.
    const words = `# Take this out when it is to come back by ${inverse}: "ginnel test" then says what is lost.`;
    proposal = proposal.replace(/^(?=direction: )/m, `${words}\ninverse: none\n`);
    write('mapping.yaml', proposal);
    loaded = loadWithParts(root, name);
    if (!loaded.ok) return loaded;
  }
  const unread = unreadExpressions(loaded.value, payload, format);
  if (unread.length > 0) {
    const comments = unread.map((expression) => `#   ${expression}\n`).join('');
    write('mapping.yaml', `${proposal}\n# Fields of the sample that nothing reads yet:\n${comments}`);
  }
  for (const one of listCases(root, name)) {
    const result = runCase(loaded.value.mapping, one, check);
    updateCase(one, result);
    files.push(`cases/${one.name}/${result.actual.file}`);
  }
  return success({ files, unread: unread.length }, parsed.issues);
}

/** Exports of older systems are often not UTF-8; then the mapping has to say so. */
function parseSample(
  format: FormatName,
  sample: Uint8Array,
): { readonly parsed: Result<Payload>; readonly encoding: string | undefined } {
  const parsed = FORMATS[format].parse(sample);
  const isOther = format === 'csv' && parsed.issues.some(({ code }) => code === 'encoding-invalid');
  if (parsed.ok || !isOther) return { parsed, encoding: undefined };
  const encoding = 'windows-1252';
  return { parsed: FORMATS[format].parse(sample, { encoding }), encoding };
}

/** Each once, however many items of a list have it. */
function unreadExpressions(loaded: LoadedMapping, payload: Payload, format: FormatName): string[] {
  const paths = findUnread(loaded, payload, CASE_CONTEXT);
  return [...new Set(paths.map((path) => expressionOf(path, format, payload.tree)))];
}

function readmeOf(name: string, format: FormatName, out: OutFormat | undefined): string {
  const who = out === undefined ? `(${format}). Who sends this, from` : `(${format} to ${out}). Who gets this, in`;
  return [
    `# ${name}`,
    `Begun from one sample ${who} which system and version, when, and by whom is it agreed?`,
    '',
    '## Quirks',
    'What this system does that its documentation does not say, each with the day it was seen.',
    '',
    '## Still to be done',
    '- The sample became the first case. If it was a real message, put invented values into it before it is shared.',
    '- Read or ignore the fields that are listed at the end of `mapping.yaml`; `ginnel map` tells which are left.',
    ...(out === undefined && hasSchema(format)
      ? [
          '- The schema requires nothing: say what a message cannot be without.',
          '- The schema is closed: a message with a field that the sample does not have is refused. Add what may come.',
        ]
      : []),
    ...(out === undefined ? [] : ['- Say less: send what the receiver needs, and write here why they may have it.']),
    '- Write the cases: minimal, full, something absent, something repeated, and each refusal.',
    '',
  ].join('\n');
}
