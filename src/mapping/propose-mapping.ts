import { isNhsNumber } from '../fhir/nhs-number.ts';
import type { FormatName, Payload, TreePath } from '../formats/format.ts';
import { FORMATS } from '../formats/formats.ts';
import { isJsonObject } from '../kernel/json.ts';

/** A field of the sample, and how an expression of the mapping reads it. */
interface SampleField {
  readonly name: string;
  readonly expression: string;
  readonly value: string;
}

/** Members whose names, and what stands in them, tell what they are. */
const KNOWN_FIELDS = [
  { element: 'family', name: /^(?:sur[ _-]?name|last[ _-]?name|family(?:[ _-]?name)?)$/i },
  { element: 'given', name: /^(?:fore[ _-]?names?|first[ _-]?name|given(?:[ _-]?names?)?)$/i },
  { element: 'birthDate', name: /^(?:dob|date[ _-]?(?:of[ _-]?)?birth|birth[ _-]?date|born)$/i },
  { element: 'postalCode', name: /post[ _-]?code$/i },
] as const;

/** Forms of a date, by the look of one. */
const DATE_FORMS: readonly (readonly [RegExp, string])[] = [
  [/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, 'yyyy-MM-dd'],
  [/^[0-9]{2}\/[0-9]{2}\/[0-9]{4}$/, 'dd/MM/yyyy'],
  [/^[0-9]{1,2}\/[0-9]{1,2}\/[0-9]{4}$/, 'd/M/yyyy'],
  [/^[0-9]{2} [A-Z][a-z]{2} [0-9]{4}$/, 'dd MMM yyyy'],
  [/^[0-9]{8}$/, 'hl7'],
];

/** Where the person stands in HL7 v2 (chapter 3, PID). */
const HL7V2_PERSON: Readonly<Record<string, string>> = {
  family: '{{ PID.5.1.first() }}',
  given: '{[ PID.5.2.first() ]}',
  birthDate: "{{ PID.7.1.date('hl7') }}",
  postalCode: '{{ PID.11.5.first().postcode() }}',
};

/** What a store says of its own copy of a resource. */
const OWN_ELEMENTS: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta', 'text', 'contained']);

/**
 * A first `mapping.yaml` for a sample: one Patient, known by the NHS number where the sample has one, with what the
 * names of the fields give away. It holds no value of the sample.
 */
export function proposeMapping(
  name: string,
  format: FormatName,
  payload: Payload,
  encoding: string | undefined,
): string {
  const system = name.split('/')[0] ?? name;
  const head = [
    `# ${name}: begun from a sample by "ginnel new mapping". Every guess in it wants a look.`,
    'mapping: 1',
    'direction: in',
    'input:',
    `  format: ${format}`,
  ];
  if (encoding !== undefined) head.push(`  encoding: ${encoding}`);
  if (format === 'xml') {
    const lists = listNames(payload.tree);
    if (lists.length > 0) head.push(`  lists: [${lists.map((one) => JSON.stringify(one)).join(', ')}]`);
  }
  if (hasSchema(format)) head.push('  schema: source.schema.json');
  const entry =
    FORMATS[format].dialect === 'fhir' ? resourceEntry(payload.tree) : personEntry(system, format, payload.tree);
  return `${[...head, 'entries:', ...entry].join('\n')}\n`;
}

/** FHIR has its own definitions, and HL7 v2 numbers instead of names. */
export function hasSchema(format: FormatName): boolean {
  return format === 'json' || format === 'xml' || format === 'csv';
}

/** How an expression reads the field at a path of the message, without positions in lists. */
export function expressionOf(path: TreePath, format: FormatName, tree: unknown): string {
  if (format === 'csv') return `%row.${quoteName(String(path.at(-1)))}`;
  const names = path.filter((step) => typeof step === 'string');
  if (format !== 'hl7v2') return names.map(quoteName).join('.');
  const segments = isJsonObject(tree) && Array.isArray(tree.segments) ? tree.segments : [];
  const segment = typeof path[1] === 'number' ? segments[path[1]] : undefined;
  return [isJsonObject(segment) ? String(segment.name) : '', ...names.slice(1)].join('.');
}

function personEntry(system: string, format: FormatName, tree: unknown): string[] {
  const fields = [...fieldsOf(tree, format)];
  const guess = format === 'hl7v2' ? HL7V2_PERSON : guessPerson(fields);
  const filled = fields.filter(({ name }) => format !== 'csv' || isInEveryRow(tree, name));
  const number = findNhsNumber(filled, format);
  const other = filled.find(({ name }) => /(?:id|ref|reference|number|no)$/i.test(name)) ?? filled[0] ?? fields[0];
  const value = number ?? `{{ ${other?.expression ?? "'unknown'"} }}`;
  const isLoop = format === 'csv';
  const indent = isLoop ? '      ' : '    ';
  const lines = isLoop ? ['  - "{% for row in rows %}":'] : [];
  // In a loop each row is an entry of its own, so the name must tell them apart.
  lines.push(isLoop ? `${indent}name: "patient-${value}"` : `  - name: patient`);
  const url = number === undefined ? `https://${system}.example/Id/person` : 'https://fhir.nhs.uk/Id/nhs-number';
  lines.push(
    `${indent}write: merge`,
    `${indent}union: [identifier]`,
    `${indent}identifier: { system: ${url}, value: "${value}" }`,
    `${indent}resource:`,
    `${indent}  resourceType: Patient`,
  );
  if (guess.family !== undefined || guess.given !== undefined) {
    lines.push(`${indent}  name:`);
    const names = [
      guess.family === undefined ? undefined : `family: "${guess.family}"`,
      guess.given === undefined ? undefined : `given: "${guess.given}"`,
    ].filter((one) => one !== undefined);
    lines.push(...names.map((one, index) => `${indent}    ${index === 0 ? '- ' : '  '}${one}`));
  }
  if (guess.birthDate !== undefined) lines.push(`${indent}  birthDate: "${guess.birthDate}"`);
  if (guess.postalCode !== undefined) {
    lines.push(`${indent}  address:`, `${indent}    - postalCode: "${guess.postalCode}"`);
  }
  return lines;
}

/** A resource of the sample that has an identifier, taken over as it is. */
function resourceEntry(tree: unknown): string[] {
  const root = isJsonObject(tree) ? tree : {};
  const inBundle = root.resourceType === 'Bundle' && Array.isArray(root.entry) ? root.entry : [];
  const resources = inBundle.flatMap((one) => (isJsonObject(one) && isJsonObject(one.resource) ? [one.resource] : []));
  const chosen = resources.find(({ identifier }) => Array.isArray(identifier)) ?? resources[0];
  const type = String((chosen ?? root).resourceType);
  const from = chosen === undefined ? '' : `entry.resource.ofType(${type}).first().`;
  const elements = Object.entries(chosen ?? root)
    .filter(([name]) => /^[a-z][A-Za-z]*$/.test(name) && !OWN_ELEMENTS.has(name))
    .map(
      ([name, value]) => `      ${name}: "${Array.isArray(value) ? `{[ ${from}${name} ]}` : `{{ ${from}${name} }}`}"`,
    );
  return [
    `  - name: ${type.toLowerCase()}`,
    '    write: replace',
    '    identifier:',
    `      system: "{{ ${from}identifier.first().system }}"`,
    `      value: "{{ ${from}identifier.first().value }}"`,
    '    resource:',
    `      resourceType: ${type}`,
    ...elements,
  ];
}

function guessPerson(fields: readonly SampleField[]): Readonly<Record<string, string>> {
  const guess: Record<string, string> = {};
  for (const { element, name } of KNOWN_FIELDS) {
    const field = fields.find((one) => name.test(one.name));
    if (field === undefined) continue;
    const { expression, value } = field;
    if (element === 'family') guess.family = `{{ ${expression}.trim() }}`;
    if (element === 'given') guess.given = `{[ ${expression}.trim() ]}`;
    if (element === 'postalCode') guess.postalCode = `{{ ${expression}.postcode() }}`;
    const form = DATE_FORMS.find(([look]) => look.test(value))?.[1];
    if (element === 'birthDate' && form !== undefined) guess.birthDate = `{{ ${expression}.date('${form}') }}`;
  }
  return guess;
}

function findNhsNumber(fields: readonly SampleField[], format: FormatName): string | undefined {
  const isOne = ({ value }: SampleField) => isNhsNumber(value.replaceAll(/[ -]/g, ''));
  if (format === 'hl7v2') {
    const inPid = fields.some((field) => field.expression === 'PID.3.1' && isOne(field));
    return inPid ? '{{ PID.3.1.where(isNhsNumber()).first().nhsNumber() }}' : undefined;
  }
  const found = fields.find((field) => /nhs/i.test(field.expression) && isOne(field)) ?? fields.find(isOne);
  return found === undefined ? undefined : `{{ ${found.expression}.nhsNumber() }}`;
}

/** What identifies a row must be in all of them. */
function isInEveryRow(tree: unknown, name: string): boolean {
  const rows = isJsonObject(tree) && Array.isArray(tree.rows) ? tree.rows : [];
  return rows.every((row) => isJsonObject(row) && String(row[name] ?? '').trim() !== '');
}

/** Scalars that stand in no list, or of CSV the cells of the first row; of HL7 v2 every one. */
function* fieldsOf(tree: unknown, format: FormatName): Generator<SampleField> {
  function* walk(value: unknown, path: TreePath): Generator<SampleField> {
    if (Array.isArray(value)) {
      const isWalked = format === 'hl7v2' || (format === 'csv' && path.length === 1);
      for (const [index, item] of (isWalked ? value : []).entries()) {
        if (format === 'hl7v2' || index === 0) yield* walk(item, [...path, index]);
      }
    } else if (isJsonObject(value)) {
      // HL7 v2 trees hold each segment twice.
      const names = format === 'hl7v2' && path.length === 0 ? ['segments'] : Object.keys(value);
      for (const name of names) yield* walk(value[name], [...path, name]);
    } else if (value !== null && value !== undefined && value !== '' && path.every(canBeQuoted)) {
      const name = String(path.findLast((step) => step !== '#text'));
      yield { name, expression: expressionOf(path, format, tree), value: String(value).trim() };
    }
  }
  yield* walk(tree, []);
}

/** Elements of the sample that stand there more than once. */
function listNames(tree: unknown): string[] {
  const names = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (Array.isArray(member)) names.add(name);
      walk(member);
    }
  };
  walk(tree);
  return [...names].filter((name) => !/^[0-9]+$/.test(name));
}

/** What no name in an expression of the mapping can have in it. */
const UNQUOTABLE = /[\\`"{}[\]\p{Cc}]/gu;

function canBeQuoted(step: string | number): boolean {
  return typeof step === 'number' || step.search(UNQUOTABLE) < 0;
}

/** Words that FHIRPath keeps for itself, and names that are no plain word, stand in backticks. */
function quoteName(name: string): string {
  const isWord = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
  const isKept = /^(?:and|or|xor|implies|in|contains|is|as|div|mod|true|false)$/.test(name);
  // A backslash goes through YAML's double quotes too, and a backtick has no business in a name.
  return isWord && !isKept ? name : `\`${name.replaceAll(UNQUOTABLE, '')}\``;
}
