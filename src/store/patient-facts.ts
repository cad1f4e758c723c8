import type { ConsentRow } from '../fhir/consent.ts';

/** Asks what decides who may see some patients' records. A part of the store contract. */
export interface PatientFactsRequest {
  /** Ids. */
  readonly patients: readonly string[];
  /** Names of organisations whose relationship matters: `Organization/x`, `system|value`. */
  readonly organisations: readonly string[];
}

export interface PatientFacts {
  readonly patient: string;
  /** Of the organisations asked for, those that some resource relates the patient to. */
  readonly related: ReadonlySet<string>;
  /** Of those, the ones that the Patient itself names. */
  readonly registered: ReadonlySet<string>;
  /** Labelled restricted, or very restricted, as PDS does it: where this person lives must not be told. */
  readonly restricted: boolean;
  readonly consents: readonly StoredConsentRow[];
}

export interface StoredConsentRow extends ConsentRow {
  /** Id of the Consent. */
  readonly consent: string;
}
