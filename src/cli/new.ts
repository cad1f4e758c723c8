import { existsSync, readFileSync } from 'node:fs';
import { extname, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FORMAT_NAMES, type FormatName } from '../formats/format.ts';
import { formatIssue, refuse } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { scaffoldMapping } from '../mapping/scaffold.ts';
import { readMappingName } from '../mapping/versions.ts';
import { createCheck, mappingsRoot, ROOT_OPTIONS } from './mapping-tools.ts';

const USAGE =
  'Usage: ginnel new mapping <folder> --from <sample> [--format json | xml | csv | hl7v2 | fhir] [--mappings folder]\n';

const FORMAT_OF_EXTENSION: Readonly<Record<string, FormatName>> = {
  '.json': 'json',
  '.xml': 'xml',
  '.csv': 'csv',
  '.hl7': 'hl7v2',
};

/** `ginnel new mapping <folder> --from <sample>`: begins a mapping into FHIR from a sample of the partner's message. */
export async function runNew(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      ...ROOT_OPTIONS,
      from: { type: 'string' },
      format: { type: 'string' },
      direction: { type: 'string', default: 'in' },
    },
    allowPositionals: true,
  });
  const [what, folder] = positionals;
  const { from } = values;
  if (what !== 'mapping' || folder === undefined || positionals.length > 2 || from === undefined) {
    io.err(USAGE);
    return 2;
  }
  if (values.direction !== 'in') {
    io.err('Only a mapping in is begun from a sample: what FHIR has for a field of the partner cannot be guessed.\n');
    return 2;
  }
  if (!existsSync(from)) throw refuse('mapping-missing-file', `There is no file ${from}.`);
  const format = FORMAT_NAMES.find((one) => one === (values.format ?? FORMAT_OF_EXTENSION[extname(from)]));
  if (format === undefined) {
    io.err(`The format of the sample cannot be told: --format is one of ${FORMAT_NAMES.join(', ')}.\n`);
    return 2;
  }
  const root = mappingsRoot(values, io);
  const made = scaffoldMapping(root, nameOf(root, folder), format, readFileSync(from), createCheck());
  for (const one of made.issues) io.err(`${formatIssue(one)}\n`);
  if (!made.ok) return 1;
  for (const file of made.value.files) io.out(`wrote ${nameOf(root, folder)}/${file}\n`);
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
