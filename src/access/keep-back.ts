import { copySpellings, parseExact, printExact } from '../kernel/exact-json.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { keyOf } from './access.ts';
import { plainOf, relative, type Whereabouts } from './whereabouts.ts';

const WITHHELD = 'Withheld';
/** Says that a part was taken away, so that nobody takes it for empty; it is never stored. */
export const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

/** Elements of people that PDS takes away from a restricted patient, and what else says the same. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  Patient: ['address', 'telecom', 'generalPractitioner', 'managingOrganization', 'contact', 'extension'],
  RelatedPerson: ['address', 'telecom', 'extension'],
  Person: ['address', 'telecom', 'managingOrganization', 'extension'],
  Location: ['address', 'telecom', 'position', 'name', 'description', 'alias'],
};
/** A narrative may say anything, and an attachment too; the source of a record may be the practice. */
const ANYTHING = new Set(['text', 'data']);

/**
 * A resource of a restricted patient without address, telecom and practice, in elements, references, contained
 * resources, narrative and any text. It is marked as a part (SUBSETTED).
 */
export function keepBackWhereabouts(content: string, whereabouts: Whereabouts): string {
  const resource = parseExact(content) as JsonObject;
  return printExact(markPart(redactResource(resource, whereabouts)));
}

function redactResource(resource: JsonObject, whereabouts: Whereabouts): JsonObject {
  const places = PLACES[String(resource.resourceType)] ?? [];
  const kept: JsonObject = {};
  for (const [name, value] of Object.entries(resource)) {
    const plain = name.replace(/^_/, '');
    if (places.includes(plain) || plain === 'text') continue;
    const left = name === 'meta' ? redactMeta(value) : redactValue(value, name, whereabouts);
    if (left !== undefined) kept[name] = left;
  }
  return copySpellings(resource, kept);
}

/** `source` names the partner that brought it. */
function redactMeta(meta: JsonValue): JsonValue {
  if (!isJsonObject(meta)) return meta;
  const { source: _source, ...rest } = meta;
  return rest;
}

function redactValue(value: JsonValue, name: string, whereabouts: Whereabouts): JsonValue | undefined {
  if (typeof value === 'string') return isTelling(value, name, whereabouts) ? WITHHELD : value;
  if (Array.isArray(value)) {
    const items = value.flatMap((item) => redactValue(item, name, whereabouts) ?? []);
    return items.length === 0 && value.length > 0 ? undefined : copySpellings(value, items);
  }
  if (!isJsonObject(value)) return value;
  if (typeof value.resourceType === 'string') return redactResource(value, whereabouts);
  if (isHiddenReference(value, whereabouts)) return { display: WITHHELD };
  const kept: JsonObject = {};
  for (const [member, inner] of Object.entries(value)) {
    if (ANYTHING.has(member) && (member === 'data' ? 'contentType' in value : isJsonObject(inner) && 'div' in inner))
      continue;
    const left = redactValue(inner, member, whereabouts);
    if (left !== undefined) kept[member] = left;
  }
  return copySpellings(value, kept);
}

/** To the practice or to who works there, or to a place, which may be home. */
function isHiddenReference(value: JsonObject, { references, identifiers }: Whereabouts): boolean {
  const { reference, identifier } = value;
  if (typeof reference === 'string') {
    const target = relative(reference);
    if (references.has(target) || target.startsWith('Location/')) return true;
  }
  if (!isJsonObject(identifier)) return false;
  const { system, value: text } = identifier;
  return typeof system === 'string' && typeof text === 'string' && identifiers.has(keyOf({ system, value: text }));
}

/** Ids and codes are not texts that somebody wrote. */
const NEVER_TEXT = new Set(['id', 'reference', 'resourceType', 'versionId', 'lastUpdated', 'fullUrl']);

function isTelling(text: string, name: string, { words }: Whereabouts): boolean {
  if (NEVER_TEXT.has(name) || text.length < 5) return false;
  const plain = plainOf(text);
  return words.some((word) => plain.includes(word));
}

/** What says which resource it is; `source` names who brought it and goes. */
const ALWAYS = new Set(['resourceType', 'id', 'meta', 'implicitRules', 'language']);

/** The minimum necessary: the named elements alone, marked as a part (https://hl7.org/fhir/R4/resource.html#tag-updates). */
export function keepElements(content: string, elements: ReadonlySet<string>): string {
  const resource = parseExact(content) as JsonObject;
  const kept: JsonObject = {};
  for (const [name, value] of Object.entries(resource)) {
    const plain = name.replace(/^_/, '');
    if (ALWAYS.has(plain) || elements.has(plain)) kept[name] = value;
  }
  const meta = redactMeta(isJsonObject(resource.meta) ? resource.meta : {});
  return printExact(markPart({ ...copySpellings(resource, kept), meta }));
}

function markPart(resource: JsonObject): JsonObject {
  const meta = isJsonObject(resource.meta) ? resource.meta : {};
  const tags = Array.isArray(meta.tag) ? meta.tag : [];
  if (tags.some((tag) => isJsonObject(tag) && tag.code === SUBSETTED.code)) return resource;
  return { ...resource, meta: { ...meta, tag: [...tags, SUBSETTED] } };
}

/** The start of a reference in a text, in two: what the second begins with is rare, and found in a fourth of the time. */
const REFERENCE = ['"re', 'ference":"'] as const;
const SLASH = 0x2f;

/** Whether all references in a resource's text lead to types that are fine: enough to know that none needs a look. */
export function refersOnlyTo(content: string, isFine: (type: string) => boolean): boolean {
  const [before, rest] = REFERENCE;
  for (let at = content.indexOf(rest); at !== -1; at = content.indexOf(rest, at)) {
    const isReference = content.startsWith(before, at - before.length);
    at += rest.length;
    if (isReference && !isFine(typeReferredTo(content, at))) return false;
  }
  return true;
}

/** The type that the reference leads to whose text begins there. */
function typeReferredTo(content: string, at: number): string {
  const end = content.indexOf('"', at);
  const slash = lettersEnd(content, at);
  if (slash > at && content.charCodeAt(slash) === SLASH) {
    const next = content.indexOf('/', slash + 1);
    // `Type/id`, with one slash and letters before it, needs no closer look.
    if (next === -1 || next > end) return content.slice(at, slash);
  }
  return relative(content.slice(at, end)).split('/', 1)[0] ?? '';
}

function lettersEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const letter = text.charCodeAt(at) | 0x20;
    if (letter < 0x61 || letter > 0x7a) break;
  }
  return at;
}

/** The resource's text without the display of each reference that `isSeen` does not know. */
export function keepBackDisplays(content: string, isSeen: (reference: string) => boolean): string {
  let changed = false;
  const visit = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return copySpellings(value, value.map(visit));
    if (!isJsonObject(value)) return value;
    const hide =
      typeof value.reference === 'string' && !value.reference.startsWith('#') && !isSeen(relative(value.reference));
    const kept: JsonObject = {};
    for (const [name, inner] of Object.entries(value)) {
      if (hide && (name === 'display' || name === '_display')) changed = true;
      else kept[name] = visit(inner);
    }
    return copySpellings(value, kept);
  };
  const kept = visit(parseExact(content));
  return changed ? printExact(kept) : content;
}
