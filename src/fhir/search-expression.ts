import { compileFhirPath } from '../fhirpath/compile-fhirpath.ts';
import { GinnelError } from '../kernel/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { NHS_NUMBER_SYSTEM } from './canonical.ts';
import type { Definitions } from './definitions.ts';
import { parseReference } from './references.ts';
import type { FoundValue } from './search-values.ts';
import type { Property } from './structure.ts';

/** What a search parameter looks at in a resource. */
export type Extract = (resource: JsonObject) => readonly FoundValue[];

/** What a composite looks at: at each place of its expression, the values of each component. */
export type ExtractParts = (resource: JsonObject) => readonly (readonly (readonly FoundValue[])[])[];

/**
 * Compiles a composite (https://hl7.org/fhir/R4/search.html#composite): its components are read from each place that
 * its own expression finds, so that values of one place are not taken with those of another.
 */
export function compileComposite(
  expression: string,
  components: readonly { readonly expression: string }[],
  definitions: Definitions,
): ExtractParts {
  const places = expression.split(' | ').map((part) => compilePath(part.trim(), definitions));
  const parts = components.map((one) =>
    one.expression.split(' | ').map((part) => compilePath(part.trim(), definitions)),
  );
  return (resource) =>
    places.flatMap((findPlaces) =>
      findPlaces({ value: resource, property: undefined }, resource).map((place) =>
        parts.map((alternatives) => alternatives.flatMap((find) => find(place, resource).map(toFoundValue))),
      ),
    );
}

type Path = (from: Found, resource: JsonObject) => readonly Found[];

/** A simple path from a place; after `%resource` from the resource. Composites of R4 have no other. */
function compilePath(path: string, definitions: Definitions): Path {
  const fromResource = path.startsWith('%resource.');
  const steps = /^[A-Z][A-Za-z]*$/.test(path) ? [] : readSteps(path.replace(/^%resource\./, ''), definitions);
  if (steps === undefined) throw new Error(`a composite search parameter has an expression that is no path: ${path}`);
  return (from, resource) => walkFrom(fromResource ? { value: resource, property: undefined } : from, steps, resource);
}

/**
 * Compiles a search parameter's expression. Nearly all are paths with a filter or two, which are walked with the
 * types at hand, so that a choice is read and a bare code gets its system. The few others are FHIRPath proper.
 */
export function compileSearchExpression(expression: string, definitions: Definitions): Extract {
  const parts = expression.split(' | ').map((part) => compilePart(part.trim(), definitions));
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : (resource) => parts.flatMap((part) => part(resource));
}

function compilePart(part: string, definitions: Definitions): Extract {
  const bare = part.startsWith('(') && part.endsWith(')') && part.indexOf('(', 1) !== -1 ? part.slice(1, -1) : part;
  const steps = readSteps(bare, definitions);
  return steps === undefined ? compileFully(part) : (resource) => walk(resource, steps);
}

interface Found {
  readonly value: JsonValue;
  /** Undefined for the resource itself. */
  readonly property: Property | undefined;
}

type Step =
  | { readonly kind: 'member'; readonly propertiesOf: PropertiesOf }
  | { readonly kind: 'keep'; readonly test: (found: Found, resource: JsonObject) => boolean };

/** What a step may find in an object that stands at a property: one element, or each type of a choice. */
type PropertiesOf = (value: JsonObject, property: Property | undefined) => readonly Property[];

/** The steps of a simple path; undefined when it is more than that. */
function readSteps(path: string, definitions: Definitions): Step[] | undefined {
  const root = /^(?:[A-Z][A-Za-z]*(?=\.)|(?=[a-z]))/.exec(path);
  if (root === null) return undefined;
  let rest = root[0] === '' ? `.${path}` : path.slice(root[0].length);
  const steps: Step[] = [];
  while (rest !== '') {
    const found = STEPS.map(([form, make]) => [form.exec(rest), make] as const).find(([match]) => match !== null);
    const [match, make] = found ?? [];
    if (match === null || match === undefined || make === undefined) return undefined;
    steps.push(make(match, definitions));
    rest = rest.slice(match[0].length);
  }
  return steps;
}

const STEPS: readonly (readonly [form: RegExp, make: (match: RegExpExecArray, definitions: Definitions) => Step])[] = [
  [/^\.ofType\(([A-Za-z]+)\)/, ([, type]) => ({ kind: 'keep', test: ({ property }) => property?.type === type })],
  [
    /^\.where\(resolve\(\) is ([A-Za-z]+)\)/,
    ([, type = ''], definitions) => ({
      kind: 'keep',
      test: ({ value }, resource) => refersTo(value, type, resource, definitions),
    }),
  ],
  [
    /^\.where\(([a-z][A-Za-z]*)='([^'\\]*)'\)/,
    ([, name = '', text]) => ({ kind: 'keep', test: ({ value }) => isJsonObject(value) && value[name] === text }),
  ],
  [
    /^\.([a-z][A-Za-z]*)(?![A-Za-z(])/,
    ([, name = ''], definitions) => ({ kind: 'member', propertiesOf: resolveMember(name, definitions) }),
  ],
];

function walk(resource: JsonObject, steps: readonly Step[]): readonly FoundValue[] {
  const found = walkFrom({ value: resource, property: undefined }, steps, resource);
  return found.length === 0 ? NOTHING : found.map(toFoundValue);
}

/** What nearly every parameter finds in a resource. */
const NOTHING: readonly never[] = [];

function toFoundValue({ value, property }: Found): FoundValue {
  return { value, valueSet: property?.valueSet };
}

function walkFrom(from: Found, steps: readonly Step[], resource: JsonObject): readonly Found[] {
  let found: readonly Found[] = [from];
  for (const step of steps) {
    if (step.kind === 'keep') {
      found = found.filter((one) => step.test(one, resource));
    } else {
      const members: Found[] = [];
      for (const one of found) readMember(one, step.propertiesOf, members);
      found = members;
    }
    if (found.length === 0) return NOTHING;
  }
  return found;
}

function readMember({ value, property }: Found, propertiesOf: PropertiesOf, members: Found[]): void {
  if (!isJsonObject(value)) return;
  for (const own of propertiesOf(value, property)) {
    const member = value[own.name];
    if (member === undefined || member === null) continue;
    if (!Array.isArray(member)) members.push({ value: member, property: own });
    else for (const item of member) if (item !== null) members.push({ value: item, property: own });
  }
}

/** Looks a name up once for each place that it is read from: a place is a property, or a type of resource. */
function resolveMember(name: string, definitions: Definitions): PropertiesOf {
  const known = new Map<Property | string, readonly Property[]>();
  return (value, property) => {
    const place = property === undefined || property.type === 'Resource' ? String(value.resourceType) : property;
    const found = known.get(place);
    if (found !== undefined) return found;
    const structure =
      typeof place === 'string' ? definitions.structure(place) : (place.inner?.() ?? definitions.structure(place.type));
    // What has no such type is whatever somebody wrote: nothing of it is kept.
    if (structure === undefined) return NOTHING;
    const properties = (structure.choices.get(name) ?? [name]).flatMap((key) => structure.properties.get(key) ?? []);
    known.set(place, properties);
    return properties;
  };
}

/**
 * `resolve() is Patient`, without reading the target: its type is in the reference. A reference by NHS number alone is
 * to a Patient, whether it says so or not.
 */
function refersTo(value: JsonValue, type: string, resource: JsonObject, definitions: Definitions): boolean {
  if (!isJsonObject(value)) return false;
  const { reference, identifier } = value;
  if (typeof reference === 'string') {
    if (reference.startsWith('#')) {
      const contained = Array.isArray(resource.contained) ? resource.contained.filter(isJsonObject) : [];
      return contained.some((one) => one.id === reference.slice(1) && one.resourceType === type);
    }
    const parsed = parseReference(reference, definitions.resourceTypes);
    if (parsed !== undefined) return parsed.type === type;
  }
  if (value.type !== undefined) return value.type === type;
  return type === 'Patient' && isJsonObject(identifier) && identifier.system === NHS_NUMBER_SYSTEM;
}

function compileFully(expression: string): Extract {
  const compiled = compileFhirPath(expression, {
    dialect: 'fhir',
    variables: new Set(),
    functions: new Map(),
    place: { file: 'search-parameters.json', line: 1, column: 1 },
  });
  if (!compiled.ok) throw new GinnelError(compiled.issues);
  return (resource) =>
    compiled.value
      .evaluate(resource, {
        variables: new Map(),
        now: new Date(0),
        budget: { steps: LIMITS.mappingStepsMax },
      })
      .map((value) => ({ value: value as JsonValue }));
}
