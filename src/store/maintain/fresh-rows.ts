import type { Resource } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../../fhir/canonical.ts';
import type { ResourceIndexer } from '../../fhir/index-resource.ts';
import { parseExact } from '../../kernel/exact-json.ts';
import type { Row } from '../sql/driver.ts';
import { DERIVED, planDerived } from '../sql/plan-writes.ts';
import { number, text, textOrNull } from '../sql/rows.ts';
import { type Sql, type SqlValue, type Statement, sql } from '../sql/statement.ts';
import type { BusinessIdentifier, ResourceWrite } from '../store.ts';
import type { StoreTables } from './tables.ts';

/** What the store holds of a current resource. */
export interface CurrentResource {
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly content: string;
  readonly patient: string | null;
}

export function toCurrent(row: Row): CurrentResource {
  const [type, id, content] = [text(row, 'type'), text(row, 'id'), text(row, 'content')];
  return { type, id, version: number(row, 'version'), content, patient: textOrNull(row, 'patient') };
}

export const CURRENT: Sql = sql`SELECT v.type, v.id, v.version, v.content, v.patient FROM resource r
  JOIN version v ON v.type = r.type AND v.id = r.id AND v.version = r.version WHERE r.deleted = 0`;

export interface FreshRows {
  /** The statements by which a write of today would put in what is derived from this resource. */
  readonly statements: readonly Statement[];
  /** Claims that the resource holds and does not carry any more, or must hold and does not. */
  readonly wrongClaims: boolean;
}

/**
 * Derives a resource's rows anew. Which identifiers it alone may hold cannot be told from its content: those it holds
 * stay where the resource still carries them, and a Patient holds its NHS number in any case.
 */
export async function deriveRows(
  tables: StoreTables,
  indexer: ResourceIndexer,
  { type, id, version, content, patient }: CurrentResource,
): Promise<FreshRows> {
  const { rows } = await tables.run(sql`SELECT system, value FROM identifier WHERE type = ${type} AND id = ${id}`);
  const { index, identifiers, organisations, consents } = indexer.index(parseExact(content) as unknown as Resource);
  const carried = new Map(identifiers.map((one) => [keyOf(one), one]));
  const held = new Set(rows.map((row) => keyOf({ system: text(row, 'system'), value: text(row, 'value') })));
  const needed = [...carried].filter(
    ([key, { system }]) => held.has(key) || (type === 'Patient' && system === NHS_NUMBER_SYSTEM),
  );
  const write: ResourceWrite = {
    ...{ type, id, version, lastUpdated: '', deleted: false, content, patient, messageId: null },
    ...{ index, organisations, consents, claims: needed.map(([, claim]) => claim) },
  };
  const wrongClaims = needed.length !== held.size || needed.some(([key]) => !held.has(key));
  return { statements: planDerived(write), wrongClaims };
}

function keyOf({ system, value }: BusinessIdentifier): string {
  return JSON.stringify([system, value]);
}

/** Tables whose rows of this resource are not those that the statements would put there. */
export async function findDifferent(
  tables: StoreTables,
  { type, id }: CurrentResource,
  statements: readonly Statement[],
): Promise<string[]> {
  const fresh = new Map<string, { columns: string; rows: Set<string> }>();
  for (const { text: insert, params } of statements) {
    const [, table = '', columns = ''] = /^INSERT INTO (\w+) \(([^)]*)\)/.exec(insert) ?? [];
    if (table === '') continue;
    const known = fresh.get(table) ?? { columns, rows: new Set() };
    const width = columns.split(',').length;
    for (let from = 0; from < params.length; from += width) known.rows.add(writeRow(params.slice(from, from + width)));
    fresh.set(table, known);
  }
  const different: string[] = [];
  for (const table of DERIVED) {
    const { columns = 'id', rows = new Set() } = fresh.get(table) ?? {};
    const stored = await tables.run({
      text: `SELECT ${columns} FROM ${table} WHERE type = ? AND id = ?`,
      params: [type, id],
    });
    const names = columns.split(',').map((name) => name.trim());
    const found = new Set(stored.rows.map((row) => writeRow(names.map((name) => row[name] ?? null))));
    if (found.size !== rows.size || [...found].some((row) => !rows.has(row))) different.push(table);
  }
  return different;
}

function writeRow(values: readonly SqlValue[]): string {
  // PostgreSQL has the replacement character where a text has U+0000.
  return JSON.stringify(
    values.map((value) => (typeof value === 'string' ? value.replaceAll('\0', '\u{FFFD}') : value)),
  );
}
