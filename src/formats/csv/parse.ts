import { CsvError, parse } from 'csv-parse/sync';
import { issue } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { type Failure, failure, type Result, success } from '../../kernel/result.ts';

export type CsvRow = Record<string, string>;

export interface CsvRows {
  readonly rows: readonly CsvRow[];
  /** The line of the text each row starts on, 1-based. */
  readonly lines: readonly number[];
}

/** CSV text → rows by header name. `csv-parse` splits it; what a header must be, and where a fault is, is decided here. */
export function parseCsvText(text: string, delimiter = ','): Result<CsvRows> {
  if (!isDelimiter(delimiter))
    return failure(issue('config-invalid', 'A CSV delimiter is one character, not a quote.'));
  const split = splitRecords(text, delimiter);
  if (!split.ok) return split;
  const [header, ...records] = split.value.records;
  if (header === undefined) return failure(issue('body-empty', 'The file holds no header row.'));
  const wrongHeader = checkHeader(header);
  if (wrongHeader !== undefined) return wrongHeader;

  const rows: CsvRow[] = [];
  for (const [index, record] of records.entries()) {
    if (record.length !== header.length) {
      const words = `The row has ${record.length} cells where the header has ${header.length}; check quotes and commas.`;
      return failure(issue('csv-syntax', words, { at: wordRow(index), line: split.value.lines[index + 1] }));
    }
    const row: CsvRow = {};
    for (const [column, name] of header.entries()) row[name] = record[column] ?? '';
    rows.push(row);
  }
  return success({ rows, lines: split.value.lines.slice(1) });
}

/** `row 2` for the first row below the header, as a spreadsheet counts. */
export function wordRow(index: number): string {
  return `row ${index + 2}`;
}

export function isDelimiter(delimiter: string): boolean {
  return delimiter.length === 1 && !'"\r\n\ufeff'.includes(delimiter);
}

function splitRecords(text: string, delimiter: string): Result<{ records: string[][]; lines: number[] }> {
  const records: string[][] = [];
  const lines: number[] = [];
  let cells = 0;
  let lineNext = 1;
  try {
    parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      // The body's own bound has been checked; the library's default would cut a long note short.
      max_record_size: 0,
      on_record: (record: string[], { lines: lineEnd }) => {
        cells += record.length;
        if (cells > LIMITS.fieldsMax) throw new TooManyCells();
        records.push(record);
        lines.push(lineNext);
        lineNext = lineEnd + 1;
        return null;
      },
    });
  } catch (thrown) {
    if (thrown instanceof TooManyCells) {
      return failure(issue('fields-too-many', `The file has more than ${LIMITS.fieldsMax} cells; send it in parts.`));
    }
    if (thrown instanceof CsvError) return wordCsvFault(thrown, records.length);
    throw thrown;
  }
  return success({ records, lines });
}

class TooManyCells extends Error {}

/** The library's own message quotes cells, so only its code is used. */
function wordCsvFault(error: CsvError, recordsBefore: number): Failure {
  const words: Record<string, string> = {
    CSV_QUOTE_NOT_CLOSED: 'A quote is opened and never closed.',
    INVALID_OPENING_QUOTE: 'A quote stands inside a cell that does not begin with one; double it and quote the cell.',
    CSV_INVALID_CLOSING_QUOTE: 'A closing quote is followed by text; double the quotes inside a quoted cell.',
  };
  const line = typeof error.lines === 'number' ? error.lines : undefined;
  const text = words[error.code] ?? 'The text is not CSV.';
  return failure(issue('csv-syntax', text, { at: `row ${recordsBefore + 1}`, line }));
}

/** A header is never quoted in an issue: a file sent without its header row has a patient's data there. */
function checkHeader(header: readonly string[]): Failure | undefined {
  const seen = new Set<string>();
  for (const [index, name] of header.entries()) {
    const place = { at: `row 1, column ${index + 1}`, line: 1 };
    if (name.trim() === '') return failure(issue('csv-syntax', 'A column has no header; name it or remove it.', place));
    if (name === '__proto__') return failure(issue('csv-syntax', 'The header __proto__ is not accepted.', place));
    if (seen.has(name)) return failure(issue('duplicate-key', 'Two columns have the same header; rename one.', place));
    seen.add(name);
  }
  return undefined;
}
