import type { StoredResource } from '../store/store.ts';
import type { FhirAnswer } from './exchange.ts';

/** One resource as an answer, with the headers of https://hl7.org/fhir/R4/http.html#versioning. */
export function resourceAnswer(
  status: number,
  stored: StoredResource,
  headers: Record<string, string> = {},
): FhirAnswer {
  return {
    status,
    body: stored.content,
    headers: {
      ETag: `W/"${stored.version}"`,
      'Last-Modified': new Date(stored.lastUpdated).toUTCString(),
      ...headers,
    },
    disclosed: {
      patients: stored.patient === null ? [] : [stored.patient],
      resources: [`${stored.type}/${stored.id}`],
    },
  };
}
