import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printFhirDate, printFhirDateTime, printPattern } from '../../src/mapping/functions/print-date.ts';
import { inZone } from '../../src/mapping/functions/time-zone.ts';
import { parseWrittenDate, type WrittenDate } from '../../src/mapping/functions/written-date.ts';

const LONDON = 'Europe/London';

/** Days that exist, from year 1 to 9999. */
const day = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T00:00:00Z'),
  noInvalidDate: true,
});
const moment = fc.date({
  min: new Date('1980-01-01T00:00:00Z'),
  max: new Date('2037-12-31T00:00:00Z'),
  noInvalidDate: true,
});

function must(text: string, format: string): WrittenDate {
  const written = parseWrittenDate(text, format);
  if (written === undefined) throw new Error(`${text} was refused.`);
  return written;
}

describe('written dates', () => {
  it.each(['dd/MM/yyyy', 'd/M/yyyy', 'dd MMM yyyy', 'd MMMM yyyy', 'yyyy-MM-dd', 'yyyyMMdd', 'hl7', 'iso'])(
    'every day printed as %s is read back as the same day',
    (format) => {
      fc.assert(
        fc.property(day, (instant) => {
          const date = instant.toISOString().slice(0, 10);
          const text = printPattern(must(date, 'iso'), format) ?? '';
          expect(printFhirDate(must(text, format))).toBe(date);
        }),
      );
    },
  );

  it.each(['dd MMM yyyy HH:mm:ss', 'yyyy-MM-ddTHH:mm:ss', 'hl7', 'iso'])(
    'every moment printed as %s is read back as the same time of day',
    (format) => {
      fc.assert(
        fc.property(moment, (instant) => {
          const iso = instant.toISOString().slice(0, 19);
          const { offset: _offset, ...wall } = must(`${iso}Z`, 'iso');
          const text = format === 'iso' ? iso : (printPattern(wall, format) ?? '');
          expect(must(text, format)).toMatchObject({ hour: wall.hour, minute: wall.minute, second: wall.second });
        }),
      );
    },
  );

  it('a time given the offset of London is the same instant that London’s clocks show', () => {
    fc.assert(
      fc.property(moment, (instant) => {
        const whole = `${instant.toISOString().slice(0, 19)}Z`;
        const london = inZone(must(whole, 'iso'), LONDON);
        const { offset: _offset, ...wall } = london;
        const printed = printFhirDateTime(wall, LONDON) ?? '';
        // The hour that comes twice in October is read as its first; all others are the instant itself.
        const late = Date.parse(whole) - Date.parse(printed);
        expect([0, 3_600_000]).toContain(late);
        if (late !== 0) expect(new Date(whole).getUTCMonth()).toBe(9);
      }),
    );
  });

  it.each([
    ['2026-03-29T00:59:59', '2026-03-29T00:59:59+00:00'],
    ['2026-03-29T01:00:00', undefined],
    ['2026-03-29T01:59:59', undefined],
    ['2026-03-29T02:00:00', '2026-03-29T02:00:00+01:00'],
    ['2026-10-25T00:59:59', '2026-10-25T00:59:59+01:00'],
    ['2026-10-25T01:00:00', '2026-10-25T01:00:00+01:00'],
    ['2026-10-25T02:00:00', '2026-10-25T02:00:00+00:00'],
    ['1970-01-01T12:00:00', '1970-01-01T12:00:00+01:00'],
  ])('%s on London’s clocks is %s', (wall, expected) => {
    expect(printFhirDateTime(must(wall, 'iso'), LONDON)).toBe(expected);
  });

  it.each([
    ['30/02/2026', 'dd/MM/yyyy'],
    ['29/02/2025', 'dd/MM/yyyy'],
    ['29/02/1900', 'dd/MM/yyyy'],
    ['31/04/2026', 'dd/MM/yyyy'],
    ['00/01/2026', 'dd/MM/yyyy'],
    ['01/13/2026', 'dd/MM/yyyy'],
    ['1/2/2026', 'dd/MM/yyyy'],
    ['01/02/26', 'dd/MM/yyyy'],
    ['01/02/2026 ', 'dd-MM-yyyy'],
    ['01/02/2026x', 'dd/MM/yyyy'],
    ['196512131515', 'yyyyMMdd'],
    ['19651331', 'hl7'],
    ['196', 'hl7'],
    ['20260302246000', 'hl7'],
    ['20260302+9900', 'hl7'],
    ['60', 'excel'],
    ['0', 'excel'],
    ['-1', 'excel'],
    ['2958466', 'excel'],
    ['31 Fev 2026', 'dd MMM yyyy'],
    ['0000-01-01', 'iso'],
  ])('refuses %s as %s', (text, format) => {
    expect(parseWrittenDate(text, format)).toBeUndefined();
  });

  it('counts spreadsheet days around the day that never was', () => {
    expect(printFhirDate(must('1', 'excel'))).toBe('1900-01-01');
    expect(printFhirDate(must('59', 'excel'))).toBe('1900-02-28');
    expect(printFhirDate(must('61', 'excel'))).toBe('1900-03-01');
    expect(printFhirDateTime(must('45000.999999', 'excel'), LONDON)).toBe('2023-03-16T00:00:00+00:00');
  });

  it('keeps the precision of HL7 v2 and invents nothing', () => {
    const precisions = ['2026', '202603', '20260302', '2026030209', '202603020930', '20260302093005'];
    expect(precisions.map((text) => printFhirDateTime(must(text, 'hl7'), LONDON))).toEqual([
      '2026',
      '2026-03',
      '2026-03-02',
      '2026-03-02',
      '2026-03-02T09:30:00+00:00',
      '2026-03-02T09:30:05+00:00',
    ]);
    expect(precisions.map((text) => printPattern(must(text, 'hl7'), 'hl7'))).toEqual(precisions);
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom('dd/MM/yyyy', 'hl7', 'iso', 'excel', 'd MMMM yyyy HH:mm'),
        (text, format) => {
          const written = parseWrittenDate(text, format);
          if (written !== undefined) expect(printFhirDate(written)).toMatch(/^\d{4}(-\d{2}){0,2}$/);
        },
      ),
    );
  });
});
