import { refuse } from '../../kernel/errors.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { applyView, readView } from '../search/view.ts';

/** https://hl7.org/fhir/R4/http.html#capabilities as an entry of a batch; by itself it needs no token. */
export async function capabilities({ query }: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const body = answerCapabilities(query, parts);
  return { status: 200, body, headers: {}, disclosed: { patients: [], resources: [], queryNames: [] } };
}

/**
 * The CapabilityStatement as JSON text, whole or in part. There is no terminology service here, and no statement of the
 * normative parts alone: both modes are refused rather than answered with something else.
 */
export function answerCapabilities(query: FhirRequest['query'], { capabilities, definitions }: ApiParts): string {
  const given = (name: string): string | undefined => query.find(([one]) => one === name)?.[1];
  const mode = given('mode') ?? 'full';
  if (mode === 'terminology' || mode === 'normative') {
    throw refuse(
      'parameter-unsupported',
      'This is no terminology server, and there is one statement for all: mode=full.',
    );
  }
  if (mode !== 'full') throw refuse('parameter-invalid', 'mode is full, the only one there is.');
  const [summary, elements] = [given('_summary'), given('_elements')];
  if (summary === undefined && elements === undefined) return capabilities();
  const view = readView('CapabilityStatement', summary, elements, definitions);
  if (view.kind === 'count') throw refuse('parameter-invalid', 'One resource is not counted.');
  return applyView(capabilities(), 'CapabilityStatement', view, definitions);
}
