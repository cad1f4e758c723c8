import type { Bundle, Resource } from '@medplum/fhirtypes';
import { elementTypes } from '../fhirpath/fhir-types.ts';
import { isJsonObject } from '../kernel/json.ts';
import { readRouted } from './cases.ts';

/** The formats a mapping out of FHIR can be begun in: of HL7 v2 and FHIR the form of the message is not for us to guess. */
export const OUT_FORMATS = ['json', 'xml', 'csv'] as const;
export type OutFormat = (typeof OUT_FORMATS)[number];

/** A name in the payload, and the expression that fills it. */
type Field = readonly [name: string, expression: string];

/** Elements that say nothing of what a resource is about, or need more than a name. */
const LEFT_OUT: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta', 'text', 'contained', 'implicitRules']);

/** Where the person stands, read from the Patient at `path`. */
const personFields = (path: string): Field[] => [
  ['nhsNumber', `${path}identifier.where(system = 'https://fhir.nhs.uk/Id/nhs-number').value.first()`],
  ['surname', `${path}name.first().family`],
  ['givenName', `${path}name.first().given.first()`],
  ['dateOfBirth', `${path}birthDate`],
  ['postcode', `${path}address.first().postalCode`],
];

/**
 * A first `mapping.yaml` out of FHIR for a sample, a resource or a Bundle with the routed resource first: who it is
 * about, and those of its elements that are one value or a concept. It holds no value of the sample.
 */
export function proposeOutMapping(name: string, format: OutFormat, tree: unknown): string {
  const { focus, resources } = readRouted(tree);
  const person = focus.resourceType === 'Patient' ? '' : personPath(focus, resources);
  const about = person === undefined ? [] : personFields(person === '' ? '' : '%patient.');
  const own = focus.resourceType === 'Patient' ? [] : ownFields(focus);
  const names = [...own, ...about].map(([field]) => field);
  const lines = [
    `# ${name}: begun from a sample by "ginnel new mapping". Every guess in it wants a look.`,
    'mapping: 1',
    'direction: out',
    `input: { type: ${focus.resourceType} }`,
    ...outputOf(format, names),
  ];
  if (person !== '' && person !== undefined) {
    lines.push(
      'refuse:',
      '  # What resolve() does not find is still known by its type, but has no id.',
      `  - when: "{{ ${person}.resolve().id.exists().not() }}"`,
      '    text: The person this is about is not known here, so the receiver could not tell who it is.',
      'assign:',
      `  - patient: "{{ ${person}.resolve().ofType(Patient) }}"`,
    );
  }
  return `${[...lines, 'body:', ...bodyOf(format, focus.resourceType, about, own)].join('\n')}\n`;
}

/** The columns of CSV are named, so that one is there too where a row has nothing for it. */
function outputOf(format: OutFormat, names: readonly string[]): string[] {
  return format === 'csv'
    ? ['output:', '  format: csv', `  columns: [${names.join(', ')}]`]
    : [`output: { format: ${format} }`];
}

function bodyOf(format: OutFormat, type: string, about: readonly Field[], own: readonly Field[]): string[] {
  const print = (fields: readonly Field[], indent: string) =>
    fields.map(([name, expression]) => `${indent}${name}: "{{ ${expression} }}"`);
  if (format === 'csv') {
    const [first = '', ...rest] = print([...own, ...about], '      ');
    return ['  rows:', `    - ${first.trim()}`, ...rest];
  }
  const indent = format === 'xml' ? '    ' : '  ';
  const person = about.length === 0 ? [] : [`${indent}person:`, ...print(about, `${indent}  `)];
  return [...(format === 'xml' ? [`  ${type}:`] : []), ...print(own, indent), ...person];
}

/** The element by which a resource says whose it is, where that is a Patient of the sample. */
function personPath(focus: Resource, resources: readonly Resource[]): string | undefined {
  if (!resources.some(({ resourceType }) => resourceType === 'Patient')) return undefined;
  return ['subject', 'patient', 'beneficiary', 'for'].find((name) => {
    const member = (focus as unknown as Record<string, unknown>)[name];
    return isJsonObject(member) && typeof member.reference === 'string';
  });
}

function ownFields(focus: Resource): Field[] {
  const fields: Field[] = [];
  for (const [name, value] of Object.entries(focus)) {
    // Spellings of choices such as occurrencePeriod are no element names; they stay among what is listed as unread.
    if (LEFT_OUT.has(name) || elementTypes(focus.resourceType, name) === undefined) continue;
    const first: unknown = Array.isArray(value) ? value[0] : value;
    const path = Array.isArray(value) ? `${name}.first()` : name;
    if (name === 'identifier') fields.push(['reference', `${path}.value`]);
    else if (!isJsonObject(first)) fields.push([name, path]);
    else if (Array.isArray(first.coding) || (typeof first.text === 'string' && isConcept(focus.resourceType, name))) {
      fields.push([name, `(${path}.text | ${path}.coding.display).first()`]);
    }
  }
  // Without an identifier the receiver knows it by its id here.
  return fields.some(([name]) => name === 'reference') ? fields : [['reference', 'id'], ...fields];
}

function isConcept(type: string, name: string): boolean {
  return elementTypes(type, name)?.types.includes('CodeableConcept') === true;
}

/** Whether a sample can be the first case of a mapping out of FHIR. */
export function isRoutable(tree: unknown): boolean {
  if (!isJsonObject(tree)) return false;
  if (tree.resourceType !== 'Bundle') return typeof tree.resourceType === 'string';
  const [first] = (tree as unknown as Bundle).entry ?? [];
  return typeof first?.resource?.resourceType === 'string';
}
