import type { ResourceIndexer } from '../../fhir/index-resource.ts';
import { sql } from '../sql/statement.ts';
import { CURRENT, deriveRows, toCurrent } from './fresh-rows.ts';
import type { StoreTables } from './tables.ts';

/** Derives a resource's rows anew and puts them in place of what is there. False when it is gone meanwhile. */
export async function repairIndex(
  tables: StoreTables,
  indexer: ResourceIndexer,
  { type, id }: { readonly type: string; readonly id: string },
): Promise<boolean> {
  return tables.write(async () => {
    // Holds the row, so that nobody writes another version until we have finished.
    const held = await tables.run(
      sql`UPDATE resource SET version = version WHERE type = ${type} AND id = ${id} AND deleted = 0`,
    );
    if (held.touched === 0) return false;
    const { rows } = await tables.run(sql`${CURRENT} AND r.type = ${type} AND r.id = ${id}`);
    for (const row of rows) {
      const { statements } = await deriveRows(tables, indexer, toCurrent(row));
      for (const statement of statements) await tables.run(statement);
    }
    return rows.length > 0;
  });
}
