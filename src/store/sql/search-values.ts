import type {
  DateValue,
  PartValue,
  QuantityValue,
  ReferenceValue,
  StringFilter,
  TokenValue,
  UriFilter,
} from '../../fhir/search-request.ts';
import { joinSql, type Sql, sql } from './statement.ts';
import { clampMs, isoOf } from './time.ts';

/** https://hl7.org/fhir/R4/search.html#token */
export function testToken(value: TokenValue, row: Sql): Sql {
  return testCode(value, sql`${row}.code`, sql`${row}.system`);
}

function testCode({ system, code }: TokenValue, codeColumn: Sql, systemColumn: Sql): Sql {
  if (code === undefined) return system === undefined ? sql`1 = 1` : sql`${systemColumn} = ${system}`;
  if (system === undefined) return sql`${codeColumn} = ${code}`;
  return sql`(${codeColumn} = ${code} AND ${systemColumn} = ${system})`;
}

/** https://hl7.org/fhir/R4/search.html#reference */
export function testReference({ targetType, target }: ReferenceValue, row: Sql): Sql {
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
    case 'ap':
      return sql`(${low} < ${to} AND ${high} > ${from})`;
  }
}

/** The same prefixes for an instant, which is a range of one millisecond. */
export function testInstant(value: DateValue, row: Sql): Sql {
  const from = isoOf(value.low);
  const to = isoOf(value.high);
  const at = sql`${row}.last_updated`;
  switch (value.prefix) {
    case 'eq':
    case 'ap':
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

/**
 * https://hl7.org/fhir/R4/search.html#quantity: the row's range has both its ends, and for what compares the value is
 * exact.
 */
export function testQuantity(asked: QuantityValue, row: Sql): Sql {
  const unit = testCode(asked, sql`${row}.code`, sql`${row}.system`);
  const interval = testInterval(asked, sql`${row}.low`, sql`${row}.high`);
  return asked.system === undefined && asked.code === undefined ? interval : sql`(${interval} AND ${unit})`;
}

function testInterval({ prefix, value, low: from, high: to }: QuantityValue, low: Sql, high: Sql): Sql {
  switch (prefix) {
    case 'eq':
      return sql`(${low} >= ${from} AND ${low} < ${to} AND ${high} < ${to})`;
    case 'ne':
      return sql`(${low} < ${from} OR ${high} >= ${to})`;
    case 'gt':
      return sql`${high} > ${value}`;
    case 'lt':
      return sql`${low} < ${value}`;
    case 'ge':
      return sql`${high} >= ${value}`;
    case 'le':
      return sql`${low} <= ${value}`;
    case 'sa':
      return sql`${low} > ${value}`;
    case 'eb':
      return sql`(${low} < ${value} AND ${high} < ${value})`;
    case 'ap':
      return sql`(${low} <= ${to} AND ${high} >= ${from})`;
  }
}

/** No text that begins with a value sorts after the value followed by this, the last code point there is. */
const LAST_CODE_POINT = '\u{10FFFF}';

/** https://hl7.org/fhir/R4/search.html#string. A beginning is a range of the index; LIKE is not the same everywhere. */
export function testString(value: string, match: StringFilter['match'], row: Sql): Sql {
  switch (match) {
    case 'starts':
      return testStart(value, sql`${row}.folded`);
    case 'exact':
      // PostgreSQL's index has the rows alone that have an exact text.
      return sql`(${row}.exact = ${value} AND ${row}.exact <> '')`;
    case 'contains':
      return sql`instr(${row}.folded, ${value}) > 0`;
  }
}

function testStart(value: string, column: Sql): Sql {
  return sql`(${column} >= ${value} AND ${column} < ${value + LAST_CODE_POINT})`;
}

/** https://hl7.org/fhir/R4/search.html#uri; addresses stand in the table of tokens, without a system. */
export function testUri(value: string, match: UriFilter['match'], row: Sql): Sql {
  const code = sql`${row}.code`;
  return match === 'exact' ? sql`${code} = ${value}` : sql`(${code} = ${value} OR ${testStart(`${value}/`, code)})`;
}

/** The columns of `composite` by the place of a part; see `compositeColumns`. */
export function testParts(parts: readonly PartValue[], row: Sql): Sql {
  return sql`(${joinSql(
    parts.map((part, index) => testPart(part, index, row)),
    ' AND ',
  )})`;
}

function testPart(part: PartValue, index: number, row: Sql): Sql {
  const text = index === 0 ? sql`${row}.code` : sql`${row}.text`;
  const extra = index === 0 ? sql`${row}.system` : sql`${row}.extra`;
  const low = index === 2 ? sql`${row}.low2` : sql`${row}.low`;
  const high = index === 2 ? sql`${row}.high2` : sql`${row}.high`;
  switch (part.kind) {
    case 'token':
      return testCode(part.value, text, extra);
    case 'reference':
      return testCode({ code: part.value.target, system: part.value.targetType }, text, extra);
    case 'string':
      return testStart(part.value, text);
    case 'date':
      return testRange(part.value, row);
    case 'quantity':
      return sql`(${testInterval(part.value, low, high)} AND ${testCode(part.value, text, extra)})`;
  }
}
