import { success } from '../../kernel/result.ts';
import type { Format } from '../format.ts';
import { decodeText } from '../text.ts';
import { locateInCsv } from './locate.ts';
import { parseCsvText } from './parse.ts';
import { printCsvTree } from './print.ts';

/**
 * CSV (RFC 4180) with a header row. The tree is `{ rows: [{ Header: 'text' }] }`: every cell is text as it stands, an
 * empty cell is an empty text. Rows are numbered as a spreadsheet shows them: the header is row 1.
 * Options: `delimiter` (one character), `encoding`, and for printing `columns` and `bom`.
 */
export const csv: Format = {
  name: 'csv',
  mediaTypes: ['text/csv', 'application/csv'],
  dialect: 'plain',
  parse(bytes, options = {}) {
    const decoded = decodeText(bytes, options.encoding);
    if (!decoded.ok) return decoded;
    const text = decoded.value;
    const parsed = parseCsvText(text, options.delimiter);
    if (!parsed.ok) return parsed;
    const { rows, lines } = parsed.value;
    return success({ format: 'csv', tree: { rows }, text, locate: (path) => locateInCsv(rows, lines, path) });
  },
  print: printCsvTree,
};
