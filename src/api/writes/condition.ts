import { CURSOR_PARAMETER, parseSearch } from '../../fhir/parse-search.ts';
import { RESULT_PARAMETERS } from '../../fhir/search-params.ts';
import type { SearchRequest } from '../../fhir/search-request.ts';
import { GinnelError, refuse } from '../../kernel/errors.ts';
import type { BusinessIdentifier } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';

/** A search that says which resource is meant (https://hl7.org/fhir/R4/http.html#ccreate, #cond-update). */
export interface Condition {
  readonly search: SearchRequest;
  /** The identifier, where the condition is that alone: it can be claimed, so that two requests cannot both find none. */
  readonly claim: BusinessIdentifier | undefined;
  /** Names of its parameters. */
  readonly names: readonly string[];
}

/** Parameters of any request's address, which say nothing about what is meant. */
const PASSED_OVER = new Set(['_format', '_pretty']);

/** Throws for one that is empty, which would mean everything, and for any parameter that is not about the resource. */
export function readCondition(
  type: string,
  query: Iterable<readonly [string, string]>,
  parts: Pick<ApiParts, 'definitions' | 'fhirBase'>,
): Condition {
  const pairs = [...query].filter(([name]) => !PASSED_OVER.has(name));
  if (pairs.length === 0) {
    throw refuse('parameter-invalid', 'Say which resource: by its id in the address, or by a search after the type.');
  }
  const misplaced = pairs.find(([name]) => RESULT_PARAMETERS.includes(name) || name === CURSOR_PARAMETER);
  if (misplaced !== undefined) {
    throw refuse(
      'parameter-unsupported',
      `${misplaced[0]} is about a search's answer; a condition says what is meant.`,
    );
  }
  const parsed = parseSearch(type, pairs, parts.definitions, { baseUrl: parts.fhirBase });
  if (!parsed.ok) throw new GinnelError(parsed.issues);
  return { search: parsed.value, claim: claimOf(parsed.value), names: pairs.map(([name]) => name) };
}

function claimOf({ filters }: SearchRequest): BusinessIdentifier | undefined {
  const [filter, ...others] = filters;
  if (filter?.kind !== 'token' || filter.param !== 'identifier' || filter.not || others.length > 0) return undefined;
  const [{ system = '', code = '' } = {}, ...alternatives] = filter.values;
  return system === '' || code === '' || alternatives.length > 0 ? undefined : { system, value: code };
}
