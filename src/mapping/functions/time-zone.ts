import type { WrittenDate } from './written-date.ts';

/** The same instant as the clocks of `zone` show it. A date without a time is the same day everywhere. */
export function inZone(written: WrittenDate, zone: string): WrittenDate {
  if (written.offset === undefined || written.hour === undefined) return written;
  const instant = wallMs(written) - offsetMs(written.offset);
  const offset = offsetAt(instant, zone);
  const wall = new Date(instant + offset);
  return {
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth() + 1,
    day: wall.getUTCDate(),
    hour: wall.getUTCHours(),
    minute: wall.getUTCMinutes(),
    second: written.second,
    fraction: written.fraction,
    offset: printOffset(offset),
  };
}

/**
 * The offset of a zone at a time on its clocks. When the clocks go back, an hour happens twice: the first is meant.
 * When they go forward, an hour does not happen: undefined.
 */
export function offsetOf(written: WrittenDate, zone: string): string | undefined {
  const wall = wallMs(written);
  const around = [offsetAt(wall - 86_400_000, zone), offsetAt(wall + 86_400_000, zone)].sort((a, b) => b - a);
  const offset = around.find((one) => offsetAt(wall - one, zone) === one);
  return offset === undefined ? undefined : printOffset(offset);
}

const londonFormat = zoneFormat('Europe/London');

function zoneFormat(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'longOffset' });
}

export function isZone(zone: string): boolean {
  try {
    return zoneFormat(zone) !== undefined;
  } catch {
    return false;
  }
}

/** Milliseconds that the clocks of `zone` are ahead of UTC at an instant. */
function offsetAt(instant: number, zone: string): number {
  const format = zone === 'Europe/London' ? londonFormat : zoneFormat(zone);
  const name = format.formatToParts(instant).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  return name === 'GMT' ? 0 : offsetMs(name.slice(3));
}

/** `+01:00`, or `+00:01:15` as zones had before there was a standard time. */
function offsetMs(offset: string): number {
  if (offset === 'Z') return 0;
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number);
  return (offset.startsWith('-') ? -1 : 1) * ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

function printOffset(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  return `${ms < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}

function wallMs({ year, month = 1, day = 1, hour = 0, minute = 0, second = 0 }: WrittenDate): number {
  const date = new Date(0);
  // Date.UTC would read the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return date.getTime();
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
