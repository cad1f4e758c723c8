import type { Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../../src/fhir/definitions.ts';
import type { Property, Structure } from '../../src/fhir/structure.ts';
import type { JsonObject, JsonValue } from '../../src/kernel/json.ts';

/**
 * A resource of a type, made of its definition: about half of what may stand in it, with values that have the form of
 * their type. It need not be valid; the same seed makes the same one.
 */
export function makeResource(type: string, id: string, seed: number, definitions: Definitions): Resource {
  const random = createRandom(seed);
  const structure = definitions.structure(type);
  if (structure === undefined) throw new Error(`no type ${type}`);
  return { ...makeObject(structure, 0, random, definitions), resourceType: type, id } as unknown as Resource;
}

/** Chances and choices. */
interface Random {
  chance(likelihood: number): boolean;
  pick<T>(list: readonly T[]): T;
  int(below: number): number;
}

/** mulberry32, which is enough for tests. */
function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    chance: (likelihood) => next() < likelihood,
    pick: (list) => list[Math.floor(next() * list.length)] as never,
    int: (below) => Math.floor(next() * below),
  };
}

const DEPTH_MAX = 4;
const PASSED_OVER = new Set([
  'id',
  'extension',
  'modifierExtension',
  'contained',
  'implicitRules',
  'text',
  'resourceType',
]);

function makeObject(structure: Structure, depth: number, random: Random, definitions: Definitions): JsonObject {
  const made: JsonObject = {};
  const chosen = new Map<string, string>();
  for (const [choice, names] of structure.choices) chosen.set(choice, random.pick(names));
  for (const property of structure.properties.values()) {
    const { name, choice, type, list } = property;
    // The narrative's `text` is an object; the words of a HumanName are not.
    if ((PASSED_OVER.has(name) && !(name === 'text' && type === 'string')) || name.startsWith('_')) continue;
    if (choice !== undefined && chosen.get(choice) !== name) continue;
    if (depth >= DEPTH_MAX || !random.chance(depth === 0 ? 0.6 : 0.55)) continue;
    const count = list ? 1 + random.int(2) : 1;
    const values = Array.from({ length: count }, () => makeValue(property, depth + 1, random, definitions)).filter(
      (value) => value !== undefined,
    );
    if (values.length > 0) made[name] = list ? values : (values[0] ?? null);
  }
  return made;
}

const WORDS = ['Kershaw', 'O’Neill', 'a, b', 'x|y', '5$', 'back\\slash', 'ÉLAN vital', '東京', 'Σίσυφος', 'frame', 'ß'];
const SYSTEMS = ['http://snomed.info/sct', 'urn:oid:2.16.840.1', 'https://codes.example/a|b'];
const URLS = ['http://x.example/a/b', 'https://fhir.example/Thing/1', 'urn:uuid:6f3c2a5e-1111-4222-8333-444455556666'];
const DATES = ['1941', '1968-02', '2026-03-29', '2026-10-25'];
const TIMES = ['2026-03-29T01:30:00Z', '2026-07-01T09:00:00.125+01:00', '1999-12-31T23:59:59Z'];
const NUMBERS = [0, 1, 5.4, 100, -3.25, 0.001, 1e-7, 123456.789];

function makeValue(property: Property, depth: number, random: Random, definitions: Definitions): JsonValue | undefined {
  if (property.inner !== undefined) return makeObject(property.inner(), depth, random, definitions);
  switch (property.type) {
    case 'Resource':
    case 'Extension':
    case 'Narrative':
    case 'Meta':
      return property.type === 'Meta' ? makeMeta(random) : undefined;
    case 'Reference':
      return makeReference(property, random, definitions);
    case 'code':
      return makeCode(property.valueSet, random, definitions);
    case 'boolean':
      return random.chance(0.5);
    case 'integer':
    case 'positiveInt':
    case 'unsignedInt':
      return random.int(1_000);
    case 'decimal':
      return random.pick(NUMBERS);
    case 'date':
      return random.pick(DATES);
    case 'dateTime':
      return random.pick([...DATES, ...TIMES]);
    case 'instant':
      return random.pick(TIMES);
    case 'time':
      return '09:30:00';
    case 'uri':
    case 'url':
    case 'oid':
    case 'uuid':
      return random.pick(URLS);
    case 'canonical':
      return `${random.pick(URLS)}${random.chance(0.5) ? '|1.0.0' : ''}`;
    case 'string':
    case 'markdown':
      return random.pick(WORDS);
    case 'id':
      return `i${random.int(9)}`;
    case 'base64Binary':
      return 'QUFB';
    case 'Coding':
      return makeCoding(random);
    case 'Identifier':
      return {
        system: random.pick(SYSTEMS),
        value: random.pick(WORDS),
        ...(random.chance(0.5) ? { type: { coding: [makeCoding(random)], text: random.pick(WORDS) } } : {}),
      };
    default: {
      const structure = definitions.structure(property.type);
      return structure === undefined ? undefined : makeObject(structure, depth, random, definitions);
    }
  }
}

function makeCoding(random: Random): JsonObject {
  return {
    ...(random.chance(0.8) ? { system: random.pick(SYSTEMS) } : {}),
    code: random.pick(WORDS),
    ...(random.chance(0.5) ? { display: random.pick(WORDS) } : {}),
  };
}

function makeCode(valueSet: string | undefined, random: Random, definitions: Definitions): string {
  const systems = valueSet === undefined ? undefined : definitions.valueSet(valueSet);
  const codes = [...(systems?.values() ?? [])].flatMap((set) => [...set]);
  return codes.length === 0 ? 'some-code' : random.pick(codes);
}

function makeReference({ targets }: Property, random: Random, definitions: Definitions): JsonObject {
  const type = random.pick([...(targets ?? definitions.resourceTypes)]);
  const target = `t${random.int(9)}`;
  return {
    ...(random.chance(0.8)
      ? { reference: random.pick([`${type}/${target}`, `https://other.example/${type}/${target}`]) }
      : {}),
    ...(random.chance(0.4) ? { identifier: { system: random.pick(SYSTEMS), value: random.pick(WORDS) } } : {}),
    type,
  };
}

function makeMeta(random: Random): JsonObject {
  return {
    profile: [`${random.pick(URLS)}${random.chance(0.5) ? '|2.1' : ''}`],
    source: random.pick(URLS),
    tag: [makeCoding(random)],
    security: [makeCoding(random)],
  };
}
