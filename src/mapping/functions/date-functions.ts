import { EvaluationError } from '../../fhirpath/evaluation-error.ts';
import { eachText, type MappingFunction, textArgument } from './mapping-function.ts';
import { printFhirDate, printFhirDateTime, printPattern } from './print-date.ts';
import { inZone, isZone } from './time-zone.ts';
import { isDateFormat, isPrintedFormat, parseWrittenDate, type WrittenDate } from './written-date.ts';

const LONDON = 'Europe/London';
const FORMATS_HINT =
  'A date format is iso, hl7, excel (read only), or a pattern of d, dd, M, MM, MMM, MMMM, yyyy, H, HH, mm, ss; a date that is read has a year';

/** Dates and times in the formats partners write. The zone is stated, never the machine's. */
export const DATE_FUNCTIONS: readonly MappingFunction[] = [
  {
    name: 'date',
    signature: 'date(format, …) : string',
    sentence:
      'A FHIR date from the first format that fits. The precision that was written is kept; a day that does not exist is an error.',
    minArguments: 1,
    maxArguments: 6,
    check: (args) => checkFormats(args),
    apply: (input, args) => {
      const formats = textsOf('date', args);
      return eachText('date', input, (text) => printFhirDate(parseFirst(text, formats)));
    },
    examples: [
      { expression: "dob.date('dd/MM/yyyy')", input: { dob: '03/05/1941' }, gives: ['1941-05-03'] },
      { expression: "dob.date('d/M/yyyy', 'dd MMM yyyy')", input: { dob: '07 Feb 1938' }, gives: ['1938-02-07'] },
      { expression: "dob.date('hl7')", input: { dob: '194105' }, gives: ['1941-05'] },
      { expression: "dob.date('hl7')", input: { dob: '19410503140000' }, gives: ['1941-05-03'] },
      { expression: "dob.date('yyyyMMdd')", input: { dob: '19410503' }, gives: ['1941-05-03'] },
      { expression: "dob.date('excel')", input: { dob: '45000' }, gives: ['2023-03-15'] },
      { expression: "dob.date('dd/MM/yyyy')", input: { dob: '30/02/1941' }, gives: { refused: 'date-invalid' } },
      { expression: "dob.date('dd/MM/yyyy')", input: { dob: '05/13/1941' }, gives: { refused: 'date-invalid' } },
      { expression: "dob.date('dd/MM/yyyy')", input: { dob: ' ' }, gives: [] },
    ],
  },
  {
    name: 'dateTime',
    signature: "dateTime(format, …, zone = 'Europe/London') : string",
    sentence:
      'A FHIR dateTime from the first format that fits. A time without an offset gets that of the zone on that day; of the hour that comes twice in October the first is meant, and the one that is skipped in March is an error.',
    minArguments: 1,
    maxArguments: 7,
    check: (args) => {
      const last = args.at(-1);
      const zoned = args.length > 1 && last !== undefined && isZone(last);
      return checkFormats(zoned ? args.slice(0, -1) : args);
    },
    apply: (input, args) => {
      const texts = textsOf('dateTime', args);
      const last = texts.at(-1);
      const zoned = texts.length > 1 && last !== undefined && !isDateFormat(last);
      const formats = zoned ? texts.slice(0, -1) : texts;
      return eachText('dateTime', input, (text) => {
        const printed = printFhirDateTime(parseFirst(text, formats), zoned ? last : LONDON);
        if (printed !== undefined) return printed;
        throw new EvaluationError(
          'date-invalid',
          'The clocks of the zone skip this time: they went forward in that hour.',
        );
      });
    },
    examples: [
      { expression: "at.dateTime('hl7')", input: { at: '20260302093000' }, gives: ['2026-03-02T09:30:00+00:00'] },
      { expression: "at.dateTime('hl7')", input: { at: '202607010930' }, gives: ['2026-07-01T09:30:00+01:00'] },
      {
        expression: "at.dateTime('hl7')",
        input: { at: '20260701093000.25-0500' },
        gives: ['2026-07-01T09:30:00.25-05:00'],
      },
      { expression: "at.dateTime('hl7')", input: { at: '2026070109' }, gives: ['2026-07-01'] },
      {
        expression: "at.dateTime('dd MMM yyyy HH:mm:ss')",
        input: { at: '02 Mar 2026 14:05:09' },
        gives: ['2026-03-02T14:05:09+00:00'],
      },
      {
        expression: "at.dateTime('dd/MM/yyyy HH:mm', 'Europe/Paris')",
        input: { at: '02/03/2026 14:05' },
        gives: ['2026-03-02T14:05:00+01:00'],
      },
      { expression: "at.dateTime('excel')", input: { at: '46083.5' }, gives: ['2026-03-02T12:00:00+00:00'] },
      { expression: "at.dateTime('dd/MM/yyyy')", input: { at: '02/03/2026' }, gives: ['2026-03-02'] },
      { expression: "at.dateTime('iso')", input: { at: '2026-03-29 01:30' }, gives: { refused: 'date-invalid' } },
      { expression: "at.dateTime('iso')", input: { at: '2026-10-25 01:30' }, gives: ['2026-10-25T01:30:00+01:00'] },
    ],
  },
  {
    name: 'formatDate',
    signature: "formatDate(format, zone = 'Europe/London') : string",
    sentence:
      'A FHIR date or dateTime in a partner’s format, as the clocks of the zone show it. `hl7` and `iso` keep the precision; a pattern may be a part such as `HH:mm`, and one that asks for more than the date has is an error.',
    minArguments: 1,
    maxArguments: 2,
    check: ([format, zone]) => {
      if (format === 'excel') return 'Dates are not printed as spreadsheet numbers.';
      if (zone !== undefined && !isZone(zone)) return 'There is no such time zone.';
      if (format === undefined) return 'Date formats are written as texts.';
      return isPrintedFormat(format) ? undefined : `${FORMATS_HINT}; this is none of them.`;
    },
    apply: (input, args) => {
      const format = textArgument('formatDate', args, 0) ?? 'iso';
      const zone = textArgument('formatDate', args, 1) ?? LONDON;
      return eachText('formatDate', input, (text) => {
        const printed = printPattern(inZone(parseFirst(text, ['iso']), zone), format);
        if (printed !== undefined) return printed;
        throw new EvaluationError('date-invalid', 'The date is less precise than the format asks for.');
      });
    },
    examples: [
      { expression: "birthDate.formatDate('dd/MM/yyyy')", input: { birthDate: '1941-05-03' }, gives: ['03/05/1941'] },
      {
        expression: "at.formatDate('dd MMM yyyy HH:mm')",
        input: { at: '2026-07-01T23:30:00Z' },
        gives: ['02 Jul 2026 00:30'],
      },
      { expression: "at.formatDate('HH:mm')", input: { at: '2026-07-01T08:05:00Z' }, gives: ['09:05'] },
      { expression: "at.formatDate('HH:mm')", input: { at: '2026-07-01' }, gives: { refused: 'date-invalid' } },
      { expression: "at.formatDate('hl7')", input: { at: '2026-03-02T09:30:00Z' }, gives: ['20260302093000+0000'] },
      { expression: "at.formatDate('hl7')", input: { at: '1941-05' }, gives: ['194105'] },
      { expression: "at.formatDate('dd/MM/yyyy')", input: { at: '1941-05' }, gives: { refused: 'date-invalid' } },
    ],
  },
];

function parseFirst(text: string, formats: readonly string[]): WrittenDate {
  for (const format of formats) {
    const written = parseWrittenDate(text, format);
    if (written !== undefined) return written;
  }
  throw new EvaluationError(
    'date-invalid',
    `This is not a date in the format ${formats.join(' or ')}, or no day of the calendar.`,
  );
}

function textsOf(name: string, args: readonly (readonly unknown[])[]): string[] {
  return args.map((_, index) => textArgument(name, args, index)).filter((text) => text !== undefined);
}

function checkFormats(args: readonly (string | undefined)[]): string | undefined {
  for (const format of args) {
    if (format === undefined) return 'Date formats are written as texts.';
    if (!isDateFormat(format)) return `${FORMATS_HINT}; this is none of them.`;
  }
  return undefined;
}
