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

// The same value may stand in a resource twice; it is one index row.
const once = { suffix: 'ON CONFLICT DO NOTHING' };
const insertTokens = createRowInsert('token', 'type, param, code, system, id, patient', once);
const insertReferences = createRowInsert('reference', 'type, param, target, target_type, id, patient', once);
const insertDates = createRowInsert('date', 'type, param, low, high, id, patient', once);
const insertStrings = createRowInsert('string', 'type, param, folded, exact, id, patient', once);
const insertQuantities = createRowInsert('quantity', 'type, param, low, high, code, system, id, patient', once);
const insertComposites = createRowInsert(
  'composite',
  'type, param, code, system, text, extra, low, high, low2, high2, number, id, patient',
  once,
);

/** The rows that search looks at, table by table. */
export function planIndexRows(all: readonly Indexed[]): Statement[] {
  const tokens: Row[] = [];
  const references: Row[] = [];
  const dates: Row[] = [];
  const strings: Row[] = [];
  const quantities: Row[] = [];
  const composites: Row[] = [];
  for (const { type, id, patient, index } of all) {
    const numbers = new Map<string, number>();
    for (const row of index) {
      const { param } = row;
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
