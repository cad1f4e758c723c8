import { issue } from '../../kernel/errors.ts';
import { isJsonObject } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { failure, type Result } from '../../kernel/result.ts';
import type { FormatOptions } from '../format.ts';
import { cannotPrint, encodeText } from '../text.ts';
import { isDelimiter, wordRow } from './parse.ts';

/**
 * Prints `{ rows: [{ Header: value }] }` as RFC 4180: CR LF, quotes where they are needed. The columns are
 * `options.columns`, or else every member name in order of first appearance; a member outside the columns is refused
 * rather than lost. Cells that begin with `=`, `+`, `-` or `@` are written as they are: a prefix against spreadsheet
 * formulas would change telephone numbers and negative numbers for every reader that is not a spreadsheet. A partner
 * who opens the file in one must import such columns as text. With `options.bom` a byte order mark comes first.
 */
export function printCsvTree(tree: unknown, options: FormatOptions = {}): Result<Uint8Array> {
  const delimiter = options.delimiter ?? ',';
  if (!isDelimiter(delimiter))
    return failure(issue('config-invalid', 'A CSV delimiter is one character, not a quote.'));
  const rows = isJsonObject(tree) ? tree.rows : undefined;
  if (!Array.isArray(rows)) return cannotPrint('A CSV result is an object whose member rows is a list.');
  const objects: Record<string, unknown>[] = [];
  for (const [index, row] of rows.entries()) {
    if (!isJsonObject(row)) return cannotPrint('A row is an object of cells by header.', { at: wordRow(index) });
    objects.push(row);
  }
  const columns = options.columns ?? [...new Set(objects.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0) return cannotPrint('A CSV result without rows needs its columns from the mapping.');
  if (new Set(columns).size < columns.length || columns.some((name) => name.trim() === '')) {
    return cannotPrint('Columns have names, each different from the others.', { at: 'row 1' });
  }
  if (columns.length * (objects.length + 1) > LIMITS.fieldsMax) {
    return cannotPrint(`The result has more than ${LIMITS.fieldsMax} cells.`);
  }

  const known = new Set(columns);
  const lines = [options.bom === true ? BYTE_ORDER_MARK : '', printRecord(columns, delimiter)];
  for (const [index, row] of objects.entries()) {
    if (Object.keys(row).some((name) => !known.has(name))) {
      return cannotPrint('The row has a member that is not among the columns.', { at: wordRow(index) });
    }
    const cells: string[] = [];
    for (const name of columns) {
      const cell = cellText(Object.hasOwn(row, name) ? row[name] : undefined);
      if (cell === undefined) return cannotPrint('A cell is one value.', { at: `${wordRow(index)}, ${name}` });
      cells.push(cell);
    }
    lines.push(printRecord(cells, delimiter));
  }
  return encodeText(lines.join(''), options.encoding);
}

const BYTE_ORDER_MARK = '\ufeff';

function cellText(value: unknown): string | undefined {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
    ? String(value)
    : undefined;
}

function printRecord(cells: readonly string[], delimiter: string): string {
  // A line that is empty would be passed over by a reader, so a single empty cell is quoted.
  if (cells.length === 1 && cells[0] === '') return '""\r\n';
  return `${cells.map((cell) => quoteCell(cell, delimiter)).join(delimiter)}\r\n`;
}

function quoteCell(cell: string, delimiter: string): string {
  const plain = !cell.includes(delimiter) && !/["\r\n\ufeff]/.test(cell);
  return plain ? cell : `"${cell.replaceAll('"', '""')}"`;
}
