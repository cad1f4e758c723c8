import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csv } from '../../src/formats/csv/csv.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { bytesOf, parseIssue, parseOk, printIssue, printText } from './read.ts';

describe('csv', () => {
  it('reads rows by header name, and every cell as the text it is', () => {
    const text = '\ufeffNHSNumber,Local Id,Note\r\n9990000018,007,"a ""quoted"", word"\r\n,1.50,"two\r\nlines"\r\n';
    expect(parseOk(csv, text).tree).toEqual({
      rows: [
        { NHSNumber: '9990000018', 'Local Id': '007', Note: 'a "quoted", word' },
        { NHSNumber: '', 'Local Id': '1.50', Note: 'two\r\nlines' },
      ],
    });
  });

  it('does not depend on the order of columns, the kind of line end, or a last line end', () => {
    const wanted = { rows: [{ a: '1', b: '2' }] };
    for (const text of ['a,b\r\n1,2', 'b,a\n2,1\n', 'a,b\r1,2\r', '\na,b\n\n1,2\n\n']) {
      expect(parseOk(csv, text).tree).toEqual(wanted);
    }
  });

  it('reads another delimiter and windows-1252', () => {
    const bytes = Buffer.from('Name;Fee\nJos\xe9;\x80 5,00\n', 'latin1');
    expect(parseOk(csv, bytes, { delimiter: ';', encoding: 'windows-1252' }).tree).toEqual({
      rows: [{ Name: 'José', Fee: '€ 5,00' }],
    });
    expect(parseIssue(csv, bytes, { delimiter: ';' }).code).toBe('encoding-invalid');
    expect(parseIssue(csv, 'a\n1', { delimiter: ';;' }).code).toBe('config-invalid');
    expect(parseIssue(csv, 'a\n1', { encoding: 'nonsense' }).code).toBe('config-invalid');
  });

  it('begins with a byte order mark where that is asked for, and reads it back as if it were not there', () => {
    const rows = [{ Name: 'Łucja', Note: '' }];
    const bytesOfRows = (bom?: boolean): Uint8Array => {
      const printed = csv.print({ rows }, { bom });
      return printed.ok ? printed.value : Buffer.from('refused');
    };
    expect(Buffer.from(bytesOfRows(true)).toString('utf8')).toBe('\ufeffName,Note\r\nŁucja,\r\n');
    expect(Buffer.from(bytesOfRows()).toString('utf8')).toBe('Name,Note\r\nŁucja,\r\n');
    expect(parseOk(csv, bytesOfRows(true)).tree).toEqual({ rows });
  });

  it('refuses equal and empty headers by column number, and quotes none', () => {
    expect(parseIssue(csv, 'Smith,b,Smith\n1,2,3')).toMatchObject({ code: 'duplicate-key', at: 'row 1, column 3' });
    expect(parseIssue(csv, 'a,,c\n1,2,3')).toMatchObject({ code: 'csv-syntax', at: 'row 1, column 2' });
    expect(parseIssue(csv, 'a,__proto__\n1,2').code).toBe('csv-syntax');
    expect(JSON.stringify(parseIssue(csv, 'Smith,b,Smith\n1,2,3'))).not.toContain('Smith');
  });

  it('refuses a row with too many or too few cells, by row and line', () => {
    expect(parseIssue(csv, 'a,b\n"1\n1",2\n3,4,5\n')).toMatchObject({ code: 'csv-syntax', at: 'row 3', line: 4 });
    expect(parseIssue(csv, 'a,b\n1\n')).toMatchObject({ at: 'row 2', line: 2 });
  });

  it('refuses wrong quotes by row and line, and quotes no cell', () => {
    const refused = [
      parseIssue(csv, 'a,b\nx,y"Smith"\n'),
      parseIssue(csv, 'a,b\nx,"Smith"z\n'),
      parseIssue(csv, 'a,b\nx,"Smith\n'),
    ];
    for (const issue of refused) {
      expect(issue).toMatchObject({ code: 'csv-syntax', at: 'row 2', line: 2 });
      expect(issue.text).not.toContain('Smith');
    }
  });

  it('locates cells by row, as a spreadsheet counts, and header', () => {
    const payload = parseOk(csv, 'a,NHS number,9990000018\n"1\n1",2,3\n4,5,6\n');
    expect(payload.locate(['rows', 1, 'NHS number'])).toEqual({ at: 'row 3, NHS number', line: 4 });
    expect(payload.locate(['rows', 0, '9990000018'])).toEqual({ at: 'row 2, column 3', line: 2 });
    expect(payload.locate(['rows', 1, 'gone'])).toEqual({ at: 'row 3', line: 4 });
    expect(payload.locate(['rows', 9])).toEqual({ at: 'row 1', line: 1 });
  });

  it('keeps a cell of any length, and bounds the number of cells', () => {
    const note = 'x'.repeat(1_000_000);
    expect(parseOk(csv, `a\n"${note}"\n`).tree).toEqual({ rows: [{ a: note }] });
    expect(parseIssue(csv, 'a,b\n'.repeat(LIMITS.fieldsMax / 2 + 1)).code).toBe('fields-too-many');
    expect(parseIssue(csv, ','.repeat(LIMITS.bodyBytesMax)).code).toBe('fields-too-many');
  });

  it('prints the columns that the options name, quotes where needed, ends lines with CR LF', () => {
    const tree = { rows: [{ b: 'x,y', a: 1 }, { a: '"q"', b: null }, { b: 'two\nlines' }] };
    expect(printText(csv, tree, { columns: ['a', 'b'] })).toBe('a,b\r\n1,"x,y"\r\n"""q""",\r\n,"two\nlines"\r\n');
    expect(printText(csv, tree)).toMatch(/^b,a\r\n/);
    expect(printText(csv, { rows: [] }, { columns: ['a'], delimiter: ';' })).toBe('a\r\n');
    expect(csv.print({ rows: [{ a: 'é' }] }, { encoding: 'windows-1252' })).toMatchObject({
      ok: true,
      value: Uint8Array.from(Buffer.from('a\r\n\xe9\r\n', 'latin1')),
    });
  });

  it('writes a telephone number that begins with + as it is', () => {
    expect(printText(csv, { rows: [{ a: '+44 1632 960001', b: '-1' }] })).toBe('a,b\r\n+44 1632 960001,-1\r\n');
  });

  it('refuses to print what would be lost', () => {
    const refused: [unknown, object?][] = [
      [{ rows: [{ a: { b: 1 } }] }],
      [{ rows: [{ a: 1, b: 2 }] }, { columns: ['a'] }],
      [{ rows: ['a'] }],
      [{ rows: [] }],
      [[]],
      [{ rows: [{ a: '→' }] }, { encoding: 'windows-1252' }],
      [{ rows: [{ a: 1 }] }, { columns: ['a', 'a'] }],
    ];
    for (const [tree, options] of refused) expect(printIssue(csv, tree, options).code).toBe('format-cannot-print');
    expect(printIssue(csv, { rows: [{ a: 1 }, { a: [] }] }).at).toBe('row 3, a');
  });

  it('prints what it parses back to the same tree', () => {
    const cell = fc.string({
      unit: fc.oneof(
        fc.constantFrom('"', ',', ';', '\r', '\n', '\ufeff', ' ', '=', '0'),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      ),
      maxLength: 8,
    });
    const header = cell.filter((name) => name.trim() !== '' && name !== '__proto__');
    const tables = fc.uniqueArray(header, { minLength: 1, maxLength: 5 }).chain((columns) =>
      fc.record({
        columns: fc.constant(columns),
        rows: fc.array(
          fc
            .tuple(...columns.map(() => cell))
            .map((cells) => Object.fromEntries(columns.map((name, index) => [name, cells[index]]))),
          { maxLength: 5 },
        ),
        delimiter: fc.constantFrom(',', ';', '\t', '|'),
      }),
    );
    fc.assert(
      fc.property(tables, ({ columns, rows, delimiter }) => {
        const printed = csv.print({ rows }, { columns, delimiter });
        if (!printed.ok) throw new Error(JSON.stringify(printed.issues));
        expect(parseOk(csv, printed.value, { delimiter }).tree).toEqual({ rows });
      }),
      { numRuns: 1000 },
    );
  });

  it('gives one message to a file of nothing but blank lines', () => {
    expect(csv.parse(bytesOf('\n\n')).issues).toMatchObject([{ code: 'body-empty' }]);
  });
});
