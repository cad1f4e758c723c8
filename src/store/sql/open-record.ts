import { concernedBy } from '../../fhir/concerned.ts';
import type { AccessClause, AccessLimits } from '../../fhir/search-access.ts';
import type { RecordMarks } from './patient-facts.ts';

/**
 * Whether a caller may find every resource of a type in one patient's record, so that none of them need be tested. That
 * is told by a few marks of the record as a whole, and nearly every record has none. It says the same as the tests of
 * `access-filter.ts`, or no.
 */
export function opensRecord({ clauses, consent }: AccessLimits, marks: RecordMarks, patient: string): boolean {
  if (consent !== undefined && marks.hasConsents) return false;
  return clauses.some((clause) => opensWhole(clause, marks, patient));
}

/** Whether the marks of a record can say so at all. */
export function mayOpenRecord({ clauses, patient, unrestrictedOnly, consent }: AccessLimits, type: string): boolean {
  if (patient !== undefined || unrestrictedOnly || consent?.explicit === true) return false;
  return concernedBy(type) === undefined && clauses.some(isOfRecords);
}

function opensWhole(clause: AccessClause, { hasLabels, related, registered }: RecordMarks, patient: string): boolean {
  const { whose, hiddenLabels } = clause;
  if (!isOfRecords(clause) || (hiddenLabels.length > 0 && hasLabels !== false)) return false;
  if (typeof whose === 'string') return whose === 'anyone';
  if ('patient' in whose) return whose.patient === patient;
  const by = whose.registered ? registered : related;
  return whose.organisations.some((organisation) => by.has(organisation));
}

function isOfRecords({ whose, filters, hiddenLabels }: AccessClause): boolean {
  return whose !== 'nobody' && filters.length === 0 && hiddenLabels.every(isConfidential);
}

/** What the marks tell of; any other label is tested row by row. */
function isConfidential(label: string): boolean {
  return label === 'R' || label === 'V';
}
