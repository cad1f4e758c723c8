import type { Definitions } from '../fhir/definitions.ts';
import { parseCriteria } from '../fhir/parse-search.ts';

/** Whether the query of a scope is a search that R4 has for its type, and that looks at the resource alone. */
export type IsCriteria = (type: string, query: string) => boolean;

export function createCriteriaCheck(definitions: Definitions): IsCriteria {
  return (type, query) => definitions.resourceTypes.has(type) && parseCriteria(`${type}?${query}`, definitions).ok;
}
