import { hash } from 'node:crypto';
import type { Row } from '../sql/driver.ts';
import type { SqlValue } from '../sql/statement.ts';

/** How many rows a table has and what is in them, whatever order they come in: the sum of their SHA-256. */
export interface RowSum {
  add(row: Row): void;
  result(): RowHash;
}

export interface RowHash {
  readonly rows: number;
  /** 64 hex digits. */
  readonly hash: string;
}

const MODULUS = 1n << 256n;

export function createRowSum(columns: readonly string[]): RowSum {
  let rows = 0;
  let sum = 0n;
  return {
    add: (row) => {
      rows += 1;
      const text = columns.map((column) => writeValue(row[column] ?? null)).join('\n');
      sum = (sum + BigInt(`0x${hash('sha256', text, 'hex')}`)) % MODULUS;
    },
    result: () => ({ rows, hash: sum.toString(16).padStart(64, '0') }),
  };
}

/** No two values are written alike, and the length says where a text ends. */
function writeValue(value: SqlValue): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return `number ${value}`;
  if (value instanceof Uint8Array) return `bytes ${hash('sha256', value, 'hex')}`;
  // PostgreSQL cannot hold U+0000 and has the replacement character in its place.
  return `text ${value.length} ${value.replaceAll('\0', '\u{FFFD}')}`;
}
