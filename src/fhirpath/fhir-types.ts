import { ELEMENTS, OPEN_TYPES, RESOURCE_TYPES, USUAL_TYPES } from './fhir-elements.ts';

/** The types of FHIR R4 and their elements (https://hl7.org/fhir/R4/datatypes.html), read from the table beside. */

/** Types an element may have; several for a choice such as `value[x]`. */
interface ElementTypes {
  readonly types: readonly string[];
  readonly isChoice: boolean;
}

/** One way a choice is spelt in JSON: `valueQuantity`. */
export interface ChoiceKey {
  readonly key: string;
  /** Where its id and extensions are, when it is a primitive. */
  readonly beside: string;
  readonly type: string;
}

interface TypeEntry {
  readonly base: string;
  readonly elements: ReadonlyMap<string, ElementTypes>;
}

const PRIMITIVE_BASES: ReadonlyMap<string, string> = new Map([
  ['code', 'string'],
  ['id', 'string'],
  ['markdown', 'string'],
  ['canonical', 'uri'],
  ['oid', 'uri'],
  ['url', 'uri'],
  ['uuid', 'uri'],
  ['positiveInt', 'integer'],
  ['unsignedInt', 'integer'],
]);
const OTHER_PRIMITIVES = 'base64Binary boolean date dateTime decimal instant integer string time uri xhtml'.split(' ');

const PRIMITIVES: ReadonlySet<string> = new Set([...OTHER_PRIMITIVES, ...PRIMITIVE_BASES.keys()]);
const RESOURCES: ReadonlySet<string> = new Set(words(RESOURCE_TYPES));
const TYPES: ReadonlyMap<string, TypeEntry> = readTable();
const CHOICES: ReadonlyMap<string, readonly ChoiceKey[]> = gatherChoices();
const BY_ELEMENT_NAME: ReadonlyMap<string, ReadonlySet<string>> = gatherByElementName();

export function isPrimitive(type: string): boolean {
  return PRIMITIVES.has(type);
}

/** One resource of each type that has nothing but its type. */
const STAND_INS: ReadonlyMap<string, object> = new Map(
  [...RESOURCES].map((resourceType) => [resourceType, Object.freeze({ resourceType })]),
);

/** A resource of that type and nothing else; undefined for a name that is no resource type. */
export function standIn(resourceType: string): object | undefined {
  return STAND_INS.get(resourceType);
}

/** `Resource` and `DomainResource` included. */
export function isResourceType(name: string): boolean {
  return RESOURCES.has(name);
}

export function resourceTypes(): Iterable<string> {
  return RESOURCES;
}

export function isFhirType(name: string): boolean {
  return PRIMITIVES.has(name) || (TYPES.has(name) && !name.includes('.'));
}

/** The types that elements of a name have anywhere in R4; undefined for a name that no element has. */
export function typesByElementName(name: string): ReadonlySet<string> | undefined {
  return BY_ELEMENT_NAME.get(name);
}

export function elementNames(): Iterable<string> {
  return BY_ELEMENT_NAME.keys();
}

/** The names of a type's elements, inherited ones included. */
export function elementNamesOf(type: string): string[] {
  const names: string[] = [];
  for (let at: string | undefined = type; at !== undefined && at !== ''; at = TYPES.get(at)?.base) {
    for (const name of TYPES.get(at)?.elements.keys() ?? []) names.push(name.replace('[x]', ''));
  }
  return names;
}

/** The types of an element; undefined where the type has no such element, or is not known. */
export function elementTypes(type: string, name: string): ElementTypes | undefined {
  for (let at: string | undefined = type; at !== undefined && at !== ''; at = TYPES.get(at)?.base) {
    const elements = TYPES.get(at)?.elements;
    const found = elements?.get(name) ?? elements?.get(`${name}[x]`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every spelling of a choice element of that name in R4; undefined where no type has such a choice. */
export function choiceKeys(name: string): readonly ChoiceKey[] | undefined {
  return CHOICES.get(name);
}

/** True for a type and everything it is built on: `Age` is a `Quantity`, `code` a `string`, `Patient` a `Resource`. */
export function isKindOf(type: string, wanted: string): boolean {
  for (let at: string | undefined = type; at !== undefined && at !== ''; at = baseOf(at)) {
    if (at === wanted) return true;
  }
  return false;
}

function baseOf(type: string): string | undefined {
  if (PRIMITIVES.has(type)) return PRIMITIVE_BASES.get(type) ?? 'Element';
  return TYPES.get(type)?.base;
}

export function choiceKey(name: string, type: string): string {
  return name + type.charAt(0).toUpperCase() + type.slice(1);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Lines with a head, joined with those that go on. */
function rows(text: string): { head: string; words: string[] }[] {
  const found: { head: string; words: string[] }[] = [];
  for (const line of text.split('\n')) {
    const cut = line.startsWith(' ') ? -1 : line.indexOf(':');
    if (cut === -1) found.at(-1)?.words.push(...words(line));
    else found.push({ head: line.slice(0, cut), words: words(line.slice(cut + 1)) });
  }
  return found;
}

function readTable(): Map<string, TypeEntry> {
  const open = words(OPEN_TYPES);
  const usual = new Map<string, string>();
  for (const row of rows(USUAL_TYPES)) for (const name of row.words) usual.set(name, row.head);
  const types = new Map<string, TypeEntry>();
  for (const row of rows(ELEMENTS)) {
    const [name = '', base = 'BackboneElement'] = row.head.split('<');
    const elements = new Map<string, ElementTypes>();
    for (const word of row.words) {
      const [element = '', type = usual.get(element) ?? ''] = word.split('=');
      elements.set(element, readTypes(name, element, type, open));
    }
    types.set(name, { base, elements });
  }
  return types;
}

function readTypes(parent: string, element: string, type: string, open: readonly string[]): ElementTypes {
  const isChoice = element.endsWith('[x]');
  if (type === '*') return { types: open, isChoice };
  if (type.startsWith('#')) return { types: [type.slice(1)], isChoice };
  if (type === 'BackboneElement' || type === 'Element') return { types: [`${parent}.${element}`], isChoice };
  return { types: type.split('|'), isChoice };
}

function gatherChoices(): Map<string, ChoiceKey[]> {
  const choices = new Map<string, Map<string, string>>();
  for (const type of TYPES.values()) {
    for (const [element, { types, isChoice }] of type.elements) {
      if (!isChoice) continue;
      const name = element.slice(0, -'[x]'.length);
      const keys = choices.get(name) ?? new Map<string, string>();
      choices.set(name, keys);
      for (const one of types) keys.set(choiceKey(name, one), one);
    }
  }
  return new Map(
    [...choices].map(([name, keys]) => [name, [...keys].map(([key, type]) => ({ key, beside: `_${key}`, type }))]),
  );
}

function gatherByElementName(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const type of TYPES.values()) {
    for (const [element, { types }] of type.elements) {
      const name = element.replace('[x]', '');
      const known = found.get(name) ?? new Set<string>();
      for (const one of types) known.add(one);
      found.set(name, known);
    }
  }
  return found;
}
