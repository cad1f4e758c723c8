import { parseDateRange } from '../../fhir/search-dates.ts';
import { refuse } from '../../kernel/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { nearestName } from '../../kernel/nearest-name.ts';
import type { FhirRequest } from '../exchange.ts';

/** What a parameter of an operation holds: the types of FHIR that a query can spell, and those that only a body can. */
type Kind = 'boolean' | 'integer' | 'instant' | 'text' | 'Coding' | 'CodeableConcept' | 'resource';

interface Spelling {
  /** `value[x]` of a `Parameters.parameter` that may carry it. */
  readonly members: readonly string[];
  /** From a query; undefined where the text is none. */
  readonly read?: (text: string) => JsonValue | undefined;
  readonly isOne: (value: JsonValue) => boolean;
  readonly told: string;
}

const isText = (value: JsonValue): boolean => typeof value === 'string' && value !== '';

const KINDS: Readonly<Record<Kind, Spelling>> = {
  boolean: {
    members: ['valueBoolean'],
    read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
    isOne: (value) => typeof value === 'boolean',
    told: 'true or false',
  },
  integer: {
    members: ['valueInteger', 'valuePositiveInt', 'valueUnsignedInt'],
    read: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined),
    isOne: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1e9,
    told: 'a whole number, 0 or more',
  },
  instant: {
    members: ['valueInstant', 'valueDateTime'],
    // A plus in a URL that was not written as %2B arrives as a space.
    read: (text) => text.replace(' ', '+'),
    isOne: (value) => typeof value === 'string' && value.includes('T') && parseDateRange(value) !== undefined,
    told: 'an instant: 2026-03-01T09:00:00Z',
  },
  text: {
    members: ['valueString', 'valueCode', 'valueUri', 'valueUrl', 'valueCanonical', 'valueId'],
    read: (text) => text,
    isOne: isText,
    told: 'a text that is not empty',
  },
  Coding: { members: ['valueCoding'], isOne: isJsonObject, told: 'a Coding' },
  CodeableConcept: { members: ['valueCodeableConcept'], isOne: isJsonObject, told: 'a CodeableConcept' },
  resource: {
    members: ['resource'],
    isOne: (value) => isJsonObject(value) && typeof value.resourceType === 'string',
    told: 'a resource',
  },
};

/** The parameters an operation takes, by name. */
export type InputShape = Readonly<Record<string, Kind>>;

export type OperationInput<Shape extends InputShape> = {
  readonly [Name in keyof Shape]?: Shape[Name] extends 'boolean'
    ? boolean
    : Shape[Name] extends 'integer'
      ? number
      : Shape[Name] extends 'instant' | 'text'
        ? string
        : JsonObject;
};

/** Parameters about the answer, which no operation looks at itself. */
const OF_EVERY_REQUEST = new Set(['_format', '_pretty']);

/**
 * The parameters of an operation (https://hl7.org/fhir/R4/operations.html#request), from the query and, where `body`
 * says that there is one, from a Parameters resource. A body that is another resource is the parameter `resource`, where
 * the operation has one. Throws for a parameter that it does not have, one that stands twice, and one of another type.
 */
export function readOperationInput<const Shape extends InputShape>(
  request: Pick<FhirRequest, 'query' | 'readBody'>,
  shape: Shape,
  { body }: { readonly body: boolean },
): OperationInput<Shape> {
  const given = new Map<string, JsonValue>();
  const take = (name: string, value: JsonValue | undefined): void => {
    const kind = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (kind === undefined) throw unknownParameter(name, Object.keys(shape));
    if (given.has(name)) throw refuse('parameter-invalid', `${name} may be given once.`);
    if (value === undefined || !KINDS[kind].isOne(value)) {
      throw refuse('parameter-invalid', `${name} is ${KINDS[kind].told}.`);
    }
    given.set(name, value);
  };

  for (const [name, text] of request.query) {
    if (OF_EVERY_REQUEST.has(name)) continue;
    const kind = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (kind !== undefined && KINDS[kind].read === undefined) {
      throw refuse('parameter-invalid', `${name} is ${KINDS[kind].told}; send it by POST, in a Parameters resource.`);
    }
    take(name, kind === undefined ? text : KINDS[kind].read?.(text));
  }
  if (body) readParameters(request.readBody(), shape, take);
  return Object.fromEntries(given) as OperationInput<Shape>;
}

function readParameters(
  tree: unknown,
  shape: InputShape,
  take: (name: string, value: JsonValue | undefined) => void,
): void {
  if (!isJsonObject(tree as JsonValue)) throw refuse('body-empty', 'The body is a Parameters resource.');
  const resource = tree as JsonObject;
  if (resource.resourceType !== 'Parameters') {
    if (!Object.hasOwn(shape, 'resource')) throw refuse('parameter-invalid', 'The body is a Parameters resource.');
    take('resource', resource);
    return;
  }
  const list = resource.parameter ?? [];
  if (!Array.isArray(list)) throw refuse('parameter-invalid', 'Parameters.parameter is a list.');
  for (const one of list) {
    if (!isJsonObject(one) || typeof one.name !== 'string') {
      throw refuse('parameter-invalid', 'Each Parameters.parameter has a name.');
    }
    const { name } = one;
    const kind = Object.hasOwn(shape, name) ? shape[name] : undefined;
    const member = kind === undefined ? undefined : KINDS[kind].members.find((key) => one[key] !== undefined);
    take(name, member === undefined ? undefined : one[member]);
  }
}

function unknownParameter(name: string, known: readonly string[]): Error {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? '' : ` Is ${nearest} meant?`;
  return refuse('parameter-unknown', `This operation has no such parameter; it takes ${known.join(', ')}.${hint}`);
}
