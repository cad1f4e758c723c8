import { SEARCH_RESULTS, type SeededPerson } from './works.ts';

/** Of whom each has ServiceRequests; the first one is multiplied, so that all ids are of one form and length. */
export function idOfPerson(n: number): string {
  return `g${String(n).padStart(7, '0')}`;
}

export function namePeople(count: number): SeededPerson[] {
  return Array.from({ length: count }, (_, n) => {
    const id = idOfPerson(n);
    const serviceRequests = Array.from({ length: SEARCH_RESULTS }, (_one, at) => `${id}-${at}`);
    return { id, nhsNumber: '', serviceRequests };
  });
}
