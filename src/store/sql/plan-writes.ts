import type { ResourceWrite } from '../store.ts';
import { createRowInsert } from './insert-rows.ts';
import { keyText, planIndexRows, rememberKeys } from './plan-index.ts';
import type { SqlValue, Statement } from './statement.ts';

type Row = readonly SqlValue[];

/** Tables that hold what is derived from a resource's current version, and are replaced with it. */
export const DERIVED = [
  'token',
  'reference',
  'date',
  'string',
  'quantity',
  'composite',
  'identifier',
  'relationship',
  'consent_rule',
] as const;

const insertVersions = createRowInsert(
  'version',
  'type, id, version, previous, last_updated, deleted, content, patient, message_id',
  { breach: 'version' },
);
const RESOURCE_COLUMNS = 'type, id, version, last_updated, deleted, patient';
const insertResources = createRowInsert('resource', RESOURCE_COLUMNS);
const upsertResources = createRowInsert('resource', RESOURCE_COLUMNS, {
  suffix: `ON CONFLICT (type, id) DO UPDATE SET version = excluded.version, last_updated = excluded.last_updated,
    deleted = excluded.deleted, patient = excluded.patient`,
});
const insertClaims = createRowInsert('identifier', 'type, system, value, id, patient', { breach: 'identifier' });

const insertRelationships = createRowInsert('relationship', 'patient, organisation, type, id', { lists: {} });
const insertConsents = createRowInsert(
  'consent_rule',
  'patient, type, id, number, rank, decision, actor, class, purpose, valid_from, valid_to',
);

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
    // What is new cannot be there: its first version would be, and to look for it costs PostgreSQL as much again.
    ...insertResources(current.filter(isNew).map(resourceRow)),
    ...upsertResources(current.filter((write) => !isNew(write)).map(resourceRow)),
    ...current.filter(({ version }) => version > 1).flatMap(deleteDerived),
    ...insertClaims(kept.flatMap(claimRows).toSorted((one, other) => compare(one.join('\n'), other.join('\n')))),
    ...planIndexRows(kept),
    ...insertRelationships(kept.flatMap(relationshipRows)),
    ...insertConsents(kept.flatMap(consentRows)),
  ];
}

/**
 * What is derived from a resource's current version, taken away and put in anew: for a store whose rows are no longer
 * what a write of today would make.
 */
export function planDerived(write: ResourceWrite): Statement[] {
  return [
    ...deleteDerived(write),
    ...insertClaims(claimRows(write)),
    ...planIndexRows([write]),
    ...insertRelationships(relationshipRows(write)),
    ...insertConsents(consentRows(write)),
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

function isNew({ version }: ResourceWrite): boolean {
  return version === 1;
}

function resourceRow({ type, id, version, lastUpdated, deleted, patient }: ResourceWrite): Row {
  return [type, id, version, lastUpdated, deleted ? 1 : 0, patient];
}

function claimRows({ type, id, patient, claims }: ResourceWrite): Row[] {
  const own = new Map(claims.map((claim) => [JSON.stringify([claim.system, claim.value]), claim]));
  return [...own.values()].map(({ system, value }) => [type, keyText(system), keyText(value), id, patient]);
}

function relationshipRows({ type, id, patient, organisations }: ResourceWrite): Row[] {
  if (patient === null) return [];
  return organisations
    .map(keyText)
    .filter(rememberKeys())
    .map((organisation) => [patient, organisation, type, id]);
}

function consentRows({ type, id, patient, consents = [] }: ResourceWrite): Row[] {
  if (patient === null) return [];
  return consents.map((row, number) => [
    patient,
    type,
    id,
    number,
    row.rank,
    row.decision,
    row.actor,
    row.type,
    row.purpose,
    row.from,
    row.until,
  ]);
}
