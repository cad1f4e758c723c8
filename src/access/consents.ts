import type { ConsentLimits } from '../fhir/search-access.ts';
import type { StoredConsentRow } from '../store/patient-facts.ts';

/** Purposes that asking for direct care is one of, as Consents may name them (v3-ActReason). */
const CARE_PURPOSES: readonly string[] = ['TREAT', 'CAREMGT', 'PurposeOfUse'];
const EMERGENCY_PURPOSES: readonly string[] = [...CARE_PURPOSES, 'ETREAT', 'BTG'];

export function consentLimits(asking: {
  readonly actors: readonly string[];
  readonly purpose: 'TREAT' | 'BTG';
  readonly explicit: boolean;
  readonly now: Date;
}): ConsentLimits {
  const overrides = asking.purpose === 'BTG';
  return {
    actors: asking.actors,
    purposes: overrides ? EMERGENCY_PURPOSES : CARE_PURPOSES,
    now: asking.now.toISOString(),
    overrides,
    explicit: asking.explicit,
  };
}

/**
 * Whether the patient's Consents let a resource of this type pass: none denies it and, where one must permit it, one
 * does. Of the rows of one Consent that apply, those of the highest rank decide, and among those a denial. The store
 * applies the same to searches (`access-filter.ts`).
 */
export function passesConsents(rows: readonly StoredConsentRow[], type: string, limits: ConsentLimits): boolean {
  if (rows.length === 0) return !limits.explicit;
  const applying = rows.filter((row) => applies(row, type, limits));
  const stands = (row: StoredConsentRow): boolean =>
    !applying.some(
      (other) => other.consent === row.consent && other.rank > row.rank && other.decision !== row.decision,
    );
  const denied = applying.some(
    (row) => row.decision === 'deny' && stands(row) && !(limits.overrides && row.purpose === ''),
  );
  if (denied) return false;
  // A patient who is content in general has not said so of a school or the police: the permission names them.
  return !limits.explicit || applying.some((row) => row.decision === 'permit' && row.actor !== '' && stands(row));
}

function applies(row: StoredConsentRow, type: string, limits: ConsentLimits): boolean {
  return (
    (row.actor === '' || limits.actors.includes(row.actor)) &&
    (row.type === '' || row.type === type) &&
    (row.purpose === '' || limits.purposes.includes(row.purpose)) &&
    row.from <= limits.now &&
    row.until > limits.now
  );
}
