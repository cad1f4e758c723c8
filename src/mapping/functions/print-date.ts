import { offsetOf } from './time-zone.ts';
import { FIELDS, MONTHS, splitPattern, TOKENS, type WrittenDate } from './written-date.ts';

/** FHIR date text, with the precision that was written. */
export function printFhirDate({ year, month, day }: WrittenDate): string {
  const parts = [pad(year, 4)];
  if (month !== undefined) parts.push(pad(month, 2));
  if (month !== undefined && day !== undefined) parts.push(pad(day, 2));
  return parts.join('-');
}

/**
 * FHIR dateTime text. A time needs an offset: the one written, otherwise that of `zone` on that day; undefined where
 * the clocks of the zone skip this time. FHIR has no time without minutes, so an hour alone is left out rather than
 * filled; seconds that were not written are 00, as FHIR demands.
 */
export function printFhirDateTime(written: WrittenDate, zone: string): string | undefined {
  const date = printFhirDate(written);
  if (written.day === undefined || written.hour === undefined || written.minute === undefined) return date;
  const offset = written.offset ?? offsetOf(written, zone);
  if (offset === undefined) return undefined;
  const fraction = written.fraction === undefined ? '' : `.${written.fraction}`;
  const time = [written.hour, written.minute, written.second ?? 0].map((part) => pad(part, 2)).join(':');
  return `${date}T${time}${fraction}${offset}`;
}

/** Text of a date in a pattern, or as HL7 TS with the precision it has; undefined where the pattern needs more than it has. */
export function printPattern(written: WrittenDate, format: string): string | undefined {
  if (format === 'iso') return printFhirDateTime(written, 'UTC');
  if (format === 'hl7') return printHl7(written);
  let text = '';
  for (const part of splitPattern(format) ?? []) {
    if (!TOKENS.has(part)) {
      text += part;
      continue;
    }
    const value = written[FIELDS[part.charAt(0)] ?? 'year'];
    if (value === undefined) return undefined;
    text += part.startsWith('MMM') ? monthText(value, part) : pad(value, part.length);
  }
  return text;
}

function monthText(month: number, part: string): string {
  const name = MONTHS[month - 1] ?? '';
  return name.charAt(0).toUpperCase() + name.slice(1, part === 'MMM' ? 3 : undefined);
}

function printHl7({ year, month, day, hour, minute, second, fraction, offset }: WrittenDate): string {
  let text = pad(year, 4);
  for (const part of [month, day, hour, minute, second]) {
    if (part === undefined) break;
    text += pad(part, 2);
  }
  if (second !== undefined && fraction !== undefined) text += `.${fraction.slice(0, 4)}`;
  if (hour === undefined || offset === undefined) return text;
  return text + (offset === 'Z' ? '+0000' : offset.replace(':', ''));
}

function pad(value: number, length: number): string {
  return String(value).padStart(length, '0');
}
