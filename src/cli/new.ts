import { existsSync, readFileSync } from 'node:fs';
import { extname, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FORMAT_NAMES, type FormatName } from '../formats/format.ts';
import { formatIssue, refuse } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { OUT_FORMATS } from '../mapping/propose-out.ts';
import { scaffoldMapping } from '../mapping/scaffold.ts';
import { readMappingName } from '../mapping/versions.ts';
import { createCheck, mappingsRoot, ROOT_OPTIONS } from './mapping-tools.ts';

const USAGE =
  'Usage: ginnel new mapping <folder> --from <sample> [--format json | xml | csv | hl7v2 | fhir] [--mappings folder]\n' +
  '       ginnel new mapping <folder> --from <FHIR sample> --out json | xml | csv [--mappings folder]\n';

const FORMAT_OF_EXTENSION: Readonly<Record<string, FormatName>> = {
  '.json': 'json',
  '.xml': 'xml',
  '.csv': 'csv',
  '.hl7': 'hl7v2',
};

/**
 * `ginnel new mapping <folder> --from <sample>`: begins a mapping into FHIR from a sample of the partner's message, or
 * with `--out` one out of FHIR from a sample of what is to be sent.
 */
export async function runNew(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      ...ROOT_OPTIONS,
      from: { type: 'string' },
      format: { type: 'string' },
      out: { type: 'string' },
    },
    allowPositionals: true,
  });
  const [what, folder] = positionals;
  const { from } = values;
  if (what !== 'mapping' || folder === undefined || positionals.length > 2 || from === undefined) {
    io.err(USAGE);
    return 2;
  }
  const out = OUT_FORMATS.find((one) => one === values.out);
  if (values.out !== undefined && out === undefined) {
    io.err(`--out is the format of what is sent: ${OUT_FORMATS.join(', ')}.\n`);
    return 2;
  }
  if (!existsSync(from)) throw refuse('mapping-missing-file', `There is no file ${from}.`);
  const told = out === undefined ? (values.format ?? FORMAT_OF_EXTENSION[extname(from)]) : 'fhir';
  const format = FORMAT_NAMES.find((one) => one === told);
  if (format === undefined) {
    io.err(`The format of the sample cannot be told: --format is one of ${FORMAT_NAMES.join(', ')}.\n`);
    return 2;
  }
  const root = mappingsRoot(values, io);
  const task = { root, name: nameOf(root, folder), format, sample: readFileSync(from), check: createCheck(), out };
  const made = scaffoldMapping(task);
  for (const one of made.issues) io.err(`${formatIssue(one)}\n`);
  if (!made.ok) return 1;
  for (const file of made.value.files) io.out(`wrote ${task.name}/${file}\n`);
  io.out(
    `${made.value.unread} fields of the sample are not read yet: they are listed at the end of mapping.yaml.\n` +
      'The sample is now a case. If it was a real message, put invented values into it before it is shared.\n',
  );
  return 0;
}

/** A folder may be given by name, or by a path to below the mappings. */
function nameOf(root: string, folder: string): string {
  const path = relative(root, resolve(folder)).replaceAll('\\', '/');
  const name = path.startsWith('..') ? folder.replace(/\/+$/, '') : path;
  if (readMappingName(name) !== undefined && !name.includes('@')) return name;
  throw refuse('mapping-missing-file', 'A mapping is named by its folder: small letters, digits, dashes, slashes.');
}
