import type { AccessInteraction } from '../config/config.ts';
import type { SearchFilter } from '../fhir/search-request.ts';
import type { PatientFacts } from '../store/patient-facts.ts';
import { type Access, actorsOf, type Grant, namesOf, type OrganisationNames } from './access.ts';
import { consentLimits, passesConsents } from './consents.ts';
import { DIRECTORY_TYPES } from './types-opened.ts';

/** A resource with all that deciding on it needs. */
export interface ResourceInQuestion {
  readonly type: string;
  readonly patient: string | null;
  /** Undefined where it is in nobody's record. */
  readonly facts: PatientFacts | undefined;
  /** Of the patients whom it concerns besides: it is open where it would be in the record of each of them. */
  readonly others?: readonly PatientFacts[] | undefined;
  readonly names: OrganisationNames;
  readonly now: Date;
  /** Confidentiality codes that it is labelled with. */
  readonly labels: () => readonly string[];
  /** Whether it matches filters, as a search would find it. */
  readonly matches: (filters: readonly SearchFilter[]) => boolean;
  /** What a write leaves behind: to whom all records are open discloses nothing by writing into one. */
  readonly isWrite?: boolean | undefined;
}

export type Judgement =
  | { readonly allowed: true; readonly elements: ReadonlySet<string> | undefined }
  | { readonly allowed: false; readonly reason: string };

/** Whether a caller may have this resource, and which elements of it. The grants are alternatives. */
export function judgeResource(access: Access, interaction: AccessInteraction, resource: ResourceInQuestion): Judgement {
  const { type, patient, facts, others = NOBODY } = resource;
  const { launchPatient } = access;
  const isOthers =
    (patient === null ? !DIRECTORY_TYPES.has(type) : patient !== launchPatient) ||
    others.some((other) => other.patient !== launchPatient);
  // What is in nobody's record may hold others' all the same, such as a Bundle: the directory alone is nobody's.
  if (launchPatient !== undefined && isOthers) return denied('It is not of the patient the token was issued for.');
  const grants = access.grants(type, interaction).filter((grant) => holds(grant, resource));
  if (grants.length === 0) return denied('No access rule opens it.');
  const discloses = resource.isWrite !== true || grants.every(({ whose }) => whose !== 'anyone');
  if (discloses && access.checks.has('consent')) {
    const isAllowed =
      (facts === undefined || isConsented(access, facts, resource)) &&
      (others.length === 0 || others.every((one) => isConsented(access, one, resource)));
    if (!isAllowed) return denied('The patient’s consent does not allow it.');
  }
  return grants.some(({ elements }) => elements === undefined)
    ? WHOLE
    : { allowed: true, elements: joinElements(grants) };
}

const NOBODY: readonly PatientFacts[] = [];
const WHOLE: Judgement = { allowed: true, elements: undefined };

function isConsented(access: Access, { consents }: PatientFacts, { type, names, now }: ResourceInQuestion): boolean {
  // Most patients have none.
  if (consents.length === 0) return !access.consentNeeded;
  const limits = consentLimits({
    actors: actorsOf(access, names),
    purpose: access.purpose,
    explicit: access.consentNeeded,
    now,
  });
  return passesConsents(consents, type, limits);
}

function holds(grant: Grant, resource: ResourceInQuestion): boolean {
  if (!holdsWhose(grant, resource)) return false;
  if (grant.hiddenLabels.length > 0 && resource.labels().some((label) => grant.hiddenLabels.includes(label)))
    return false;
  return grant.filters.length === 0 || resource.matches(grant.filters);
}

function holdsWhose(grant: Grant, { patient, facts, others = NOBODY, names }: ResourceInQuestion): boolean {
  switch (grant.whose) {
    case 'anyone':
      return true;
    case 'directory':
      return patient === null;
    case 'opened':
      return patient !== null && patient === grant.patient && others.every((one) => one.patient === grant.patient);
    case 'related':
    case 'neighbourhood': {
      const by = grant.whose === 'related' ? 'related' : 'registered';
      const own = namesOf(grant, names);
      const isKnown = (one: PatientFacts): boolean => own.some((name) => one[by].has(name));
      return facts !== undefined && isKnown(facts) && others.every(isKnown);
    }
  }
}

/** What any of the grants lets leave, where none lets all of it. */
function joinElements(grants: readonly Grant[]): ReadonlySet<string> {
  return new Set(grants.flatMap(({ elements }) => [...(elements ?? [])]));
}

function denied(reason: string): Judgement {
  return { allowed: false, reason };
}
