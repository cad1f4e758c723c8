import type { ResourceWrite } from '../store.ts';
import { createRowInsert } from './insert-rows.ts';
import type { SqlValue, Statement } from './statement.ts';
import { clampMs } from './time.ts';

type Row = readonly SqlValue[];

/** Tables that hold what is derived from a resource's current version, and are replaced with it. */
const DERIVED = ['token', 'reference', 'date', 'string', 'identifier', 'relationship'] as const;

const insertVersions = createRowInsert(
  'version',
  'type, id, version, previous, last_updated, deleted, content, patient, message_id',
  { breach: 'version' },
);
const upsertResources = createRowInsert('resource', 'type, id, version, last_updated, deleted, patient', {
  suffix: `ON CONFLICT (type, id) DO UPDATE SET version = excluded.version, last_updated = excluded.last_updated,
    deleted = excluded.deleted, patient = excluded.patient`,
});
const insertClaims = createRowInsert('identifier', 'type, system, value, id, patient', { breach: 'identifier' });

// The same value may stand in a resource twice; it is one index row.
const once = { suffix: 'ON CONFLICT DO NOTHING' };
const insertTokens = createRowInsert('token', 'type, param, code, system, id, patient', once);
const insertReferences = createRowInsert('reference', 'type, param, target, target_type, id, patient', once);
const insertDates = createRowInsert('date', 'type, param, low, high, id, patient', once);
const insertStrings = createRowInsert('string', 'type, param, folded, exact, id, patient', once);
const insertRelationships = createRowInsert('relationship', 'patient, organisation, type, id', once);

/**
 * Resource versions with all that is derived from them. What the old versions held is taken away before anything is
 * put in, so that a resource may claim its own identifiers again and one may hand a claim to another in one commit.
 * Keys that others may want too are taken in one order everywhere, so that no two writers wait for each other.
 */
export function planWrites(given: readonly ResourceWrite[]): Statement[] {
  const writes = given.toSorted((one, other) => compare(nameOf(one), nameOf(other)) || one.version - other.version);
  const current = [...new Map(writes.map((write) => [nameOf(write), write])).values()];
  const kept = current.filter(({ deleted }) => !deleted);
  return [
    ...insertVersions(writes.map(versionRow)),
    ...upsertResources(
      current.map(({ type, id, version, lastUpdated, deleted, patient }) => [
        type,
        id,
        version,
        lastUpdated,
        deleted ? 1 : 0,
        patient,
      ]),
    ),
    ...current.filter(({ version }) => version > 1).flatMap(deleteDerived),
    ...insertClaims(kept.flatMap(claimRows).toSorted((one, other) => compare(one.join('\n'), other.join('\n')))),
    ...planIndexRows(kept),
    ...insertRelationships(kept.flatMap(relationshipRows)),
  ];
}

function nameOf({ type, id }: ResourceWrite): string {
  return `${type}/${id}`;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function versionRow(write: ResourceWrite): Row {
  return [
    write.type,
    write.id,
    write.version,
    write.version === 1 ? null : write.version - 1,
    write.lastUpdated,
    write.deleted ? 1 : 0,
    write.deleted ? '' : write.content,
    write.patient,
    write.messageId,
  ];
}

function deleteDerived({ type, id }: ResourceWrite): Statement[] {
  return DERIVED.map((table) => ({ text: `DELETE FROM ${table} WHERE type = ? AND id = ?`, params: [type, id] }));
}

function claimRows({ type, id, patient, claims }: ResourceWrite): Row[] {
  const own = new Map(claims.map((claim) => [JSON.stringify([claim.system, claim.value]), claim]));
  return [...own.values()].map(({ system, value }) => [type, system, value, id, patient]);
}

function relationshipRows({ type, id, patient, organisations }: ResourceWrite): Row[] {
  return patient === null ? [] : organisations.map((organisation) => [patient, organisation, type, id]);
}

function planIndexRows(writes: readonly ResourceWrite[]): Statement[] {
  const tokens: Row[] = [];
  const references: Row[] = [];
  const dates: Row[] = [];
  const strings: Row[] = [];
  for (const { type, id, patient, index } of writes) {
    for (const row of index) {
      switch (row.kind) {
        case 'token':
          tokens.push([type, row.param, row.code, row.system, id, patient]);
          break;
        case 'reference':
          references.push([type, row.param, row.target, row.targetType, id, patient]);
          break;
        case 'date':
          dates.push([type, row.param, clampMs(row.low), clampMs(row.high), id, patient]);
          break;
        case 'string':
          strings.push([type, row.param, row.folded, row.exact, id, patient]);
          break;
      }
    }
  }
  return [...insertTokens(tokens), ...insertReferences(references), ...insertDates(dates), ...insertStrings(strings)];
}
