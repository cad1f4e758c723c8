import type { AccessInteraction } from '../config/config.ts';
import type { SearchFilter } from '../fhir/search-request.ts';
import type { BusinessIdentifier } from '../store/store.ts';
import type { AccessChecks } from './checks.ts';

/** Why somebody asks: direct care, or an emergency that opens what is else closed. */
export type AccessPurpose = 'TREAT' | 'BTG';

/** What one caller may do, compiled from its rules, its scopes and its partner; made once for an identity. */
export interface Access {
  readonly partner: string;
  /** All of them, but in a test of the checks themselves. */
  readonly checks: AccessChecks;
  readonly purpose: AccessPurpose;
  /** The one patient of a token that was issued for one, or of an emergency. */
  readonly launchPatient: string | undefined;
  /** Without a Consent that permits it, or another basis, nothing of a patient is open. */
  readonly consentNeeded: boolean;
  /** Names under which Consents may speak of the caller, but for the organisation's own. */
  readonly actors: readonly string[];
  /** The caller's own organisation, first, and every other that a grant speaks of. */
  readonly organisations: readonly BusinessIdentifier[];
  readonly own: BusinessIdentifier | undefined;
  /** Whether any rule depends on who is related to a patient; where none does, that is not looked up. */
  readonly asksRelationships: boolean;
  /** What is opened of a type; none: closed. */
  grants(type: string, interaction: AccessInteraction): readonly Grant[];
  /** Whether it is cleared to take confidentiality labels away from resources of a type. */
  mayLift(type: string): boolean;
  /**
   * Whether all resources of a type are open, whole and with every label: the client is a system of record, which
   * writes by id whether or not a Consent keeps the content from it.
   */
  isOpen(type: string, interaction: AccessInteraction): boolean;
}

/** One thing that is opened: a rule and a scope together. All that it says must hold. */
export interface Grant {
  /** `directory`: what is in no patient's record. `opened`: the one patient of an emergency. */
  readonly whose: 'anyone' | 'directory' | 'related' | 'neighbourhood' | 'opened';
  readonly organisations: readonly BusinessIdentifier[];
  /** Names that need no looking up: those of contribution. */
  readonly names: readonly string[];
  /** The patient of `opened`. */
  readonly patient: string | undefined;
  readonly filters: readonly SearchFilter[];
  /** The only elements that leave; undefined: all. */
  readonly elements: ReadonlySet<string> | undefined;
  readonly hiddenLabels: readonly string[];
  /** Whether its rule is cleared for every confidentiality label. */
  readonly isCleared: boolean;
}

/** Names of organisations as relationships have them, by `system|value`. */
export type OrganisationNames = ReadonlyMap<string, readonly string[]>;

export function keyOf({ system, value }: BusinessIdentifier): string {
  return `${system}|${value}`;
}

/** The names that a grant's relationship may stand under. */
export function namesOf(grant: Grant, names: OrganisationNames): readonly string[] {
  return [...grant.names, ...grant.organisations.flatMap((one) => names.get(keyOf(one)) ?? [keyOf(one)])];
}

/** The names under which Consents may speak of the caller. */
export function actorsOf(access: Access, names: OrganisationNames): readonly string[] {
  return [...access.actors, ...(access.own === undefined ? [] : (names.get(keyOf(access.own)) ?? [keyOf(access.own)]))];
}
