import { stableUuid } from '../../src/kernel/ids.ts';

/** The message that bench/mapping.ts maps, and what every engine shares: how an entry is made of a resource. */
export interface Referral {
  referral: {
    id: string;
    written: string;
    urgency: string;
    service: { code: string; name: string };
    reason: string;
    requiredBy: string;
    note: string;
  };
  patient: {
    nhsNumber: string;
    localId: string;
    title: string;
    surname: string;
    forenames: string[];
    calledName?: string;
    sex: string;
    born: string;
    address: { lines: string[]; town: string; county: string; postcode: string };
    phones: { use: string; number: string }[];
    email: string;
  };
  practice: { ods: string; name: string };
  referrer: { id: string; title: string; surname: string; forename: string };
  needs: { id: string; term: string; goal?: string }[];
  actions: { what: string; who: string; when: string; state: string }[];
  team: { role: string; name: string; since: string }[];
}

export const ID = 'https://practice.example/Id';
export const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';

export function entryOf(
  name: string,
  write: string,
  union: string[],
  system: string,
  value: string,
  resource: { resourceType: string },
) {
  const fullUrl = `urn:uuid:${stableUuid(`${resource.resourceType}|${system}|${value}`)}`;
  return { name, write, union, fill: [], remove: [], identifier: { system, value }, fullUrl, resource };
}

/** A reference to the entry of a resource type with a business identifier. */
export function referenceTo(type: string, system: string, value: string) {
  return { reference: `urn:uuid:${stableUuid(`${type}|${system}|${value}`)}` };
}
