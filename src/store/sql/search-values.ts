import type { DateValue, ReferenceFilter, StringFilter, TokenValue } from '../../fhir/search-request.ts';
import { type Sql, sql } from './statement.ts';
import { clampMs, isoOf } from './time.ts';

/** https://hl7.org/fhir/R4/search.html#token */
export function testToken({ system, code }: TokenValue, row: Sql): Sql {
  if (code === undefined) return system === undefined ? sql`1 = 1` : sql`${row}.system = ${system}`;
  if (system === undefined) return sql`${row}.code = ${code}`;
  return sql`(${row}.code = ${code} AND ${row}.system = ${system})`;
}

/** https://hl7.org/fhir/R4/search.html#reference */
export function testReference({ targetType, target }: ReferenceFilter['values'][number], row: Sql): Sql {
  if (targetType === undefined) return sql`${row}.target = ${target}`;
  return sql`(${row}.target = ${target} AND ${row}.target_type = ${targetType})`;
}

/**
 * Prefixes over ranges (https://hl7.org/fhir/R4/search.html#prefix): the row's range is [low, high), the value's
 * [from, to). Where a prefix sets no bound that an index of `date` begins with, one that follows from it is added,
 * for no range is empty.
 */
export function testRange(value: DateValue, row: Sql): Sql {
  const from = clampMs(value.low);
  const to = clampMs(value.high);
  const low = sql`${row}.low`;
  const high = sql`${row}.high`;
  switch (value.prefix) {
    case 'eq':
      return sql`(${low} >= ${from} AND ${low} < ${to} AND ${high} <= ${to})`;
    case 'ne':
      return sql`(${low} < ${from} OR ${high} > ${to})`;
    case 'gt':
      return sql`${high} > ${to}`;
    case 'lt':
      return sql`${low} < ${from}`;
    case 'ge':
      return sql`(${high} > ${from} AND (${high} > ${to} OR ${low} >= ${from}))`;
    case 'le':
      return sql`(${low} < ${to} AND (${low} < ${from} OR ${high} <= ${to}))`;
    case 'sa':
      return sql`${low} >= ${to}`;
    case 'eb':
      return sql`(${low} < ${from} AND ${high} <= ${from})`;
  }
}

/** The same prefixes for an instant, which is a range of one millisecond. */
export function testInstant(value: DateValue, row: Sql): Sql {
  const from = isoOf(value.low);
  const to = isoOf(value.high);
  const at = sql`${row}.last_updated`;
  switch (value.prefix) {
    case 'eq':
      return sql`(${at} >= ${from} AND ${at} < ${to})`;
    case 'ne':
      return sql`(${at} < ${from} OR ${at} >= ${to})`;
    case 'gt':
    case 'sa':
      return sql`${at} >= ${to}`;
    case 'lt':
    case 'eb':
      return sql`${at} < ${from}`;
    case 'ge':
      return sql`${at} >= ${from}`;
    case 'le':
      return sql`${at} < ${to}`;
  }
}

/** No text that begins with a value sorts after the value followed by this, the last code point there is. */
const LAST_CODE_POINT = '\u{10FFFF}';

/** https://hl7.org/fhir/R4/search.html#string. A beginning is a range of the index; LIKE is not the same everywhere. */
export function testString(value: string, match: StringFilter['match'], row: Sql): Sql {
  switch (match) {
    case 'starts':
      return sql`(${row}.folded >= ${value} AND ${row}.folded < ${value + LAST_CODE_POINT})`;
    case 'exact':
      return sql`${row}.exact = ${value}`;
    case 'contains':
      return sql`instr(${row}.folded, ${value}) > 0`;
  }
}
