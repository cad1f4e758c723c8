import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { formatIssue, hasErrors, refuse } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { readCodeMap } from '../mapping/codes.ts';
import { isConceptMapFile, readConceptMap, toCodesCsv, toConceptMap } from '../mapping/concept-map.ts';

const USAGE =
  'Usage: ginnel codes <file.csv> --to conceptmap [--url canonical] [--source-system uri]\n' +
  '       ginnel codes <conceptmap.json> --to csv\n';

/**
 * `ginnel codes <file> --to conceptmap | csv`: a code map as a FHIR ConceptMap, or a ConceptMap as a code map. Exit code
 * 1 where the file has mistakes.
 */
export async function runCodes(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { to: { type: 'string' }, url: { type: 'string' }, 'source-system': { type: 'string' } },
    allowPositionals: true,
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1 || (values.to !== 'conceptmap' && values.to !== 'csv')) {
    io.err(USAGE);
    return 2;
  }
  if (!existsSync(file)) throw refuse('mapping-missing-file', `There is no file ${file}.`);
  const name = basename(file).replace(/(?:\.conceptmap)?\.[a-z]+$/, '');
  const read = isConceptMapFile(file) ? readConceptMap : readCodeMap;
  const map = read(name, file, readFileSync(file));
  for (const one of map.issues) io.err(`${formatIssue(one)}\n`);
  if (!map.ok) return 1;
  if (values.to === 'conceptmap') {
    const url = values.url ?? `https://ginnel.example/fhir/ConceptMap/${name}`;
    io.out(`${JSON.stringify(toConceptMap(map.value, url, values['source-system']), undefined, 2)}\n`);
    return 0;
  }
  const printed = toCodesCsv(map.value);
  if (printed.ok) io.out(Buffer.from(printed.value).toString('utf8'));
  return hasErrors(printed.issues) ? 1 : 0;
}
