import type { Definitions } from '../fhir/definitions.ts';

/** What a search parameter looks at. */
export interface SearchedElements {
  /** Top-level elements of the type; undefined where that cannot be told. */
  readonly elements: readonly string[] | undefined;
  /** Whether it refers to organisations, staff or places. */
  readonly isDirectory: boolean;
  /** Whether it looks into a text that anything may stand in, but for people's names. */
  readonly isText: boolean;
}

export type ElementsOf = (type: string, param: string) => SearchedElements;

/** Parameters about the resource as such, which every view of it has. */
const OF_THE_RESOURCE = new Set(['_id', '_lastUpdated', '_profile', '_security', '_tag']);
/** Whose names tell of a practice or a place. */
export const DIRECTORY_TARGETS: ReadonlySet<string> = new Set([
  'HealthcareService',
  'Location',
  'Organization',
  'Practitioner',
  'PractitionerRole',
]);

/** Reads the elements of each parameter off its expression, once. */
export function createElementsOf(definitions: Definitions): ElementsOf {
  const known = new Map<string, SearchedElements>();
  return (type, name) => {
    // The index has names of its own for parts of a parameter, such as `subject:identifier`.
    const [param = ''] = name.split(':', 1);
    const key = `${type} ${param}`;
    const found = known.get(key) ?? look(type, param, definitions);
    known.set(key, found);
    return found;
  };
}

function look(type: string, param: string, definitions: Definitions): SearchedElements {
  if (OF_THE_RESOURCE.has(param)) return { elements: [], isDirectory: false, isText: false };
  const parameters = definitions.searchParameters(type).filter(({ code }) => code === param);
  const isText =
    !PEOPLE.has(type) &&
    parameters.some((one) => one.type === 'string' || one.component?.some(({ type: part }) => part === 'string'));
  const unknown = { elements: undefined, isDirectory: false, isText };
  if (parameters.length === 0) return unknown;
  const elements = new Set<string>();
  for (const { expression } of parameters) {
    const found = [...expression.matchAll(/\b([A-Z][A-Za-z]{0,63})\.([a-z][A-Za-z]{0,63})/g)];
    const own = found.filter(([, of]) => of === type);
    // An expression that we cannot read may look anywhere.
    if (own.length === 0) return unknown;
    for (const [, , element = ''] of own) elements.add(element);
  }
  const targets = parameters.flatMap(({ target = [] }) => target);
  return { elements: [...elements], isDirectory: targets.some((target) => DIRECTORY_TARGETS.has(target)), isText };
}

/** Parameters that find somebody by where he lives, or by his practice. */
const WHEREABOUTS: ReadonlySet<string> = new Set([
  'address',
  'address-city',
  'address-country',
  'address-postalcode',
  'address-state',
  'address-use',
  'email',
  'general-practitioner',
  'organization',
  'phone',
  'telecom',
]);
const PEOPLE: ReadonlySet<string> = new Set(['Patient', 'RelatedPerson', 'Person']);
const TEXTS: ReadonlySet<string> = new Set(['_content', '_text', '_source', '_filter']);

export function findsWhereabouts(type: string, name: string): boolean {
  const [param = ''] = name.split(':', 1);
  return TEXTS.has(param) || (PEOPLE.has(type) && WHEREABOUTS.has(param));
}
