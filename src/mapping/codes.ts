import { csv } from '../formats/csv/csv.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { isSnomedId } from './functions/snomed-id.ts';

/** One row of a code map. */
export interface CodeRow {
  readonly source: string;
  readonly system: string;
  /** Empty where a clinician has decided that no code fits: then `equivalence` is `unmatched`. */
  readonly code: string;
  readonly display: string;
  readonly equivalence: string;
  readonly note: string;
  /** Row of the file as a spreadsheet counts; the header is row 1. In a ConceptMap, the number of the target. */
  readonly row: number;
}

/** A table from a partner's words or codes to coded concepts, from a CSV file that a clinician can read, or a ConceptMap. */
export interface CodeMap {
  readonly name: string;
  readonly file: string;
  readonly rows: ReadonlyMap<string, CodeRow>;
  /** The row whose source is `*`: what `'default'` gives for a source that has no row. */
  readonly fallback: CodeRow | undefined;
}

const COLUMNS = ['source', 'target_system', 'target_code', 'target_display', 'equivalence', 'note'] as const;

/** https://hl7.org/fhir/R4/valueset-concept-map-equivalence.html */
const EQUIVALENCES: ReadonlySet<string> = new Set([
  'relatedto',
  'equivalent',
  'equal',
  'wider',
  'subsumes',
  'narrower',
  'specializes',
  'inexact',
  'unmatched',
  'disjoint',
]);

const SNOMED_SYSTEM = 'http://snomed.info/sct';

/**
 * How a source is compared: as it stands, but for spaces around it. Upper and lower case differ, because they do in
 * Read codes; a map that should not care lists both spellings.
 */
export function codeKey(source: string): string {
  return source.trim();
}

/** Reads a code map and checks every row, so that a bad code is found at load and not in a patient's record. */
export function readCodeMap(name: string, file: string, bytes: Uint8Array): Result<CodeMap> {
  const parsed = csv.parse(bytes);
  if (!parsed.ok) {
    return failure(
      ...parsed.issues.map((one) => issue('codes-invalid', one.text, { mapping: placeIn(file, one.line ?? 1) })),
    );
  }
  const { rows: cells } = parsed.value.tree as { rows: Record<string, string>[] };
  const [first] = cells;
  const missing = first === undefined ? [] : COLUMNS.filter((column) => !Object.hasOwn(first, column));
  if (missing.length > 0) {
    return failure(issue('codes-invalid', `The header lacks ${missing.join(', ')}.`, { mapping: placeIn(file, 1) }));
  }
  const found = cells.map((cell, index) => {
    const row = readRow(cell, index + 2);
    return { row, line: parsed.value.locate(['rows', index]).line ?? row.row };
  });
  return gatherRows(name, file, found);
}

/** Checks rows and makes a map of them. `line` is where in the file each stands. */
export function gatherRows(
  name: string,
  file: string,
  found: readonly { readonly row: CodeRow; readonly line: number }[],
): Result<CodeMap> {
  const issues: Issue[] = [];
  const rows = new Map<string, CodeRow>();
  for (const { row, line } of found) {
    const key = codeKey(row.source);
    const place = { mapping: placeIn(file, line) };
    for (const text of wrongsOf(row)) issues.push(issue('codes-invalid', text, place));
    const before = rows.get(key);
    if (before !== undefined)
      issues.push(issue('codes-invalid', `The same source stands in row ${before.row}.`, place));
    else rows.set(key, row);
  }
  if (rows.size === 0) issues.push(issue('codes-invalid', 'The code map has no rows.', { mapping: placeIn(file, 1) }));
  if (issues.length > 0) return failure(...issues);
  const fallback = rows.get('*');
  rows.delete('*');
  return success({ name, file, rows, fallback });
}

function readRow(cell: Record<string, string>, row: number): CodeRow {
  const text = (column: (typeof COLUMNS)[number]) => (cell[column] ?? '').trim();
  return {
    source: text('source'),
    system: text('target_system'),
    code: text('target_code'),
    display: text('target_display'),
    equivalence: text('equivalence'),
    note: text('note'),
    row,
  };
}

function* wrongsOf(row: CodeRow): Generator<string> {
  if (row.source === '') yield 'The source is empty.';
  if (!EQUIVALENCES.has(row.equivalence)) {
    yield `The equivalence must be one of ${[...EQUIVALENCES].join(', ')}.`;
  }
  if (row.code === '' && row.equivalence !== 'unmatched') {
    yield 'The target code is empty. Where no code fits, say so with the equivalence unmatched.';
  }
  if (row.code !== '' && row.equivalence === 'unmatched') yield 'A row that is unmatched has no target code.';
  if (row.system === SNOMED_SYSTEM && row.code !== '' && !isSnomedId(row.code)) {
    yield 'The target code is not a SNOMED CT identifier: its check digit is wrong. Was it rounded by a spreadsheet?';
  }
}

export function placeIn(file: string, line: number): string {
  return `${file}:${line}:1`;
}
