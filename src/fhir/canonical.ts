/**
 * The addresses that name things in FHIR content: identifier systems, code systems, profiles. None needs to resolve.
 */

/** Base of everything that Ginnel itself defines. `.example` is a reserved name (RFC 2606). */
export const GINNEL_BASE = 'https://ginnel.example/fhir';
export const GINNEL_PROFILE_BASE = `${GINNEL_BASE}/StructureDefinition/`;
/** Our issue codes (kernel/errors.ts), in `OperationOutcome.issue.details`. */
export const ISSUE_CODE_SYSTEM = `${GINNEL_BASE}/CodeSystem/issue`;

export const GINNEL_PROFILES = {
  patient: `${GINNEL_PROFILE_BASE}GinnelPatient`,
  sharedCarePlan: `${GINNEL_PROFILE_BASE}GinnelSharedCarePlan`,
  referral: `${GINNEL_PROFILE_BASE}GinnelReferralServiceRequest`,
  careTeam: `${GINNEL_PROFILE_BASE}GinnelCareTeam`,
} as const;

/** https://digital.nhs.uk/services/nhs-number */
export const NHS_NUMBER_SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number';
/** Organisation Data Service codes, of organisations and of their sites. */
export const ODS_ORGANISATION_SYSTEM = 'https://fhir.nhs.uk/Id/ods-organization-code';
export const ODS_SITE_SYSTEM = 'https://fhir.nhs.uk/Id/ods-site-code';
export const SNOMED_SYSTEM = 'http://snomed.info/sct';
/** The types and profiles that R4 itself defines. */
export const CORE_BASE = 'http://hl7.org/fhir/StructureDefinition/';

/** A canonical without the version after its `|`. */
export function withoutVersion(canonical: string): string {
  return canonical.split('|', 1)[0] ?? canonical;
}

/** `Patient` of `http://hl7.org/fhir/StructureDefinition/Patient`. */
export function lastStep(canonical: string): string {
  return canonical.slice(canonical.lastIndexOf('/') + 1);
}
