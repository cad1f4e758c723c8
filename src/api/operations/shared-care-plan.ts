import { decide } from '../../auth/decide.ts';
import type { Reader } from '../../auth/reader.ts';
import { composePlan } from '../../care-plan/compose.ts';
import { gatherPlan } from '../../care-plan/gather.ts';
import { refuse } from '../../kernel/errors.ts';
import { printExact } from '../../kernel/exact-json.ts';
import { newId } from '../../kernel/ids.ts';
import type { StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';

export { PLAN_TYPES } from '../../care-plan/gather.ts';

/**
 * `GET [base]/Patient/$shared-care-plan?identifier=system|value` and `GET [base]/Patient/[id]/$shared-care-plan`: this
 * person's one care plan, now, as a document Bundle. An operation in the sense of https://hl7.org/fhir/R4/operations.html.
 */
export async function sharedCarePlan(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const { identifier, others } = Object.groupBy(request.query, ([name]) => (name === 'identifier' ? name : 'others'));
  if (others?.some(([name]) => name !== '_format') || (request.id !== '' && identifier !== undefined)) {
    throw refuse(
      'parameter-unknown',
      'The operation takes one parameter, identifier=system|value, and none where the address has the id.',
    );
  }
  const patient =
    request.id === ''
      ? await patientByIdentifier(identifier ?? [], request.reader)
      : await request.reader.read('Patient', request.id);
  if (patient === undefined || patient.deleted) throw refuse('resource-not-found', 'No such person is held here.');
  const mayRead = (type: string): boolean => decide(request.identity, { interaction: 'search', types: [type] }).allowed;
  const sources = await gatherPlan(patient, request.reader, mayRead);
  const bundle = composePlan(sources, { id: newId(), now: parts.clock.now(), fhirBase: parts.fhirBase });
  return {
    status: 200,
    body: printExact(bundle),
    headers: { 'Cache-Control': 'no-store' },
    disclosed: {
      patients: [patient.id],
      resources: (bundle.entry ?? []).flatMap(({ resource }) =>
        resource?.id === undefined || resource.resourceType === 'Composition'
          ? []
          : [`${resource.resourceType}/${resource.id}`],
      ),
      queryNames: request.query.map(([name]) => name),
    },
  };
}

async function patientByIdentifier(
  given: readonly (readonly [string, string])[],
  reader: Reader,
): Promise<StoredResource | undefined> {
  const text = given[0]?.[1] ?? '';
  const bar = text.indexOf('|');
  const [system, value] = [text.slice(0, Math.max(bar, 0)), text.slice(bar + 1)];
  if (given.length !== 1 || system === '' || value === '') {
    throw refuse(
      'parameter-invalid',
      'Name the person by exactly one identifier=system|value, such as identifier=https://fhir.nhs.uk/Id/nhs-number|….',
    );
  }
  const found = await reader.search({
    type: 'Patient',
    filters: [{ kind: 'token', param: 'identifier', not: false, values: [{ system, code: value }] }],
    count: 2,
    sort: [],
    total: false,
  });
  if (found.matches.length > 1)
    throw refuse(
      'multiple-matches',
      'More than one person carries this identifier; the duplicate must be resolved first.',
    );
  return found.matches[0];
}
