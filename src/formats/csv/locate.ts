import type { SourcePosition, TreePath } from '../format.ts';
import { isSafeName } from '../text.ts';
import { type CsvRow, wordRow } from './parse.ts';

/** `row 7, NHSNumber` for the path `rows, 5, NHSNumber`; the line is the one the row starts on. */
export function locateInCsv(rows: readonly CsvRow[], lines: readonly number[], path: TreePath): SourcePosition {
  const [member, index, name] = path;
  const row = member === 'rows' && typeof index === 'number' ? rows[index] : undefined;
  if (row === undefined || typeof index !== 'number') return { at: 'row 1', line: 1 };
  const at = wordRow(index);
  const line = lines[index];
  if (typeof name !== 'string' || !Object.hasOwn(row, name)) return { at, line };
  const column = Object.keys(row).indexOf(name) + 1;
  return { at: `${at}, ${isSafeName(name) ? name : `column ${column}`}`, line };
}
