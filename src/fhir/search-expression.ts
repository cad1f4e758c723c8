import { compileFhirPath } from '../fhirpath/compile-fhirpath.ts';
import { GinnelError } from '../kernel/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { NHS_NUMBER_SYSTEM } from './canonical.ts';
import type { Definitions } from './definitions.ts';
import { parseReference } from './references.ts';
import type { FoundValue } from './search-values.ts';
import type { Property, Structure } from './structure.ts';

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

type Path = (from: Found, resource: JsonObject) => Found[];

/** A simple path from a place; after `%resource` from the resource. Composites of R4 have no other. */
function compilePath(path: string, definitions: Definitions): Path {
  const fromResource = path.startsWith('%resource.');
  const steps = /^[A-Z][A-Za-z]*$/.test(path) ? [] : readSteps(path.replace(/^%resource\./, ''), definitions);
  if (steps === undefined) throw new Error(`a composite search parameter has an expression that is no path: ${path}`);
  return (from, resource) =>
    walkFrom(fromResource ? { value: resource, property: undefined } : from, steps, resource, definitions);
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
  return steps === undefined ? compileFully(part) : (resource) => walk(resource, steps, definitions);
}

interface Found {
  readonly value: JsonValue;
  /** Undefined for the resource itself. */
  readonly property: Property | undefined;
}

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'keep'; readonly test: (found: Found, resource: JsonObject) => boolean };

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
  [/^\.([a-z][A-Za-z]*)(?![A-Za-z(])/, ([, name = '']) => ({ kind: 'member', name })],
];

function walk(resource: JsonObject, steps: readonly Step[], definitions: Definitions): FoundValue[] {
  return walkFrom({ value: resource, property: undefined }, steps, resource, definitions).map(toFoundValue);
}

function toFoundValue({ value, property }: Found): FoundValue {
  return { value, type: property?.type, valueSet: property?.valueSet };
}

function walkFrom(from: Found, steps: readonly Step[], resource: JsonObject, definitions: Definitions): Found[] {
  let found: Found[] = [from];
  for (const step of steps) {
    found =
      step.kind === 'keep'
        ? found.filter((one) => step.test(one, resource))
        : found.flatMap((one) => readMember(one, step.name, definitions));
  }
  return found;
}

function readMember({ value, property }: Found, name: string, definitions: Definitions): Found[] {
  if (!isJsonObject(value)) return [];
  const structure = structureOf(value, property, definitions);
  return (structure?.choices.get(name) ?? [name]).flatMap((key) => {
    const own = structure?.properties.get(key);
    const member = Object.hasOwn(value, key) ? value[key] : undefined;
    if (own === undefined || member === undefined || member === null) return [];
    if (!Array.isArray(member)) return [{ value: member, property: own }];
    return member.filter((item) => item !== null).map((item) => ({ value: item, property: own }));
  });
}

function structureOf(
  value: JsonObject,
  property: Property | undefined,
  definitions: Definitions,
): Structure | undefined {
  if (property === undefined || property.type === 'Resource') return definitions.structure(String(value.resourceType));
  return property.inner?.() ?? definitions.structure(property.type);
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
