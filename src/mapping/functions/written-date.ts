/**
 * A date or time as somebody wrote it: what was not written is undefined, so that no precision is invented.
 * Month and day count from 1. `fraction` is the digits after the decimal point; `offset` is `Z` or `+01:00`.
 */
export interface WrittenDate {
  readonly year: number;
  readonly month?: number | undefined;
  readonly day?: number | undefined;
  readonly hour?: number | undefined;
  readonly minute?: number | undefined;
  readonly second?: number | undefined;
  readonly fraction?: string | undefined;
  readonly offset?: string | undefined;
}

/** Formats with a name of their own; all others are patterns such as `dd/MM/yyyy`. */
export const NAMED_FORMATS = ['iso', 'hl7', 'excel'] as const;

export const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
] as const;

/** The letters a pattern may hold. Two-digit years are left out on purpose: nobody can tell 1926 from 2026. */
export const TOKENS: ReadonlySet<string> = new Set([
  'd',
  'dd',
  'M',
  'MM',
  'MMM',
  'MMMM',
  'yyyy',
  'H',
  'HH',
  'mm',
  'ss',
]);

/** A pattern cut into tokens and the text between them; undefined where it holds a letter that is no token, or none. */
export function splitPattern(pattern: string): string[] | undefined {
  const parts: readonly string[] = pattern.match(/([dMyHms])\1*|[^dMyHms]+/g) ?? [];
  for (const part of parts) if (/[A-Za-z]/.test(part) && part !== 'T' && !TOKENS.has(part)) return undefined;
  return parts.some((part) => TOKENS.has(part)) ? [...parts] : undefined;
}

/** Formats that a date can be read in: a date has a year. */
export function isDateFormat(format: string): boolean {
  return (NAMED_FORMATS as readonly string[]).includes(format) || splitPattern(format)?.includes('yyyy') === true;
}

/** Formats that a date can be written in: a part of it will do, such as `HH:mm`. Spreadsheet numbers are only read. */
export function isPrintedFormat(format: string): boolean {
  return format === 'iso' || format === 'hl7' || (format !== 'excel' && splitPattern(format) !== undefined);
}

/** Reads `text` in exactly this format; undefined where it does not fit or names a day that does not exist. */
export function parseWrittenDate(text: string, format: string): WrittenDate | undefined {
  const written = readFormat(text.trim(), format);
  return written !== undefined && exists(written) ? written : undefined;
}

function readFormat(text: string, format: string): WrittenDate | undefined {
  switch (format) {
    case 'iso':
      return readIso(text);
    case 'hl7':
      return readHl7(text);
    case 'excel':
      return readExcel(text);
    default:
      return readPattern(text, splitPattern(format) ?? []);
  }
}

/** FHIR date and dateTime, and ISO 8601 as most systems write it: a space for the T, seconds or the offset left out. */
function readIso(text: string): WrittenDate | undefined {
  const match =
    /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?$/.exec(
      text,
    );
  return match === null ? undefined : fromDigits(match.slice(1));
}

/** HL7 v2 TS: `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]` (HL7 2.5.1 section 2.A.77). */
function readHl7(text: string): WrittenDate | undefined {
  const match =
    /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,4}))?)?)?)?)?)?([+-]\d{4})?$/.exec(text);
  return match === null ? undefined : fromDigits(match.slice(1));
}

function fromDigits(digits: readonly (string | undefined)[]): WrittenDate {
  const [year, month, day, hour, minute, second, fraction, offset] = digits;
  const number = (part: string | undefined) => (part === undefined ? undefined : Number(part));
  return {
    year: Number(year),
    month: number(month),
    day: number(day),
    hour: number(hour),
    minute: number(minute),
    second: number(second),
    fraction,
    offset: offset === undefined || offset === 'Z' ? offset : `${offset.slice(0, 3)}:${offset.slice(-2)}`,
  };
}

/**
 * A spreadsheet's serial number in the 1900 system, where day 1 is 1 January 1900 and day 60 is a 29 February 1900
 * that never was. A fraction is the time of day, to the second.
 */
function readExcel(text: string): WrittenDate | undefined {
  if (!/^\d{1,7}(?:\.\d{1,15})?$/.test(text)) return undefined;
  const serial = Number(text);
  const day = Math.floor(serial);
  if (day < 1 || day === 60 || day > 2_958_465) return undefined;
  const seconds = Math.round((serial - day) * 86_400);
  const instant = new Date(Date.UTC(1899, 11, day < 60 ? 31 : 30) + day * 86_400_000 + seconds * 1000);
  const date = { year: instant.getUTCFullYear(), month: instant.getUTCMonth() + 1, day: instant.getUTCDate() };
  if (!text.includes('.')) return date;
  return { ...date, hour: instant.getUTCHours(), minute: instant.getUTCMinutes(), second: instant.getUTCSeconds() };
}

function readPattern(text: string, parts: readonly string[]): WrittenDate | undefined {
  const found: { -readonly [Part in keyof WrittenDate]: WrittenDate[Part] } = { year: 0 };
  let at = 0;
  const digits = (min: number, max: number): number | undefined => {
    let end = at;
    while (end < at + max && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end += 1;
    if (end - at < min) return undefined;
    const value = Number(text.slice(at, end));
    at = end;
    return value;
  };
  const monthName = (length: number | undefined): number | undefined => {
    const rest = text.slice(at).toLowerCase();
    const index = MONTHS.findIndex((name) => rest.startsWith(name.slice(0, length)));
    if (index < 0) return undefined;
    at += (MONTHS[index] ?? '').slice(0, length).length;
    return index + 1;
  };
  for (const part of parts) {
    if (!TOKENS.has(part)) {
      if (!text.startsWith(part, at)) return undefined;
      at += part.length;
      continue;
    }
    const field = FIELDS[part.charAt(0)] ?? 'year';
    const value = part.startsWith('MMM')
      ? monthName(part === 'MMM' ? 3 : undefined)
      : digits(part.length, Math.max(part.length, 2));
    if (value === undefined) return undefined;
    found[field] = value;
  }
  return at === text.length ? found : undefined;
}

export const FIELDS: Readonly<Record<string, 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'>> = {
  y: 'year',
  M: 'month',
  d: 'day',
  H: 'hour',
  m: 'minute',
  s: 'second',
};

/** Whether such a day and such a time of day exist: there is no 30 February and no 24:10. */
function exists({ year, month, day, hour, minute, second, offset }: WrittenDate): boolean {
  if (year < 1) return false;
  if (month !== undefined && (month < 1 || month > 12)) return false;
  if (day !== undefined && (month === undefined || day < 1 || day > daysOf(year, month))) return false;
  if (offset !== undefined && offset !== 'Z' && (Number(offset.slice(1, 3)) > 14 || Number(offset.slice(4)) > 59)) {
    return false;
  }
  return (hour ?? 0) < 24 && (minute ?? 0) < 60 && (second ?? 0) < 60;
}

function daysOf(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 2) return leap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
