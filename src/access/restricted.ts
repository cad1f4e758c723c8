import type { Patient, Provenance } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../fhir/canonical.ts';
import { isRestrictedLabel, securityCodes } from '../fhir/security-labels.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Store, StoredResource } from '../store/store.ts';
import { keepBackWhereabouts } from './keep-back.ts';
import { findWhereabouts, relative, type WhereaboutsParts, whereaboutsOf } from './whereabouts.ts';

/** The resource's text without what would tell where a restricted patient lives. */
export type KeepBack = (stored: StoredResource, isRestricted: boolean) => Promise<string>;

export interface KeepBackParts extends WhereaboutsParts {
  readonly store: WhereaboutsParts['store'] & Pick<Store, 'findByIdentifier' | 'patientFacts'>;
}

/** For reading, planning and sending alike. */
export function createKeepBack(parts: KeepBackParts): KeepBack {
  return async (stored, isRestricted) => {
    if (stored.deleted) return stored.content;
    if (isRestricted && stored.patient !== null) {
      return keepBackWhereabouts(stored.content, await findWhereabouts(stored.patient, parts));
    }
    const origin = await restrictedOrigin(stored, parts);
    if (origin !== undefined) return keepBackWhereabouts(stored.content, await findWhereabouts(origin, parts));
    // A copy of a restricted Patient may stand in what is about somebody else, or about nobody.
    if (!holdsPatients(stored)) return stored.content;
    const inside = await restrictedInside(patientsIn(JSON.parse(stored.content) as JsonObject, true), parts);
    return inside.length === 0
      ? stored.content
      : keepBackWhereabouts(stored.content, await whereaboutsOf(inside, parts));
  };
}

/**
 * A Provenance of what is in a record is in no record itself, and may name who brought it: his practice. The restricted
 * patient whose record it tells of; undefined where there is none.
 */
async function restrictedOrigin(
  { type, patient, content }: StoredResource,
  { store }: KeepBackParts,
): Promise<string | undefined> {
  if (type !== 'Provenance' || patient !== null) return undefined;
  const { target = [] } = JSON.parse(content) as Provenance;
  const patients = new Set<string>();
  for (const { reference = '' } of target.slice(0, LIMITS.searchCountMax)) {
    const [of = '', id = ''] = relative(reference).split('/');
    const found = id === '' ? undefined : await store.read(of, id);
    if (found?.patient != null) patients.add(found.patient);
  }
  if (patients.size === 0) return undefined;
  const facts = await store.patientFacts({ patients: [...patients], organisations: [] });
  return facts.find(({ restricted }) => restricted)?.patient;
}

function holdsPatients({ type, content }: StoredResource): boolean {
  return content.includes('"resourceType":"Patient"', type === 'Patient' ? '{"resourceType":"Patient"'.length : 0);
}

/** Those of them that are restricted: by their own label, or as the store knows the person of that NHS number or id. */
async function restrictedInside(copies: readonly Patient[], { store }: KeepBackParts): Promise<Patient[]> {
  const found: Patient[] = [];
  for (const copy of copies.slice(0, LIMITS.bundleEntriesMax)) {
    if (securityCodes(copy as unknown as JsonObject).some(isRestrictedLabel)) {
      found.push(copy);
      continue;
    }
    const number = copy.identifier?.find(({ system }) => system === NHS_NUMBER_SYSTEM)?.value;
    const known =
      number === undefined ? [] : await store.findByIdentifier('Patient', { system: NHS_NUMBER_SYSTEM, value: number });
    // A copy that was made here is known by our own id as well.
    const patients = [...known, ...(copy.id === undefined ? [] : [copy.id])];
    const facts = await store.patientFacts({ patients, organisations: [] });
    if (facts.some(({ restricted }) => restricted)) found.push(copy);
  }
  return found;
}

function patientsIn(value: JsonValue, isOuter = false): Patient[] {
  if (Array.isArray(value)) return value.flatMap((one) => patientsIn(one));
  if (!isJsonObject(value)) return [];
  const own = !isOuter && value.resourceType === 'Patient' ? [value as unknown as Patient] : [];
  return [...own, ...Object.values(value).flatMap((one) => patientsIn(one))];
}
