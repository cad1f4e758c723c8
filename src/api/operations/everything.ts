import type { Resource } from '@medplum/fhirtypes';
import { decide } from '../../auth/decide.ts';
import { CURSOR_PARAMETER } from '../../fhir/parse-search.ts';
import { parseReference, referencesOf } from '../../fhir/references.ts';
import { refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { CompartmentPlace, StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { searchEntryText, searchsetText } from '../search/searchset.ts';
import { type OperationInput, readOperationInput } from './operation-input.ts';

const PARAMETERS = { _since: 'instant', _type: 'text', _count: 'integer', [CURSOR_PARAMETER]: 'text' } as const;

type Asked = Omit<OperationInput<typeof PARAMETERS>, typeof CURSOR_PARAMETER>;

/** What a page brings along: who and where, not whom. It belongs to no patient. */
const DIRECTORY = new Set([
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Location',
  'HealthcareService',
  'Medication',
  'Device',
]);

/**
 * `GET Patient/[id]/$everything`: all that is held about a person and that the caller may read
 * (https://hl7.org/fhir/R4/patient-operation-everything.html), page by page in the order of type and id, so that what
 * others write meanwhile neither repeats nor hides anything. Each page brings the directory entries that it refers to.
 */
export function everythingOperation(body: boolean): (request: FhirRequest, parts: ApiParts) => Promise<FhirAnswer> {
  return async (request, parts) => {
    for (const name of ['start', 'end']) {
      if (request.query.some(([one]) => one === name)) {
        throw refuse(
          'parameter-unsupported',
          `$everything cannot narrow by dates of care (${name}); use _since, _type.`,
        );
      }
    }
    const { input, after } = readPage(readOperationInput(request, PARAMETERS, { body }), request, parts);
    const types = readTypes(input._type, request, parts);
    const count = Math.min(Math.max(input._count ?? LIMITS.everythingCountDefault, 1), LIMITS.searchCountMax);
    const patient = await request.reader.read('Patient', request.id);
    if (patient === undefined) throw refuse('resource-not-found', 'There is no Patient with this id.');
    if (patient.deleted) throw refuse('resource-gone', 'This Patient has been deleted.');

    const page = await request.reader.compartment({
      patient: request.id,
      types,
      since: input._since === undefined ? undefined : new Date(input._since).toISOString(),
      after,
      count,
    });
    const included = await readDirectory(page.matches, request, parts);
    const entries = [
      ...page.matches.map((one) => searchEntryText(one, 'match', parts.fhirBase)),
      ...included.map((one) => searchEntryText(one, 'include', parts.fhirBase)),
    ];
    const members = {
      timestamp: parts.clock.now().toISOString(),
      link: linksOf(request, input, page.next, parts),
    };
    return {
      status: 200,
      body: searchsetText(members, entries),
      headers: { 'Cache-Control': 'no-store' },
      disclosed: {
        patients: [request.id],
        resources: [...page.matches, ...included].map(({ type, id }) => `${type}/${id}`),
        queryNames: Object.keys(input),
      },
    };
  };
}

/** The types asked for that the caller may read; all that it may read, unless told. */
function readTypes(text: string | undefined, { identity }: FhirRequest, { definitions }: ApiParts): readonly string[] {
  const asked = text?.split(',').map((one) => one.trim()) ?? [...definitions.resourceTypes];
  if (asked.length > definitions.resourceTypes.size || !asked.every((type) => definitions.resourceTypes.has(type))) {
    throw refuse('parameter-invalid', '_type names resource types of R4 by commas, such as CarePlan,ServiceRequest.');
  }
  const mayRead = (type: string): boolean => decide(identity, { interaction: 'search', types: [type] }).allowed;
  return asked.filter((type) => mayRead(type) && decide(identity, { interaction: 'read', types: [type] }).allowed);
}

/** Each directory entry that the page refers to, once, as far as the caller may read it. */
async function readDirectory(
  page: readonly StoredResource[],
  { identity, reader }: FhirRequest,
  { definitions }: ApiParts,
): Promise<StoredResource[]> {
  const wanted = new Map<string, { readonly type: string; readonly id: string }>();
  for (const { content } of page) {
    for (const reference of referencesOf(JSON.parse(content) as Resource)) {
      const found = parseReference(reference, definitions.resourceTypes);
      if (found === undefined || !DIRECTORY.has(found.type) || wanted.size >= LIMITS.searchIncludesMax) continue;
      if (!decide(identity, { interaction: 'read', types: [found.type] }).allowed) continue;
      wanted.set(`${found.type}/${found.id}`, found);
    }
  }
  const read = await Promise.all([...wanted.values()].map(({ type, id }) => reader.read(type, id)));
  const listed = new Set(page.map(({ type, id }) => `${type}/${id}`));
  return read.flatMap((one) => (one === undefined || one.deleted || listed.has(`${one.type}/${one.id}`) ? [] : [one]));
}

/** The address of a further page holds what was asked for at first; it opens for the caller that it was given to. */
function readPage(
  { [CURSOR_PARAMETER]: page, ...given }: OperationInput<typeof PARAMETERS>,
  { id, identity }: FhirRequest,
  { pageLinks }: ApiParts,
): { readonly input: Asked; readonly after: CompartmentPlace | undefined } {
  if (page === undefined) return { input: given, after: undefined };
  const { query, place = '' } = pageLinks.open(page, pathOf(id), identity);
  const first: Asked = readOperationInput({ query, readBody: () => undefined }, PARAMETERS, { body: false });
  const [type = '', resourceId = ''] = place.split('/');
  return { input: { ...first, ...given }, after: { type, id: resourceId } };
}

function pathOf(id: string): string {
  return `Patient/${id}/$everything`;
}

function linksOf(
  { id, query, identity }: FhirRequest,
  input: Asked,
  next: CompartmentPlace | undefined,
  { fhirBase, pageLinks }: ApiParts,
): { relation: string; url: string }[] {
  const urlOf = (pairs: FhirRequest['query']): string => {
    const text = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
    return `${fhirBase}/${pathOf(id)}${text === '' ? '' : `?${text}`}`;
  };
  const self = { relation: 'self', url: urlOf(query) };
  if (next === undefined) return [self];
  const asked = Object.entries(input).map(([name, value]) => [name, String(value)] as const);
  const page = pageLinks.seal({ query: asked, place: `${next.type}/${next.id}` }, pathOf(id), identity);
  return [self, { relation: 'next', url: urlOf([[CURSOR_PARAMETER, page]]) }];
}
