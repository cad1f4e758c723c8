import { DERIVED } from '../sql/plan-writes.ts';
import { number, text } from '../sql/rows.ts';
import { sql } from '../sql/statement.ts';
import type { Rule } from './check-store.ts';

type Row = Parameters<Rule['placeOf']>[0];

const referenceOf = (row: Row): string => `${row.type}/${row.id}`;

/** Versions, the table of current versions, and what is derived from them. */
export const RESOURCE_RULES: readonly Rule[] = [
  {
    code: 'store-version-wrong',
    text: 'A version is missing in the history of this resource. Restore the store from a backup.',
    find: (limit) => sql`SELECT r.type, r.id FROM resource r
      WHERE r.version > (SELECT count(*) FROM version v WHERE v.type = r.type AND v.id = r.id AND v.version <= r.version)
      ORDER BY r.type, r.id LIMIT ${limit}`,
    placeOf: referenceOf,
  },
  {
    code: 'store-version-wrong',
    text: 'What is kept of the current version is not what its newest version says. Run ginnel store check --repair.',
    find: (limit) => sql`SELECT v.type, v.id, v.version FROM version v
      LEFT JOIN resource r ON r.type = v.type AND r.id = v.id
      WHERE NOT EXISTS (SELECT 1 FROM version n WHERE n.type = v.type AND n.id = v.id AND n.version = v.version + 1)
        AND (r.version IS NULL OR r.version <> v.version OR r.last_updated <> v.last_updated OR r.deleted <> v.deleted
          OR coalesce(r.patient, '') <> coalesce(v.patient, ''))
      ORDER BY v.type, v.id LIMIT ${limit}`,
    placeOf: referenceOf,
    repair: async (tables, row) => {
      const [type, id, version] = [String(row.type), String(row.id), Number(row.version)];
      await tables.run(sql`INSERT INTO resource (type, id, version, last_updated, deleted, patient)
        SELECT type, id, version, last_updated, deleted, patient FROM version
        WHERE type = ${type} AND id = ${id} AND version = ${version}
        ON CONFLICT (type, id) DO UPDATE SET version = excluded.version, last_updated = excluded.last_updated,
          deleted = excluded.deleted, patient = excluded.patient`);
    },
  },
  ...DERIVED.map(
    (table): Rule => ({
      code: table === 'identifier' ? 'store-claim-wrong' : 'store-index-wrong',
      text: `The table ${table} has a row of a resource that is deleted, or never was. Run ginnel store check --repair.`,
      find: (limit) => sql`SELECT DISTINCT t.type, t.id FROM ${{ text: table, params: [] }} t
        LEFT JOIN resource r ON r.type = t.type AND r.id = t.id
        WHERE r.id IS NULL OR r.deleted = 1 ORDER BY t.type, t.id LIMIT ${limit}`,
      placeOf: referenceOf,
      repair: async (tables, row) => {
        const of = sql`type = ${String(row.type)} AND id = ${String(row.id)}`;
        await tables.run(sql`DELETE FROM ${{ text: table, params: [] }} WHERE ${of}
          AND NOT EXISTS (SELECT 1 FROM resource WHERE ${of} AND deleted = 0)`);
      },
    }),
  ),
  {
    code: 'store-orphan',
    text: 'This version says that a message brought it, which is not there. Restore the store from a backup.',
    find: (limit) => sql`SELECT v.type, v.id, v.version FROM version v LEFT JOIN message m ON m.id = v.message_id
      WHERE v.message_id IS NOT NULL AND m.id IS NULL ORDER BY v.type, v.id, v.version LIMIT ${limit}`,
    placeOf: (row) =>
      `${text(row as never, 'type')}/${text(row as never, 'id')}/_history/${number(row as never, 'version')}`,
  },
];
