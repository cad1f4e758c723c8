import { FHIR_ROUTES, type FhirRoute } from '../../src/api/routes.ts';
import { MARK, markOf, NUMBERS, RESOURCES, type Seed, WHEREABOUTS } from './world.ts';

/** One request, and what of the world it is aimed at. */
export interface Probe {
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** What it would meet, if its sender saw that; undefined where it is about a whole type. */
  readonly seed?: Seed | undefined;
  /** The answer must hold no resource and count none, whoever asks. */
  readonly findsNothing?: boolean;
  /** It must count what its sender sees of this type. */
  readonly counts?: string;
}

const TYPES = ['Patient', 'ServiceRequest', 'CarePlan', 'CareTeam', 'Consent', 'AuditEvent'];
const CATEGORY = 'https://marks.example/category';

/** What nobody may be found by. */
const HIDDEN_SEARCHES: readonly [string, string][] = [
  ['Patient', `address-postalcode=${encodeURIComponent(WHEREABOUTS.postcode)}`],
  ['Patient', `address=${encodeURIComponent('17 Hidden')}`],
  ['Patient', `phone=${encodeURIComponent(WHEREABOUTS.phone)}`],
  ['Patient', 'general-practitioner=Organization/place-one'],
  ['Patient', 'general-practitioner.name=Willow'],
  ['ServiceRequest', 'requester=PractitionerRole/staff-role'],
  ['ServiceRequest', 'patient.address-postalcode=SK4'],
  ['Organization', `_has:Patient:general-practitioner:identifier=${encodeURIComponent(`${MARK}|${markOf('res')}`)}`],
];

function listed(type: string, query: string): string {
  return `${type}?${query}`;
}

/** Searches that would meet one resource: by id, by identifier, through what it refers to, and from there. */
function searchesFor({ type, id, name, patient }: Seed): string[] {
  const own = `identifier=${encodeURIComponent(`${MARK}|${markOf(name)}`)}`;
  const found = [`_id=${id}`, own, `_id=${id}&_total=accurate`, `${own}&_summary=count`].map((query) =>
    listed(type, query),
  );
  if (type === 'Patient') {
    found.push(
      listed('ServiceRequest', `patient=Patient/${id}&_include=ServiceRequest:patient&_total=accurate`),
      listed('ServiceRequest', `patient.family=${markOf(name)}-family`),
      listed('CarePlan', `patient.${own}`),
    );
  }
  if (type === 'ServiceRequest') {
    found.push(
      listed('Organization', `_has:ServiceRequest:performer:${own}&_total=accurate`),
      listed('Organization', `_revinclude=ServiceRequest:performer&_has:ServiceRequest:performer:${own}`),
      listed('ServiceRequest', `_id=${id}&_include=ServiceRequest:patient`),
      listed(
        'ServiceRequest',
        `subject=Patient/${patient}&category=${encodeURIComponent(`${CATEGORY}|open`)}&_id=${id}`,
      ),
    );
  }
  return found;
}

/** Asks by elements of what `ada` is, for those who are given a part of it. */
export const ELEMENT_SEARCHES = [
  'Patient?birthdate=1950-02-03&_id=ada',
  `Patient?family=${markOf('ada')}-family`,
  'Patient?_id=ada&_sort=birthdate',
];

function contentOf(seed: Seed): Record<string, unknown> {
  const real = seed.like ?? seed;
  const found = RESOURCES.find(({ resourceType, id }) => resourceType === real.type && id === real.id);
  const text = JSON.stringify({ ...found, language: 'en' })
    .replaceAll(markOf(real.name), markOf(seed.name))
    .replaceAll(`"id":"${real.id}"`, `"id":"${seed.id}"`)
    .replaceAll(`"Patient/${real.patient}"`, `"Patient/${seed.patient}"`)
    .replaceAll(NUMBERS[real.name] ?? 'no number', NUMBERS[seed.name] ?? '');
  return JSON.parse(text) as Record<string, unknown>;
}

const PATCH = [{ op: 'add', path: '/language', value: 'cy' }];
const about = (seed: Seed): Record<string, unknown> => ({
  resourceType: 'ServiceRequest',
  status: 'active',
  intent: 'order',
  subject: { reference: `Patient/${seed.patient}` },
});
const batchOf = (urls: readonly string[]): unknown => ({
  resourceType: 'Bundle',
  type: 'batch',
  entry: urls.map((url) => ({ request: { method: 'GET', url } })),
});
const parameters = { resourceType: 'Parameters' };

type Make = (seed: Seed) => Partial<Probe>[];

/**
 * The requests of each way in, by method and path as the route table has them. A route that is not here fails the
 * test, so that nothing is opened unwatched: say here how it would reach a resource.
 */
const MAKERS: Readonly<Record<string, Make>> = {
  'GET /:type/:id': ({ type, id }) => [{ path: `${type}/${id}` }, { path: `${type}/${id}?_elements=id` }],
  'GET /:type/:id/_history/:version': ({ type, id }) => [{ path: `${type}/${id}/_history/1` }],
  'GET /:type/:id/_history': ({ type, id }) => [{ path: `${type}/${id}/_history` }],
  'GET /:type': (seed) => searchesFor(seed).map((path) => ({ path })),
  'POST /:type/_search': (seed) =>
    searchesFor(seed).map((path) => {
      const [type = '', query = ''] = path.split('?');
      return { path: `${type}/_search`, body: new URLSearchParams(query) };
    }),
  'PUT /:type/:id': (seed) => [{ path: `${seed.type}/${seed.id}`, body: contentOf(seed) }],
  'PATCH /:type/:id': ({ type, id }) => [{ path: `${type}/${id}`, body: PATCH }],
  'DELETE /:type/:id': ({ type, id }) => [
    { path: `${type}/${id}` },
    { path: `${type}/${id}`, headers: { 'If-Match': 'W/"1"' } },
  ],
  'PATCH /:type': ({ type, name }) => [{ path: `${type}?identifier=${MARK}|${markOf(name)}`, body: PATCH }],
  'DELETE /:type': ({ type, name }) => [{ path: `${type}?identifier=${MARK}|${markOf(name)}` }],
  'PUT /:type': (seed) => [{ path: `${seed.type}?identifier=${MARK}|${markOf(seed.name)}`, body: contentOf(seed) }],
  'POST /:type': (seed) =>
    seed.type === 'Patient'
      ? [{ path: 'ServiceRequest', body: about(seed) }]
      : [
          {
            path: seed.type,
            body: { ...contentOf(seed), id: undefined },
            headers: { 'If-None-Exist': `identifier=${MARK}|${markOf(seed.name)}` },
          },
        ],
  'POST /': (seed) => [
    { path: '', body: batchOf([`${seed.type}/${seed.id}`, `${seed.type}/${seed.id}/_history`, ...searchesFor(seed)]) },
    {
      path: '',
      body: {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ request: { method: 'PUT', url: `${seed.type}/${seed.id}` }, resource: contentOf(seed) }],
      },
    },
  ],
  'GET /Patient/$shared-care-plan': ({ type, name }) =>
    type === 'Patient' ? [{ path: `Patient/$shared-care-plan?identifier=${MARK}|${markOf(name)}` }] : [],
  'GET /Patient/:id/$shared-care-plan': ({ type, id }) =>
    type === 'Patient' ? [{ path: `Patient/${id}/$shared-care-plan` }] : [],
  'GET /Patient/:id/$everything': ({ type, id }) =>
    type === 'Patient' ? [{ path: `Patient/${id}/$everything` }, { path: `Patient/${id}/$everything?_count=1` }] : [],
  'POST /Patient/:id/$everything': ({ type, id }) =>
    type === 'Patient' ? [{ path: `Patient/${id}/$everything`, body: parameters }] : [],
  'POST /Patient/$match': (seed) =>
    seed.type === 'Patient'
      ? [
          {
            path: 'Patient/$match',
            body: {
              resourceType: 'Parameters',
              parameter: [{ name: 'resource', resource: { ...contentOf(seed), id: undefined, meta: undefined } }],
            },
          },
        ]
      : [],
  'GET /ConceptMap/$translate': () => [{ path: 'ConceptMap/$translate?code=1&system=urn:x&target=urn:y' }],
  'POST /ConceptMap/$translate': () => [{ path: 'ConceptMap/$translate', body: parameters }],
  'GET /ConceptMap/:id/$translate': ({ id }) => [{ path: `ConceptMap/${id}/$translate?code=1&system=urn:x` }],
  'POST /ConceptMap/:id/$translate': ({ id }) => [{ path: `ConceptMap/${id}/$translate`, body: parameters }],
  'POST /:type/$validate': ({ type }) => [{ path: `${type}/$validate`, body: parameters }],
  'GET /:type/:id/$validate': ({ type, id }) => [{ path: `${type}/${id}/$validate` }],
  'POST /:type/:id/$validate': (seed) => [{ path: `${seed.type}/${seed.id}/$validate`, body: parameters }],
  'POST /$convert': () => [{ path: '$convert', body: parameters }],
  'POST /$process-message': () => [{ path: '$process-message', body: { resourceType: 'Bundle', type: 'message' } }],
  'GET /metadata': () => [],
  'GET /_history': () => [{ path: '_history' }, { path: '_history?_count=100' }],
  'GET /:type/_history': ({ type }) => [{ path: `${type}/_history` }, { path: `${type}/_history?_count=100` }],
};

/** About a whole type, once. */
function typeProbes(route: FhirRoute): Partial<Probe>[] {
  if (`${route.method} ${route.path}` !== 'GET /:type') return [];
  return [
    ...TYPES.flatMap((type): Partial<Probe>[] => [
      { path: type },
      { path: `${type}?_total=accurate&_count=100`, counts: type },
      { path: `${type}?_summary=count`, counts: type },
      { path: `${type}?_sort=-_lastUpdated&_count=2` },
    ]),
    ...HIDDEN_SEARCHES.flatMap(([type, query]): Partial<Probe>[] => [
      { path: `${type}?${query}`, findsNothing: true },
      { path: `${type}?${query}&_summary=count`, findsNothing: true },
    ]),
  ];
}

export function routeName({ method, path }: Pick<FhirRoute, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

export function unwatchedRoutes(): string[] {
  return FHIR_ROUTES.map(routeName).filter((name) => MAKERS[name] === undefined);
}

export function probesOf(seed: Seed): Probe[] {
  return FHIR_ROUTES.flatMap((route) =>
    (MAKERS[routeName(route)]?.(seed) ?? []).map((probe) => complete(route, { ...probe, seed })),
  );
}

export function wholeProbes(): Probe[] {
  return FHIR_ROUTES.flatMap((route) => typeProbes(route).map((probe) => complete(route, probe)));
}

function complete(route: FhirRoute, probe: Partial<Probe>): Probe {
  return { route: routeName(route), method: route.method, path: '', ...probe };
}

export function isWrite({ route, body }: Probe): boolean {
  return (
    /^(?:PUT|PATCH|DELETE) |^POST \/:type$/.test(route) ||
    (route === 'POST /' && (body as { type?: string }).type === 'transaction')
  );
}
