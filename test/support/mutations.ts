import { isJsonObject, type JsonObject, type JsonValue } from '../../src/kernel/json.ts';

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Place {
  readonly parent: JsonObject | JsonValue[];
  readonly key: string | number;
  readonly value: JsonValue;
  /** Name of the member that the value stands in, of its list for an item. */
  readonly member: string;
}

type Mutation = (place: Place, random: () => number) => boolean;

/** What can be done to a value so that a resource mostly is no longer valid. False where it cannot be done to this one. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'leave a member out': ({ parent, key }) => {
    if (Array.isArray(parent)) return false;
    delete parent[key];
    return true;
  },
  'write another type of JSON': ({ parent, key, value }) => {
    const other = typeof value === 'string' ? 12 : typeof value === 'object' ? 'text' : 'text';
    return set(parent, key, other);
  },
  'write an object for a text': ({ parent, key, value }) => typeof value === 'string' && set(parent, key, { id: 'a' }),
  'write a code that does not exist': ({ parent, key, value }) =>
    typeof value === 'string' && /^[a-z-]{1,30}$/.test(value) && set(parent, key, 'no-such-code'),
  'write two words for a code': ({ parent, key, value }) =>
    typeof value === 'string' && /^[a-z-]{1,30}$/.test(value) && set(parent, key, ' two  words '),
  'add a member that R4 does not have': ({ parent, value }) => {
    if (isJsonObject(value)) value.noSuchElement = 'x';
    else if (!Array.isArray(parent)) parent.noSuchElement = 'x';
    else return false;
    return true;
  },
  'write a date that does not exist': ({ parent, key, value }) =>
    isDate(value) && set(parent, key, `${value.slice(0, 4)}-02-30${value.slice(10)}`),
  'write a date in another form': ({ parent, key, value }) => isDate(value) && set(parent, key, '12/01/2026'),
  'leave out the time zone': ({ parent, key, value }) => isDate(value) && set(parent, key, '2026-01-12T09:30:00'),
  'write a list for one value': ({ parent, key, value }) => !Array.isArray(parent) && set(parent, key, [value, value]),
  'write one value for a list': ({ parent, key, value }) =>
    Array.isArray(value) && value[0] !== undefined && set(parent, key, value[0]),
  'refer to another type': ({ parent, member, value }) =>
    member === 'reference' &&
    typeof value === 'string' &&
    !Array.isArray(parent) &&
    set(parent, 'reference', 'Substance/1'),
  'refer to what is not contained': ({ parent, member, value }) =>
    member === 'reference' && typeof value === 'string' && !Array.isArray(parent) && set(parent, member, '#nowhere'),
  'write null': ({ parent, key }) => set(parent, key, null),
  'write an empty text': ({ parent, key, value }) => typeof value === 'string' && set(parent, key, ' '),
  'write an empty list': ({ parent, key, value }) => Array.isArray(value) && set(parent, key, []),
  'write an empty object': ({ parent, key, value }) => isJsonObject(value) && set(parent, key, {}),
  'give a second type of a choice': ({ parent, key }) => {
    const found =
      typeof key === 'string' ? /^([a-z]+)(DateTime|String|Period|CodeableConcept|Boolean)$/.exec(key) : null;
    if (found === null || Array.isArray(parent)) return false;
    return set(
      parent,
      `${found[1]}${found[2] === 'String' ? 'Boolean' : 'String'}`,
      found[2] === 'String' ? true : 'x',
    );
  },
  'put an extension beside': ({ parent, key }) =>
    typeof key === 'string' &&
    !Array.isArray(parent) &&
    key !== 'resourceType' &&
    set(parent, `_${key}`, { extension: [{ url: 'urn:x', valueString: 'x' }] }),
  'write a control character': ({ parent, key, value }) =>
    typeof value === 'string' && set(parent, key, `${value}\u0001`),
  'write a script': ({ parent, key, member, value }) =>
    member === 'div' && typeof value === 'string' && set(parent, key, value.replace('>', '><script>x</script>')),
  'write a number too large': ({ parent, key, value }) => typeof value === 'number' && set(parent, key, 12_345_678_901),
  'write a fraction': ({ parent, key, value }) => typeof value === 'number' && set(parent, key, value + 0.5),
  'write half an extension': ({ parent, value }) => {
    const target = isJsonObject(value) ? value : Array.isArray(parent) ? undefined : parent;
    if (target === undefined) return false;
    target.extension = [{ url: 'urn:x' }];
    return true;
  },
  'end a period before it starts': ({ parent, member }) =>
    (member === 'start' || member === 'end') && !Array.isArray(parent) && set(set2(parent), 'end', '1900-01-01'),
  'write another type of resource': ({ parent, member }) =>
    member === 'resourceType' && !Array.isArray(parent) && set(parent, 'resourceType', 'Basic'),
  'write a type that R4 does not have': ({ parent, member }) =>
    member === 'resourceType' && !Array.isArray(parent) && set(parent, 'resourceType', 'Pateint'),
  'write an id with a space': ({ parent, member, value }) =>
    member === 'id' && typeof value === 'string' && !Array.isArray(parent) && set(parent, 'id', 'a b'),
  'add a modifier': ({ value }) => {
    if (!isJsonObject(value)) return false;
    value.modifierExtension = [{ url: 'urn:x', valueBoolean: true }];
    return true;
  },
  'leave out the systems of codings': ({ member, value }) => {
    if (member !== 'coding' || !isJsonObject(value)) return false;
    delete value.system;
    return true;
  },
};

function set2(parent: JsonObject): JsonObject {
  parent.start = '2026-01-01';
  return parent;
}

function set(parent: JsonObject | JsonValue[], key: string | number, value: JsonValue): boolean {
  (parent as JsonObject)[key as string] = value;
  return true;
}

function isDate(value: JsonValue): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value);
}

/** A copy with one thing changed, and what it was; undefined where this mutation found nothing to change. */
export function mutate(resource: JsonObject, what: string, random: () => number): JsonObject | undefined {
  const copy = structuredClone(resource);
  const places: Place[] = [];
  const collect = (parent: JsonObject | JsonValue[], member: string): void => {
    for (const [key, value] of Object.entries(parent)) {
      const name = Array.isArray(parent) ? member : key;
      places.push({ parent, key: Array.isArray(parent) ? Number(key) : key, value, member: name });
      if (typeof value === 'object' && value !== null) collect(value, name);
    }
  };
  collect(copy, '');
  const mutation = MUTATIONS[what];
  for (let attempt = 0; attempt < 2 * places.length && mutation !== undefined; attempt += 1) {
    const place = places[Math.floor(random() * places.length)];
    if (place !== undefined && mutation(place, random)) return copy;
  }
  return undefined;
}
