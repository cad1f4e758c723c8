/** The range that a date covers: `low` inclusive, `high` exclusive, milliseconds since 1970 UTC. */
export interface DateRange {
  readonly low: number;
  readonly high: number;
}

/** The ends of time, for a Period that is open: what a JavaScript Date can hold. */
export const RANGE_START = -8_640_000_000_000_000;
export const RANGE_END = 8_640_000_000_000_000;

const DATE_TIME =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;

/**
 * The range of a FHIR date, dateTime or instant, by its precision. R4 leaves the zone of a value without one to the
 * server (https://hl7.org/fhir/R4/search.html#date): here it is Europe/London, for what is stored and for what is asked
 * alike, because a day in these records is an English day, in summer too. Undefined for what is no date.
 */
export function parseDateRange(text: string): DateRange | undefined {
  const found = DATE_TIME.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = found;
  const parts: Parts = [
    Number(year),
    Number(month ?? 1),
    Number(day ?? 1),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
    Number((fraction ?? '').slice(0, 3).padEnd(3, '0')),
  ];
  if (!exists(parts)) return undefined;
  const offsetMs = zone === undefined ? undefined : readOffset(zone);
  const precision = [month, day, hour, second, fraction].indexOf(undefined);
  // Year, month, day, minute (R4 search allows no hour alone), second, millisecond.
  const next: Parts = [...parts];
  const place = [0, 1, 2, 4, 5, 6][precision === -1 ? 5 : precision] ?? 6;
  next[place] = (next[place] ?? 0) + 1;
  return { low: toInstant(parts, offsetMs), high: toInstant(next, offsetMs) };
}

/** A range of R4's Period, open where it has no start or no end. */
export function joinRanges(start: DateRange | undefined, end: DateRange | undefined): DateRange | undefined {
  if (start === undefined && end === undefined) return undefined;
  const low = start?.low ?? RANGE_START;
  const high = end?.high ?? RANGE_END;
  // A period that ends before it starts is still found by its start.
  return { low, high: Math.max(high, start?.high ?? high) };
}

type Parts = [number, number, number, number, number, number, number];

function exists([year, month, day, hour, minute, second]: Parts): boolean {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return false;
  return year > 0 && (day <= 28 || day <= new Date(utcOf([year, month + 1, 0, 0, 0, 0, 0])).getUTCDate());
}

function readOffset(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

function toInstant(parts: Parts, offsetMs: number | undefined): number {
  const local = utcOf(parts);
  if (offsetMs !== undefined) return local - offsetMs;
  const guess = local - londonOffsetMs(local);
  return local - londonOffsetMs(guess);
}

/** Date.UTC without its reading of the years 0 to 99 as 1900 to 1999. Parts beyond their range carry over. */
function utcOf([year, month, day, hour, minute, second, millisecond]: Parts): number {
  if (year > 99) return Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, millisecond);
  return date.getTime();
}

const LONDON = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', timeZoneName: 'longOffset' });

const MONTHS_FROM_YEAR = 1970;
const MONTHS_KEPT = 71 * 12;

/**
 * London's offset at the start of each month from 1970 to 2040, read once: most dates of care records fall into a month
 * without a change of the clocks, and asking Intl for each of them was a sixth of creating a CarePlan.
 */
const MONTH_OFFSETS: readonly number[] = Array.from({ length: MONTHS_KEPT + 1 }, (_, month) =>
  readLondonOffsetMs(Date.UTC(MONTHS_FROM_YEAR, month)),
);

function londonOffsetMs(instantMs: number): number {
  const date = new Date(instantMs);
  const month = (date.getUTCFullYear() - MONTHS_FROM_YEAR) * 12 + date.getUTCMonth();
  const [before, after] = [MONTH_OFFSETS[month], MONTH_OFFSETS[month + 1]];
  if (before === undefined || after === undefined) return readLondonOffsetMs(instantMs);
  return before === after || instantMs < changeIn(month, before) ? before : after;
}

/** When the clocks change in a month that has a change, once it was asked for: no month of these years has two. */
const CHANGES = new Map<number, number>();

function changeIn(month: number, before: number): number {
  const known = CHANGES.get(month);
  if (known !== undefined) return known;
  let [last, first] = [Date.UTC(MONTHS_FROM_YEAR, month), Date.UTC(MONTHS_FROM_YEAR, month + 1)];
  while (first - last > 1) {
    const middle = Math.floor((last + first) / 2);
    if (readLondonOffsetMs(middle) === before) last = middle;
    else first = middle;
  }
  CHANGES.set(month, first);
  return first;
}

/** `GMT`, `GMT+01:00`, and until 1847 `GMT-00:01:15`. */
function readLondonOffsetMs(instantMs: number): number {
  const name = LONDON.formatToParts(instantMs).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const found = /^GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(name);
  if (found === null) return 0;
  const ms = (Number(found[2]) * 3_600 + Number(found[3]) * 60 + Number(found[4] ?? 0)) * 1_000;
  return found[1] === '-' ? -ms : ms;
}
