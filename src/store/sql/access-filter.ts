import type { AccessClause, AccessLimits, ConsentLimits } from '../../fhir/search-access.ts';
import type { SearchFilter } from '../../fhir/search-request.ts';
import { FENCE, joinSql, type Sql, sql } from './statement.ts';

const fence: Sql = { text: FENCE, params: [] };

/** A row of any table of a resource: what it is of, and whose record it is in. */
export interface AccessRow {
  readonly type: string;
  readonly id: Sql;
  readonly patient: Sql;
  /** That of the names of the row's own filters; rows that are looked up beside it are deeper. */
  readonly depth: number;
}

/** `testFilter` of search-filters.ts, which itself needs what stands here. */
export type TestFilter = (filter: SearchFilter, type: string, id: Sql, depth: number) => Sql;

/**
 * A condition that holds for what the caller may find; undefined where that is everything. It is tested row by row on
 * what the search's own filters lead to, each part by one look into an index.
 */
export function testAccess(access: AccessLimits | undefined, row: AccessRow, test: TestFilter): Sql | undefined {
  if (access === undefined) return undefined;
  const parts = [
    anyClause(access.clauses, row, test),
    ...(access.patient === undefined ? [] : [sql`(${row.patient} IS NULL OR ${row.patient} = ${access.patient})`]),
    ...(access.unrestrictedOnly ? [sql`NOT ${isRestricted(row.patient)}`] : []),
    ...(access.consent === undefined ? [] : [byConsent(access.consent, row)]),
  ];
  const needed = parts.filter((part) => part.text !== '');
  return needed.length === 0 ? undefined : joinSql(needed, ' AND ');
}

/** The same as a piece that follows other conditions. */
export function andAccess(access: AccessLimits | undefined, row: AccessRow, test: TestFilter): Sql {
  const condition = testAccess(access, row, test);
  return condition === undefined ? sql`` : sql` AND ${condition}`;
}

function anyClause(clauses: readonly AccessClause[], row: AccessRow, test: TestFilter): Sql {
  if (clauses.length === 0) return sql`1 = 0`;
  const tests = clauses.map((clause) => allOf(clause, row, test));
  // One that asks for nothing lets all pass.
  if (tests.some(({ length }) => length === 0)) return sql``;
  return sql`(${joinSql(
    tests.map((parts) => joinSql(parts, ' AND ')),
    ' OR ',
  )})`;
}

function allOf({ whose, filters, hiddenLabels }: AccessClause, row: AccessRow, test: TestFilter): Sql[] {
  return [
    ...testWhose(whose, row),
    ...filters.map((filter) => test(filter, row.type, row.id, row.depth + 1)),
    ...(hiddenLabels.length === 0 ? [] : [sql`NOT ${hasLabel(row, hiddenLabels)}`]),
  ];
}

function testWhose(whose: AccessClause['whose'], { patient }: AccessRow): Sql[] {
  if (whose === 'anyone') return [];
  if (whose === 'nobody') return [sql`${patient} IS NULL`];
  if ('patient' in whose) return [sql`${patient} = ${whose.patient}`];
  if (whose.organisations.length === 0) return [sql`1 = 0`];
  const registered = whose.registered ? sql` AND ar.type = 'Patient'` : sql``;
  return [
    sql`EXISTS (SELECT 1 FROM relationship ar WHERE ar.patient = ${patient}
      AND ar.organisation IN (${listOf(whose.organisations)})${registered} ${fence})`,
  ];
}

function hasLabel({ type, id }: AccessRow, labels: readonly string[]): Sql {
  return sql`EXISTS (SELECT 1 FROM token al WHERE al.type = ${type} AND al.id = ${id} AND al.param = '_security'
    AND al.code IN (${listOf(labels)}) ${fence})`;
}

/** As PDS marks them: the Patient is labelled restricted, or very restricted. */
function isRestricted(patient: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM token as_ WHERE as_.type = 'Patient' AND as_.id = ${patient}
    AND as_.param = '_security' AND as_.code IN ('R', 'V') ${fence})`;
}

/** Of the rows of one Consent that apply, those of the highest rank decide, and there a denial. */
function byConsent(consent: ConsentLimits, { type, patient }: AccessRow): Sql {
  const applies = (alias: Sql): Sql => sql`${alias}.actor IN (${listOf(['', ...consent.actors])})
    AND ${alias}.class IN ('', ${type}) AND ${alias}.purpose IN (${listOf(['', ...consent.purposes])})
    AND ${alias}.valid_from <= ${consent.now} AND ${alias}.valid_to > ${consent.now}`;
  const overruled = (by: 'permit' | 'deny', than: Sql): Sql => sql`EXISTS (SELECT 1 FROM consent_rule ao
    WHERE ao.patient = ${than}.patient AND ao.type = ${than}.type AND ao.id = ${than}.id AND ao.rank > ${than}.rank
    AND ao.decision = ${by} AND ${applies(sql`ao`)} ${fence})`;
  const decided = (decision: 'permit' | 'deny', more: Sql): Sql => sql`EXISTS (SELECT 1 FROM consent_rule ac
    WHERE ac.patient = ${patient} AND ac.decision = ${decision} AND ${applies(sql`ac`)}${more}
    AND NOT ${overruled(decision === 'deny' ? 'permit' : 'deny', sql`ac`)} ${fence})`;
  const broadPass = consent.overrides ? sql` AND ac.purpose <> ''` : sql``;
  const denied = decided('deny', broadPass);
  const permitted = consent.explicit ? sql` AND ${decided('permit', sql` AND ac.actor <> ''`)}` : sql``;
  return sql`(${patient} IS NULL OR (NOT ${denied}${permitted}))`;
}

function listOf(values: readonly string[]): Sql {
  return joinSql(
    values.map((value) => sql`${value}`),
    ', ',
  );
}
