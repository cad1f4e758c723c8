import { SystemValue } from './system-value.ts';

/**
 * Dates, date-times and times with the precision they were written in (http://hl7.org/fhirpath/N1/#date). A value
 * without an offset has none: it is never moved into a zone of ours.
 */
export type TemporalKind = 'Date' | 'DateTime' | 'Time';

/** How many of year, month, day, hour, minute, second, millisecond are known. */
export type Precision = 1 | 2 | 3 | 4 | 5 | 6 | 7;

export class Temporal extends SystemValue {
  readonly kind: TemporalKind;
  /** Year, month, day, hour, minute, second, millisecond; what is beyond `precision` holds its lowest value. */
  readonly parts: readonly [number, number, number, number, number, number, number];
  readonly precision: Precision;
  /** Minutes east of UTC; undefined where the value states no offset. */
  readonly offset: number | undefined;

  constructor(
    kind: TemporalKind,
    parts: readonly [number, number, number, number, number, number, number],
    precision: Precision,
    offset: number | undefined,
  ) {
    super();
    this.kind = kind;
    this.parts = parts;
    this.precision = precision;
    this.offset = offset;
  }

  /** Milliseconds since 1970 of its lowest instant, its own offset taken off. */
  epochMs(): number {
    return epochOf(this.parts) - (this.offset ?? 0) * 60_000;
  }

  override toString(): string {
    const [year, month, day, hour, minute, second, millisecond] = this.parts;
    const date = [pad(year, 4), pad(month, 2), pad(day, 2)].slice(0, this.precision).join('-');
    if (this.precision < 4) return date;
    let time = pad(hour, 2);
    if (this.precision >= 5) time += `:${pad(minute, 2)}`;
    if (this.precision >= 6) time += `:${pad(second, 2)}`;
    if (this.precision === 7) time += `.${pad(millisecond, 3)}`;
    return this.kind === 'Time' ? time : `${date}T${time}${printOffset(this.offset)}`;
  }
}

const TIME = /^([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?$/;
const ZONED = /^(.*?)(Z|[+-][0-9]{2}:[0-9]{2})?$/;
const LONGEST = 40;

/** `2026`, `2026-01`, `2026-01-31`; undefined for anything else, and for days the calendar does not have. */
export function parseDate(text: string): Temporal | undefined {
  const precision = text.length === 10 ? 3 : text.length === 7 ? 2 : text.length === 4 ? 1 : undefined;
  if (precision === undefined || (precision > 1 && text[4] !== '-') || (precision > 2 && text[7] !== '-'))
    return undefined;
  const year = digitsAt(text, 0, 4);
  const month = precision > 1 ? digitsAt(text, 5, 2) : 1;
  const day = precision > 2 ? digitsAt(text, 8, 2) : 1;
  if (!isDay(year, month, day)) return undefined;
  return new Temporal('Date', [year, month, day, 0, 0, 0, 0], precision, undefined);
}

/** The number written there; -1 where there is something else than digits. */
function digitsAt(text: string, at: number, count: number): number {
  let number = 0;
  for (let index = at; index < at + count; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** `2026-01-31T09:30:00+01:00`, and every date, which is a date-time of less precision. */
export function parseDateTime(text: string): Temporal | undefined {
  if (text.length > LONGEST) return undefined;
  const cut = text.indexOf('T');
  const date = parseDate(cut === -1 ? text : text.slice(0, cut));
  if (date === undefined) return undefined;
  if (cut === -1) return new Temporal('DateTime', date.parts, date.precision, undefined);
  if (date.precision !== 3) return undefined;
  const [, clock = '', zone] = ZONED.exec(text.slice(cut + 1)) ?? [];
  const time = parseTime(clock);
  const offset = zone === undefined ? undefined : readOffset(zone);
  if (time === undefined || (zone !== undefined && offset === undefined)) return undefined;
  const [year, month, day] = date.parts;
  const [, , , hour, minute, second, millisecond] = time.parts;
  return new Temporal('DateTime', [year, month, day, hour, minute, second, millisecond], time.precision, offset);
}

/** `14`, `14:30`, `14:30:00.000`. */
export function parseTime(text: string): Temporal | undefined {
  if (text.length > LONGEST) return undefined;
  const parts = TIME.exec(text);
  if (parts === null) return undefined;
  const [, hour, minute, second, fraction] = parts;
  const clock = [Number(hour), Number(minute ?? 0), Number(second ?? 0)] as const;
  if (clock[0] > 23 || clock[1] > 59 || clock[2] > 59) return undefined;
  const millisecond = Number((fraction ?? '').slice(0, 3).padEnd(3, '0'));
  const precision = fraction !== undefined ? 7 : second !== undefined ? 6 : minute !== undefined ? 5 : 4;
  return new Temporal('Time', [1970, 1, 1, ...clock, millisecond], precision, undefined);
}

/** The instant as a date-time of full precision in UTC. */
export function dateTimeOf(instant: Date): Temporal {
  return new Temporal('DateTime', partsOf(instant.getTime()), 7, 0);
}

/** A date as a date-time of its precision, or a date-time cut down to its date. */
export function convertTemporal(value: Temporal, kind: 'Date' | 'DateTime'): Temporal {
  if (value.kind === kind) return value;
  if (kind === 'DateTime') return new Temporal('DateTime', value.parts, value.precision, undefined);
  const [year, month, day] = value.parts;
  return new Temporal('Date', [year, month, day, 0, 0, 0, 0], value.precision < 3 ? value.precision : 3, undefined);
}

/**
 * Negative, zero or positive, or undefined where the answer is not certain: the values agree as far as the less
 * precise of them goes, or only one of them states its offset and the two are less than that apart
 * (http://hl7.org/fhirpath/N1/#datetime-equality). A time never compares with a date.
 */
export function compareTemporal(left: Temporal, right: Temporal): number | undefined {
  if ((left.kind === 'Time') !== (right.kind === 'Time')) return undefined;
  if (left.precision >= 4 && right.precision >= 4 && left.kind !== 'Time') {
    if ((left.offset === undefined) !== (right.offset === undefined)) return compareAcrossZones(left, right);
    if (left.offset !== undefined) {
      return compareParts(partsOf(left.epochMs()), partsOf(right.epochMs()), left.precision, right.precision);
    }
  }
  return compareParts(left.parts, right.parts, left.precision, right.precision);
}

function compareAcrossZones(left: Temporal, right: Temporal): number | undefined {
  const apart = left.epochMs() - right.epochMs();
  return Math.abs(apart) > 14 * 3_600_000 + 60_000 ? apart : undefined;
}

/** Seconds and milliseconds count as one number: 30 and 30.0 are the same precision. */
function compareParts(
  left: readonly number[],
  right: readonly number[],
  leftPrecision: Precision,
  rightPrecision: Precision,
): number | undefined {
  const shared = Math.min(leftPrecision, rightPrecision);
  const known = shared >= 6 ? 7 : shared;
  for (let index = 0; index < known; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return Math.min(leftPrecision, 6) === Math.min(rightPrecision, 6) ? 0 : undefined;
}

export type CalendarStep = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond';

const STEP_MS = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1_000, millisecond: 1 } as const;
const STEP_PRECISION = { year: 1, month: 2, day: 3, hour: 4, minute: 5, second: 6, millisecond: 7 } as const;

/**
 * Adds whole calendar steps (http://hl7.org/fhirpath/N1/#datetime-arithmetic). A step finer than the value's precision is
 * first turned into that precision: 24 months on `2014` are 2 years. The last day of a month stays within the month.
 * Undefined where the result leaves the years 1 to 9999.
 */
export function addSteps(value: Temporal, count: number, step: CalendarStep): Temporal | undefined {
  if (value.kind === 'Time' && STEP_PRECISION[step] < 4) return undefined;
  const [amount, unit] = coarsen(Math.trunc(count), step, value.precision);
  if (unit === 'year' || unit === 'month') return addMonths(value, unit === 'year' ? amount * 12 : amount);
  const moved = epochOf(value.parts) + amount * STEP_MS[unit];
  if (!Number.isFinite(moved) || Math.abs(moved) > 8.64e15) return undefined;
  const parts = partsOf(moved);
  if (value.kind !== 'Time') return withParts(value, parts);
  const [, , , hour, minute, second, millisecond] = parts;
  return new Temporal('Time', [1970, 1, 1, hour, minute, second, millisecond], value.precision, undefined);
}

/** A step finer than the precision, in steps of the precision: 30 days to a month and 365 to a year. */
function coarsen(count: number, step: CalendarStep, precision: Precision): [number, CalendarStep] {
  if (STEP_PRECISION[step] <= precision || step === 'year') return [count, step];
  if (step === 'month') return [Math.trunc(count / 12), 'year'];
  const ms = count * STEP_MS[step];
  if (precision === 1) return [Math.trunc(ms / STEP_MS.day / 365), 'year'];
  if (precision === 2) return [Math.trunc(ms / STEP_MS.day / 30), 'month'];
  const unit = precision === 3 ? 'day' : precision === 4 ? 'hour' : precision === 5 ? 'minute' : 'second';
  return [Math.trunc(ms / STEP_MS[unit]), unit];
}

function addMonths(value: Temporal, months: number): Temporal | undefined {
  const [year, month, day, ...clock] = value.parts;
  const total = year * 12 + (month - 1) + months;
  const newYear = Math.floor(total / 12);
  const newMonth = (total % 12) + 1;
  if (!(newYear >= 1 && newYear <= 9999)) return undefined;
  return withParts(value, [newYear, newMonth, Math.min(day, daysIn(newYear, newMonth)), ...clock]);
}

function withParts(value: Temporal, parts: Temporal['parts']): Temporal | undefined {
  if (!(parts[0] >= 1 && parts[0] <= 9999)) return undefined;
  return new Temporal(value.kind, parts, value.precision, value.offset);
}

function epochOf(parts: Temporal['parts']): number {
  const [year, month, day, hour, minute, second, millisecond] = parts;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, millisecond);
  return date.getTime();
}

function partsOf(epochMs: number): Temporal['parts'] {
  const date = new Date(epochMs);
  return [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    date.getUTCMilliseconds(),
  ];
}

export function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isDay(year: number, month: number, day: number): boolean {
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

function readOffset(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  if (minutes > 14 * 60 || Number(zone.slice(4, 6)) > 59) return undefined;
  return zone[0] === '-' ? -minutes : minutes;
}

function printOffset(offset: number | undefined): string {
  if (offset === undefined) return '';
  if (offset === 0) return 'Z';
  const minutes = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${pad(Math.trunc(minutes / 60), 2)}:${pad(minutes % 60, 2)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
