import type { DateRow, QuantityRow, ReferenceRow, StringRow, TokenRow, UriRow, ValueRow } from './index-row.ts';
import type {
  DateValue,
  PartValue,
  QuantityValue,
  ReferenceValue,
  StringFilter,
  TokenValue,
  UriFilter,
} from './search-request.ts';

/** Whether one row has one value: in memory what `store/sql/search-values.ts` says in SQL. */

export function matchesToken({ system, code }: TokenValue, row: TokenRow): boolean {
  return (system === undefined || system === row.system) && (code === undefined || code === row.code);
}

export function matchesReference({ targetType, target }: ReferenceValue, row: ReferenceRow): boolean {
  return target === row.target && (targetType === undefined || targetType === row.targetType);
}

export function matchesString(match: StringFilter['match'], value: string, row: StringRow): boolean {
  if (match === 'exact') return row.exact === value;
  return match === 'contains' ? row.folded.includes(value) : row.folded.startsWith(value);
}

export function matchesUri(match: UriFilter['match'], value: string, row: UriRow): boolean {
  return row.uri === value || (match === 'below' && row.uri.startsWith(`${value}/`));
}

/** https://hl7.org/fhir/R4/search.html#prefix, both sides being ranges. */
export function matchesDate({ prefix, low, high }: DateValue, row: Pick<DateRow, 'low' | 'high'>): boolean {
  const within = row.low >= low && row.high <= high;
  switch (prefix) {
    case 'eq':
      return within;
    case 'ne':
      return !within;
    case 'gt':
      return row.high > high;
    case 'lt':
      return row.low < low;
    case 'ge':
      return row.high > high || within;
    case 'le':
      return row.low < low || within;
    case 'sa':
      return row.low >= high;
    case 'eb':
      return row.high <= low;
    case 'ap':
      return row.low < high && row.high > low;
  }
}

/** The same for numbers: for what compares, the value is exact, however few its digits (#number). */
export function matchesQuantity(asked: QuantityValue, row: QuantityRow): boolean {
  if (asked.system !== undefined && asked.system !== row.system) return false;
  if (asked.code !== undefined && asked.code !== row.code) return false;
  const within = row.low >= asked.low && row.high < asked.high;
  switch (asked.prefix) {
    case 'eq':
      return within;
    case 'ne':
      return !within;
    case 'gt':
      return row.high > asked.value;
    case 'lt':
      return row.low < asked.value;
    case 'ge':
      return row.high >= asked.value;
    case 'le':
      return row.low <= asked.value;
    case 'sa':
      return row.low > asked.value;
    case 'eb':
      return row.high < asked.value;
    case 'ap':
      return row.low <= asked.high && row.high >= asked.low;
  }
}

/** Whether the parts of one row have all that is asked of them, in order. */
export function matchesParts(asked: readonly PartValue[], parts: readonly ValueRow[]): boolean {
  return asked.every((one, index) => {
    const row = parts[index];
    switch (one.kind) {
      case 'token':
        return row?.kind === 'token' && matchesToken(one.value, row);
      case 'reference':
        return row?.kind === 'reference' && matchesReference(one.value, row);
      case 'date':
        return row?.kind === 'date' && matchesDate(one.value, row);
      case 'quantity':
        return row?.kind === 'quantity' && matchesQuantity(one.value, row);
      case 'string':
        return row?.kind === 'string' && matchesString('starts', one.value, row);
    }
    return false;
  });
}
