import type { SearchFilter } from './search-request.ts';

/**
 * What one caller may find of one type. A part of the search itself, so that totals, pages, chains and conditions know
 * nothing of what the caller may not see. Made by `src/access/`, applied by `src/store/sql/access-filter.ts`.
 */
export interface AccessLimits {
  /** One of these must hold; where there is none, nothing is found. */
  readonly clauses: readonly AccessClause[];
  /** Only what is of this patient's record. */
  readonly patient: string | undefined;
  /** The search asks by what is kept back of restricted patients, so that theirs is not found by it. */
  readonly unrestrictedOnly: boolean;
  /** Undefined: consents are not asked. */
  readonly consent: ConsentLimits | undefined;
}

/** All that is said here must hold. */
export interface AccessClause {
  /** `anyone`: whosever it is; `nobody`: it is of no patient's record; else the patient must be related so. */
  readonly whose: 'anyone' | 'nobody' | AccessRelation | { readonly patient: string };
  readonly filters: readonly SearchFilter[];
  /** Confidentiality codes that it must not be labelled with. */
  readonly hiddenLabels: readonly string[];
}

export interface AccessRelation {
  /** `Organization/x`, `system|value`: names as `relationship` rows have them. */
  readonly organisations: readonly string[];
  /** Only by what the Patient itself says: whose patient it is. */
  readonly registered: boolean;
}

/** Who asks, and why, as Consents speak of it. */
export interface ConsentLimits {
  readonly actors: readonly string[];
  readonly purposes: readonly string[];
  /** ISO 8601 instant. */
  readonly now: string;
  /** A denial that names nobody and no purpose does not hold against this: a life is in danger. */
  readonly overrides: boolean;
  /** Without a Consent that permits it and names one of the actors, nothing is found. */
  readonly explicit: boolean;
}
