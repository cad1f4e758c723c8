import type { Coding } from '@medplum/fhirtypes';
import type { Definitions } from '../../fhir/definitions.ts';
import type { Structure } from '../../fhir/structure.ts';
import { refuse } from '../../kernel/errors.ts';
import { copySpellings, parseExact, printExact } from '../../kernel/exact-json.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';

/** How much of each resource an answer holds. */
export type View =
  | { readonly kind: 'all' }
  | { readonly kind: 'count' }
  | { readonly kind: 'summary' }
  | { readonly kind: 'text' }
  | { readonly kind: 'data' }
  | { readonly kind: 'elements'; readonly names: ReadonlySet<string> };

const SUBSETTED: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
};
/** What says which resource it is, and what must not be passed over by whoever reads it. */
const ALWAYS = new Set(['resourceType', 'id', 'meta', 'implicitRules', 'modifierExtension']);

/** https://hl7.org/fhir/R4/search.html#summary and #elements. Throws for both at once, and for an element that is none. */
export function readView(
  type: string,
  summary: string | undefined,
  elements: string | undefined,
  definitions: Definitions,
): View {
  if (summary !== undefined && elements !== undefined) {
    throw refuse('parameter-invalid', 'Ask for _summary or for _elements, not for both.');
  }
  if (elements !== undefined) return { kind: 'elements', names: readElements(type, elements, definitions) };
  switch (summary) {
    case undefined:
    case 'false':
      return { kind: 'all' };
    case 'true':
      return { kind: 'summary' };
    case 'text':
      return { kind: 'text' };
    case 'data':
      return { kind: 'data' };
    case 'count':
      return { kind: 'count' };
    default:
      throw refuse('parameter-invalid', '_summary is true, text, data, count or false.');
  }
}

/** A choice is named without its type: `value` for `valueQuantity`. */
function readElements(type: string, text: string, definitions: Definitions): Set<string> {
  const structure = definitions.structure(type);
  const names = new Set<string>();
  for (const name of text.split(',').map((one) => one.trim())) {
    const choices = structure?.choices.get(name);
    if (choices === undefined && structure?.properties.has(name) !== true) {
      throw refuse('parameter-invalid', `_elements names the elements of ${type} by commas, such as id,status.`);
    }
    for (const one of choices ?? [name]) names.add(one);
  }
  return names;
}

/** The resource's JSON text with what the view leaves out left out, and marked as a part (SUBSETTED). */
export function applyView(content: string, type: string, view: View, definitions: Definitions): string {
  const structure = definitions.structure(type);
  if (view.kind === 'all' || view.kind === 'count' || structure === undefined) return content;
  const resource = parseExact(content) as JsonObject;
  const kept =
    view.kind === 'summary'
      ? summarise(resource, structure, definitions)
      : keepMembers(resource, (name) => isKept(name, view, structure));
  const meta = isJsonObject(resource.meta) ? resource.meta : {};
  const tags = Array.isArray(meta.tag) ? meta.tag : [];
  return printExact({ ...kept, meta: { ...meta, tag: [...tags, SUBSETTED] } });
}

function isKept(
  name: string,
  view: Exclude<View, { kind: 'all' | 'count' | 'summary' }>,
  structure: Structure,
): boolean {
  if (ALWAYS.has(name)) return true;
  if (view.kind === 'data') return name !== 'text';
  // What the type requires stays, so that a part of a valid resource is a valid resource.
  if (structure.properties.get(name)?.required === true) return true;
  return view.kind === 'elements' ? view.names.has(name) : name === 'text';
}

/** Elements that the definitions mark, at every depth: an activity's outline is a part of the summary, its detail is not. */
function summarise(value: JsonObject, structure: Structure, definitions: Definitions): JsonObject {
  const inside = (child: JsonValue, name: string): JsonValue => {
    if (Array.isArray(child)) return child.map((one) => inside(one, name));
    const property = structure.properties.get(name);
    if (!isJsonObject(child) || property === undefined || ALWAYS.has(name)) return child;
    const inner = property.inner?.() ?? definitions.structure(property.type);
    return inner === undefined ? child : summarise(child, inner, definitions);
  };
  const kept = keepMembers(value, (name) => {
    const property = structure.properties.get(name);
    return ALWAYS.has(name) || property?.summary === true || property?.required === true;
  });
  const summary = Object.entries(kept).map(([name, child]): [string, JsonValue] => [name, inside(child, name)]);
  return copySpellings(value, Object.fromEntries(summary));
}

/** `_birthDate`, which holds the extensions of `birthDate`, goes with it. */
function keepMembers(value: JsonObject, keep: (name: string) => boolean): JsonObject {
  const kept = Object.entries(value).filter(([name]) => keep(name.replace(/^_/, '')));
  return copySpellings(value, Object.fromEntries(kept));
}
