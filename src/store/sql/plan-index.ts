import { createHash } from 'node:crypto';
import type { CompositeRow, IndexRow, ValueRow } from '../../fhir/index-row.ts';
import { createRowInsert } from './insert-rows.ts';
import type { SqlValue, Statement } from './statement.ts';
import { clampMs } from './time.ts';

type Row = readonly SqlValue[];

/** What is indexed: a resource's own rows. */
export interface Indexed {
  readonly type: string;
  readonly id: string;
  readonly patient: string | null;
  readonly index: readonly IndexRow[];
}

const insertTokens = createRowInsert('token', 'type, param, code, system, id, patient', { lists: {} });
const insertReferences = createRowInsert('reference', 'type, param, target, target_type, id, patient', { lists: {} });
const insertDates = createRowInsert('date', 'type, param, low, high, id, patient', {
  lists: { low: 'bigint', high: 'bigint' },
});
const insertStrings = createRowInsert('string', 'type, param, folded, exact, id, patient', { lists: {} });
const insertQuantities = createRowInsert('quantity', 'type, param, low, high, code, system, id, patient', {
  lists: { low: 'double precision', high: 'double precision' },
});
const insertComposites = createRowInsert(
  'composite',
  'type, param, code, system, text, extra, low, high, low2, high2, number, id, patient',
  {
    lists: {
      ...{ low: 'double precision', high: 'double precision', low2: 'double precision', high2: 'double precision' },
      number: 'integer',
    },
  },
);

/**
 * The rows that search looks at, table by table. The same value may stand in a resource twice; it is one row. That is
 * seen to here: a database that is asked to pass over what it has must look twice.
 */
export function planIndexRows(all: readonly Indexed[]): Statement[] {
  const tokens: Row[] = [];
  const references: Row[] = [];
  const dates: Row[] = [];
  const strings: Row[] = [];
  const quantities: Row[] = [];
  const composites: Row[] = [];
  for (const { type, id, patient, index } of all) {
    const numbers = new Map<string, number>();
    const several = paramsOfSeveral(index);
    const isFirst = rememberKeys();
    for (const row of index) {
      const { param } = row;
      if (several.has(param) && row.kind !== 'composite' && !isFirst(keyOf(row))) continue;
      switch (row.kind) {
        case 'token':
          tokens.push([type, param, row.code, row.system, id, patient]);
          break;
        case 'uri':
          // An address is a code without a system.
          tokens.push([type, param, row.uri, '', id, patient]);
          break;
        case 'reference':
          references.push([type, param, row.target, row.targetType, id, patient]);
          break;
        case 'date':
          dates.push([type, param, clampMs(row.low), clampMs(row.high), id, patient]);
          break;
        case 'string':
          strings.push([type, param, row.folded, row.exact, id, patient]);
          break;
        case 'text':
          // The words beside a code are looked for folded alone. A parameter has words or strings, never both.
          strings.push([type, param, row.folded, '', id, patient]);
          break;
        case 'quantity':
          quantities.push([
            type,
            param,
            clampNumber(row.low),
            clampNumber(row.high),
            row.code,
            row.system,
            id,
            patient,
          ]);
          break;
        case 'composite': {
          const number = numbers.get(param) ?? 0;
          numbers.set(param, number + 1);
          composites.push([type, param, ...compositeColumns(row), number, id, patient]);
          break;
        }
      }
    }
  }
  return [
    ...insertTokens(tokens),
    ...insertReferences(references),
    ...insertDates(dates),
    ...insertStrings(strings),
    ...insertQuantities(quantities),
    ...insertComposites(composites),
  ];
}

/** Parameters with more rows than one: a row of any other cannot be there twice. */
function paramsOfSeveral(index: readonly IndexRow[]): ReadonlySet<string> {
  const met = new Set<string>();
  const several = new Set<string>();
  for (const { param } of index) (met.has(param) ? several : met).add(param);
  return several;
}

/** What makes two rows the same row of a table. */
function keyOf(row: Exclude<IndexRow, CompositeRow>): string {
  const { param } = row;
  switch (row.kind) {
    case 'token':
      return `token\n${param}\n${row.system}\n${row.code}`;
    case 'uri':
      return `token\n${param}\n\n${row.uri}`;
    case 'reference':
      return `reference\n${param}\n${row.targetType}\n${row.target}`;
    case 'date':
      return `date\n${param}\n${clampMs(row.low)}\n${clampMs(row.high)}`;
    case 'string':
      return `string\n${param}\n${row.exact}\n${row.folded}`;
    case 'text':
      return `string\n${param}\n\n${row.folded}`;
    case 'quantity':
      return `quantity\n${param}\n${clampNumber(row.low)}\n${clampNumber(row.high)}\n${row.system}\n${row.code}`;
  }
}

/** Whether a key is met for the first time. What PostgreSQL cannot hold is the same character there, and so it is here. */
export function rememberKeys(): (key: string) => boolean {
  const seen = new Set<string>();
  return (key) => {
    const { size } = seen;
    const whole = key.toWellFormed();
    seen.add(whole.includes('\0') ? whole.replaceAll('\0', '\u{FFFD}') : whole);
    return seen.size > size;
  };
}

/** code, system, text, extra, low, high, low2, high2; see the migration `000007-search.sql`. */
function compositeColumns({ parts: [first, second, third] }: CompositeRow): Row {
  const { low, high } = rangeOf(second);
  const last = rangeOf(third);
  return [...textsOf(first), ...textsOf(second), low, high, last.low, last.high];
}

function textsOf(row: ValueRow | undefined): Row {
  switch (row?.kind) {
    case 'token':
    case 'quantity':
      return [row.code, row.system];
    case 'reference':
      return [row.target, row.targetType];
    case 'string':
      return [row.folded, ''];
    default:
      return ['', ''];
  }
}

function rangeOf(row: ValueRow | undefined): { readonly low: number | null; readonly high: number | null } {
  if (row?.kind === 'date') return { low: clampMs(row.low), high: clampMs(row.high) };
  if (row?.kind === 'quantity') return { low: clampNumber(row.low), high: clampNumber(row.high) };
  return { low: null, high: null };
}

/** An open end becomes the last number there is. */
function clampNumber(value: number): number {
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);
}

const KEY_CHARS_MAX = 300;

/**
 * A text that stands in a key with others: as it is, unless it is so long that an index of PostgreSQL could not hold
 * it (2,700 bytes); then its beginning with a digest of all of it. What was made so stays as it is.
 */
export function keyText(text: string): string {
  if (text.length <= KEY_CHARS_MAX) return text;
  const digest = createHash('sha256').update(text).digest('hex');
  return `${text.slice(0, KEY_CHARS_MAX - digest.length - 1)}#${digest}`;
}
