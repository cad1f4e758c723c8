/**
 * Types that may concern several patients, or tell of what is in others' records: the reference parameters that lead to
 * them. A resource stands in the record of one patient at most, and who may see it is also a matter of these. Every
 * other type has one patient, and nothing is looked up for it. AuditEvents are kept elsewhere and are about one each.
 */
const CONCERNED_BY: ReadonlyMap<string, readonly string[]> = new Map([
  ['Account', ['patient']],
  ['Appointment', ['patient']],
  ['Basic', ['subject']],
  ['Composition', ['entry']],
  ['Contract', ['patient']],
  ['DocumentManifest', ['item']],
  ['EnrollmentResponse', ['request']],
  ['Group', ['member']],
  ['Linkage', ['item']],
  ['List', ['item']],
  ['MeasureReport', ['evaluated-resource']],
  ['MessageHeader', ['focus']],
  ['PaymentNotice', ['request', 'response']],
  ['PaymentReconciliation', ['request']],
  ['Person', ['patient']],
  ['Provenance', ['target']],
  ['Schedule', ['actor']],
  ['VerificationResult', ['target']],
]);

/** Undefined for a type that concerns the patient alone in whose record it is. */
export function concernedBy(type: string): readonly string[] | undefined {
  return CONCERNED_BY.get(type);
}

/**
 * Types of which it is no secret whether one is there, so that a reference to what is not leads to nobody: the directory,
 * and what has no id with us. Any other that is not there is taken for one in a stranger's record, or the difference
 * would tell which ids are somebody's.
 */
export const NEVER_UNKNOWN: readonly string[] = [
  '',
  'AuditEvent',
  'Endpoint',
  'HealthcareService',
  'Location',
  'Organization',
  'OrganizationAffiliation',
  'Practitioner',
  'PractitionerRole',
];
