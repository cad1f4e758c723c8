import type { Patient, Resource } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../fhir/canonical.ts';
import { concernedBy } from '../fhir/concerned.ts';
import { referencesOf } from '../fhir/references.ts';
import { isRestrictedLabel, securityCodes } from '../fhir/security-labels.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Store, StoredResource } from '../store/store.ts';
import { keepBackWhereabouts } from './keep-back.ts';
import type { FindOthers } from './others.ts';
import { readPatients, relative, type WhereaboutsParts, whereaboutsOf } from './whereabouts.ts';

/** The resource's text without what would tell where a restricted patient lives. */
export type KeepBack = (stored: StoredResource, isRestricted: boolean) => Promise<string>;

export interface KeepBackParts extends WhereaboutsParts {
  readonly store: WhereaboutsParts['store'] & Pick<Store, 'findByIdentifier' | 'patientFacts'>;
  readonly findOthers: FindOthers;
}

/** Whether anything has to be looked up, or taken away; else a resource leaves as it is. */
export function mayHoldBack(stored: StoredResource, isRestricted: boolean): boolean {
  if (stored.deleted) return false;
  return isRestricted || stored.type === 'Bundle' || concernedBy(stored.type) !== undefined || holdsPatients(stored);
}

/** For reading, planning and sending alike. */
export function createKeepBack(parts: KeepBackParts): KeepBack {
  return async (stored, isRestricted) => {
    if (!mayHoldBack(stored, isRestricted)) return stored.content;
    const own = isRestricted && stored.patient !== null ? [stored.patient] : [];
    const ids = [...own, ...(await restrictedOthers(stored, parts))];
    // A copy of a restricted Patient may stand in what is about somebody else, or about nobody.
    const copies = holdsPatients(stored) ? patientsIn(JSON.parse(stored.content) as JsonObject, true) : [];
    const inside = await restrictedInside(copies, parts);
    if (ids.length === 0 && inside.length === 0) return stored.content;
    const patients = [...(await readPatients(ids, parts)), ...inside];
    return keepBackWhereabouts(stored.content, await whereaboutsOf(patients, parts));
  };
}

/**
 * The restricted patients whom it concerns besides: a Provenance of what is in a record is in no record itself, and may
 * name who brought it: his practice.
 */
async function restrictedOthers(stored: StoredResource, { store, findOthers }: KeepBackParts): Promise<string[]> {
  const others = stored.type === 'Bundle' ? patientsReferredTo(stored) : await findOthers(stored);
  const restricted: string[] = [];
  for (let at = 0; at < others.length; at += LIMITS.bundleEntriesMax) {
    const patients = others.slice(at, at + LIMITS.bundleEntriesMax);
    const facts = await store.patientFacts({ patients, organisations: [] });
    for (const one of facts) if (one.restricted) restricted.push(one.patient);
  }
  return restricted;
}

/** Of what a Bundle holds nothing is indexed. */
function patientsReferredTo({ content }: StoredResource): string[] {
  const references = referencesOf(JSON.parse(content) as Resource).map(relative);
  return [...new Set(references.flatMap((one) => (one.startsWith('Patient/') ? one.slice('Patient/'.length) : [])))];
}

function holdsPatients({ type, content }: StoredResource): boolean {
  const from = type === 'Patient' ? '{"resourceType":"Patient"'.length : 0;
  // Its rare letter first: a text without it is done with at once.
  return content.includes('Patient"', from) && content.includes('"resourceType":"Patient"', from);
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
