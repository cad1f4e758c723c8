import type { ConsentRow } from '../../fhir/consent.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { PatientFacts, PatientFactsRequest, StoredConsentRow } from '../patient-facts.ts';
import type { ResourceReference, ResourceWithFacts, StoredResource } from '../store.ts';
import type { Row, SqlDriver } from './driver.ts';
import { number, text, textOrNull, toResource } from './rows.ts';
import { FENCE, joinSql, type Sql, type Statement, sql } from './statement.ts';

/** One statement for all of it: a read asks this every time. */
export async function readPatientFacts(driver: SqlDriver, request: PatientFactsRequest): Promise<PatientFacts[]> {
  if (request.patients.length === 0) return [];
  const statement = buildFacts(request);
  // For one patient the text is nearly always the same, and worth keeping prepared.
  const rows = await (request.patients.length === 1 ? driver.query(statement) : driver.search(statement));
  if (rows.length === 0) return request.patients.map(unremarkable);
  const byPatient = Map.groupBy(rows, (row) => text(row, 'patient'));
  return request.patients.map((patient) => toFacts(patient, byPatient.get(patient) ?? []));
}

const NONE: ReadonlySet<string> = new Set();
const NO_CONSENTS: readonly StoredConsentRow[] = [];

/** As most patients are: neither restricted nor with a Consent. */
function unremarkable(patient: string): PatientFacts {
  return { patient, related: NONE, registered: NONE, restricted: false, consents: NO_CONSENTS };
}

/** More than are told by the bits of one number are looked up by themselves. */
const ORGANISATIONS_IN_BITS_MAX = 24;
const fence: Sql = { text: FENCE, params: [] };

/**
 * Labels of confidentiality have an index of their own, which is small, and is found by its patient; these are the very
 * words of its condition. The rows of a Patient have their own id for the patient.
 */
export const IS_CONFIDENTIAL = `param || '' = '_security' AND code || '' IN ('R', 'V')`;
const isConfidential: Sql = { text: IS_CONFIDENTIAL, params: [] };

/**
 * The facts of one patient as columns of another statement: all of them where the record has neither a Consent nor a
 * label, as most have none. `patient` is a column or a parameter.
 */
export function factColumns(patient: Sql, organisations: readonly string[]): Sql {
  const marks = sql`, CASE WHEN EXISTS (SELECT 1 FROM consent_rule fc WHERE fc.patient = ${patient} ${fence}) THEN 2
      WHEN EXISTS (SELECT 1 FROM token WHERE patient = ${patient} AND ${isConfidential} ${fence}) THEN 1
      ELSE 0 END AS fact_marks`;
  if (!fitsInBits(organisations)) return marks;
  const listed = (): Sql => {
    const rows = organisations.map((one, at): Sql => ({ text: `(?, ${2 ** at})`, params: [one] }));
    return sql`(VALUES ${joinSql(rows, ', ')}) AS fn`;
  };
  return sql`${marks},
    (SELECT sum(fn.column2) FROM ${listed()} WHERE EXISTS (SELECT 1 FROM relationship fr
      WHERE fr.patient = ${patient} AND fr.organisation = fn.column1 ${fence})) AS fact_related,
    (SELECT sum(fn.column2) FROM ${listed()} WHERE EXISTS (SELECT 1 FROM relationship fr WHERE fr.patient = ${patient}
      AND fr.organisation = fn.column1 AND fr.type = 'Patient' AND fr.id = ${patient} ${fence})) AS fact_registered`;
}

/** What the columns say of a patient's record. */
export interface RecordMarks {
  readonly hasConsents: boolean;
  /** Whether anything in it is labelled confidential; undefined where there are Consents, and it was not looked for. */
  readonly hasLabels: boolean | undefined;
  readonly related: ReadonlySet<string>;
  readonly registered: ReadonlySet<string>;
}

export function readMarks(row: Row, organisations: readonly string[]): RecordMarks {
  const marks = number(row, 'fact_marks');
  const isAsked = fitsInBits(organisations);
  return {
    hasConsents: marks === 2,
    hasLabels: marks === 2 ? undefined : marks === 1,
    related: isAsked ? ofBits(row.fact_related, organisations) : NONE,
    registered: isAsked ? ofBits(row.fact_registered, organisations) : NONE,
  };
}

/** The facts, where these columns say all of them; else they are to be asked for. */
export function readFactColumns(
  row: Row,
  { patient, organisations }: { readonly patient: string; readonly organisations: readonly string[] },
): PatientFacts | undefined {
  if (row.fact_marks !== 0 || organisations.length > ORGANISATIONS_IN_BITS_MAX) return undefined;
  if (organisations.length === 0) return unremarkable(patient);
  const { related, registered } = readMarks(row, organisations);
  return { patient, related, registered, restricted: false, consents: NO_CONSENTS };
}

function fitsInBits({ length }: readonly string[]): boolean {
  return length > 0 && length <= ORGANISATIONS_IN_BITS_MAX;
}

/** The organisations of whose bits this is the sum; null where it is of none. */
function ofBits(sum: Row[string] | undefined, organisations: readonly string[]): ReadonlySet<string> {
  const bits = Number(sum ?? 0);
  return bits === 0 ? NONE : new Set(organisations.filter((_, at) => (bits & (1 << at)) !== 0));
}

/** The current version and the facts of its patient in one statement: every read asks for both. */
export async function readWithFacts(
  driver: SqlDriver,
  {
    type,
    id,
    organisations,
  }: { readonly type: string; readonly id: string; readonly organisations: readonly string[] },
): Promise<ResourceWithFacts | undefined> {
  const [row] = await driver.query(buildRead(type, id, organisations));
  if (row === undefined) return undefined;
  const stored = toResource(row);
  const { patient } = stored;
  if (patient === null) return { stored, facts: undefined };
  const asked = { patient, organisations };
  return { stored, facts: readFactColumns(row, asked) ?? (await readFactsOf(driver, asked)) };
}

function buildRead(type: string, id: string, organisations: readonly string[]): Sql {
  // Where nobody's relationship matters it is always the same text: one that is put together anew takes longer to find.
  if (organisations.length === 0) return { text: READ_TEXT, params: [type, id] };
  return selectVersion(factColumns(PATIENT, organisations), type, id);
}

function selectVersion(columns: Sql, type: string, id: string): Sql {
  return sql`SELECT v.type, v.id, v.version, v.last_updated, v.deleted, v.content, v.patient${columns}
    FROM version v WHERE v.type = ${type} AND v.id = ${id} ORDER BY v.version DESC LIMIT 1`;
}

const PATIENT: Sql = { text: 'v.patient', params: [] };
const READ_TEXT = selectVersion(factColumns(PATIENT, []), '', '').text;

export async function readFactsOf(
  driver: SqlDriver,
  { patient, organisations }: { readonly patient: string; readonly organisations: readonly string[] },
): Promise<PatientFacts | undefined> {
  return (await readPatientFacts(driver, { patients: [patient], organisations }))[0];
}

/** By far the most frequent: one patient, whom every relationship or none opens. */
const ONE_PATIENT = `SELECT 'restricted' AS kind, patient, '' AS a, '' AS b, '' AS c, '' AS d, '' AS e, '' AS f, '' AS g,
  0 AS n FROM token WHERE patient = ? AND type = 'Patient' AND ${IS_CONFIDENTIAL}
  UNION ALL SELECT 'consent', patient, id, decision, actor, class, purpose, valid_from, valid_to, rank
  FROM consent_rule WHERE patient = ?`;

function buildFacts({ patients, organisations }: PatientFactsRequest): Sql {
  const [only = '', ...others] = patients;
  if (others.length === 0 && organisations.length === 0) return { text: ONE_PATIENT, params: [only, only] };
  const listed = listOf(patients);
  const relations = organisations.length === 0 ? [] : [findRelations(patients, organisations)];
  const restricted = sql`SELECT DISTINCT 'restricted', patient, '', '', '', '', '', '', '', 0 FROM token
    WHERE patient IN (${listed}) AND type = 'Patient' AND ${isConfidential}`;
  const consents = sql`SELECT 'consent', patient, id, decision, actor, class, purpose, valid_from, valid_to, rank
    FROM consent_rule WHERE patient IN (${listed})`;
  if (relations.length > 0) return joinSql([...relations, restricted, consents], ' UNION ALL ');
  const named = sql`SELECT 'none' AS kind, '' AS patient, '' AS a, '' AS b, '' AS c, '' AS d, '' AS e, '' AS f, '' AS g,
    0 AS n WHERE 1 = 0`;
  return joinSql([named, restricted, consents], ' UNION ALL ');
}

/**
 * Each pair of patient and organisation is looked up: a busy record relates its patient to the same organisation
 * thousands of times. The order says which index leads, however young PostgreSQL's statistics are. A Patient's own row
 * has the patient's id.
 */
function findRelations(patients: readonly string[], organisations: readonly string[]): Sql {
  return sql`SELECT CASE WHEN (SELECT 1 FROM relationship o WHERE o.patient = w.column1 AND o.organisation = n.column1
        AND o.type = 'Patient' AND o.id = w.column1) = 1 THEN 'registered' ELSE 'related' END AS kind,
      w.column1 AS patient, n.column1 AS a, '' AS b, '' AS c, '' AS d, '' AS e, '' AS f, '' AS g, 0 AS n
    FROM (VALUES ${rowsOf(patients)}) AS w CROSS JOIN (VALUES ${rowsOf(organisations)}) AS n
    WHERE (SELECT f.type FROM relationship f WHERE f.patient = w.column1 AND f.organisation = n.column1
        ORDER BY f.type LIMIT 1) IS NOT NULL`;
}

function toFacts(patient: string, rows: readonly Row[]): PatientFacts {
  const related = new Set<string>();
  const registered = new Set<string>();
  const consents: StoredConsentRow[] = [];
  let restricted = false;
  for (const row of rows) {
    switch (text(row, 'kind')) {
      case 'registered':
        registered.add(text(row, 'a'));
        related.add(text(row, 'a'));
        break;
      case 'related':
        related.add(text(row, 'a'));
        break;
      case 'restricted':
        restricted = true;
        break;
      case 'consent':
        consents.push(toConsentRow(row));
        break;
    }
  }
  return { patient, related, registered, restricted, consents };
}

function toConsentRow(row: Row): StoredConsentRow {
  return {
    consent: text(row, 'a'),
    rank: number(row, 'n'),
    decision: text(row, 'b') === 'permit' ? 'permit' : 'deny',
    actor: text(row, 'c'),
    type: text(row, 'd'),
    purpose: text(row, 'e'),
    from: text(row, 'f'),
    until: text(row, 'g'),
  };
}

/** Of a type and `LIMITS.storeLookupMax` ids at a time, with a turn for others between. */
export async function readRecordsOf(
  driver: SqlDriver,
  references: readonly ResourceReference[],
): Promise<ReadonlyMap<string, string | null>> {
  const found = new Map<string, string | null>();
  for (const [type, ofType] of Map.groupBy(references, (one) => one.type)) {
    const ids = [...new Set(ofType.map(({ id }) => id))];
    for (let at = 0; at < ids.length; at += LIMITS.storeLookupMax) {
      if (at > 0) await new Promise((resolve) => setImmediate(resolve));
      const some = ids.slice(at, at + LIMITS.storeLookupMax);
      const rows = await driver.search(
        sql`SELECT id, patient FROM resource WHERE type = ${type} AND id IN (${listOf(some)})`,
      );
      for (const row of rows) found.set(`${type}/${text(row, 'id')}`, textOrNull(row, 'patient'));
    }
  }
  return found;
}

/** The migration that made the table wrote a row numbered -1 for each Consent that was there. */
export async function listUnreadConsents(driver: SqlDriver): Promise<StoredResource[]> {
  const rows = await driver.query(sql`SELECT v.type, v.id, v.version, v.last_updated, v.deleted, v.content, v.patient
    FROM consent_rule u JOIN resource r ON r.type = u.type AND r.id = u.id
    JOIN version v ON v.type = r.type AND v.id = r.id AND v.version = r.version WHERE u.number = -1`);
  return rows.map(toResource);
}

export function planConsentRules(
  { type, id, version, patient }: StoredResource,
  rules: readonly ConsentRow[],
): Statement[] {
  if (patient === null) return [];
  const isCurrent = sql`EXISTS (SELECT 1 FROM resource WHERE type = ${type} AND id = ${id} AND version = ${version})`;
  return [
    sql`DELETE FROM consent_rule WHERE type = ${type} AND id = ${id} AND ${isCurrent}`,
    ...rules.map(
      (row, index) => sql`INSERT INTO consent_rule
        SELECT ${patient}, ${type}, ${id}, CAST(${index} AS INTEGER), CAST(${row.rank} AS INTEGER), ${row.decision}, ${row.actor}, ${row.type}, ${row.purpose},
          ${row.from}, ${row.until} WHERE ${isCurrent}`,
    ),
  ];
}

function listOf(values: readonly string[]): Sql {
  return joinSql(
    values.map((value) => sql`${value}`),
    ', ',
  );
}

function rowsOf(values: readonly string[]): Sql {
  return joinSql(
    values.map((value) => sql`(${value})`),
    ', ',
  );
}
