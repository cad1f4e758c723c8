import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileJsonSchema } from '../../src/kernel/json-schema.ts';
import { CASE_CONTEXT, listMappings } from '../../src/mapping/cases.ts';
import { lintMapping } from '../../src/mapping/lint.ts';
import { shapeOfSchema } from '../../src/mapping/schema-shape.ts';
import { unreadFields } from '../../src/mapping/unread-fields.ts';
import { loadText, mappingsFolder, mustLoad, outMapping, parseText } from './support.ts';

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    id: { type: 'string' },
    patient: { $ref: '#/$defs/person' },
    contacts: { type: 'array', items: { allOf: [{ $ref: '#/$defs/person' }] } },
    extra: { type: 'object', properties: { known: { type: 'string' } } },
    either: {
      oneOf: [
        { type: 'object', additionalProperties: false, properties: { a: { type: 'string' } } },
        { type: 'object', additionalProperties: false, properties: { b: { type: 'string' } } },
      ],
    },
  },
  $defs: {
    person: {
      type: 'object',
      additionalProperties: false,
      properties: {
        surname: { type: 'string' },
        'nhs-number': { type: 'string' },
        born: { type: ['string', 'null'] },
        parents: { type: 'array', items: { $ref: '#/$defs/person' } },
      },
    },
  },
};
const HEAD = 'mapping: 1\ndirection: in\ninput: { format: json, schema: source.schema.json }\n';
const ENTRY = `entries:
  - name: patient
    write: replace
    identifier: { system: urn:x, value: "{{ id }}" }
    resource: { resourceType: Patient, active: true }
`;

function findings(assigns: string): string[] {
  const yaml = `${HEAD}assign:\n${assigns}\n${ENTRY}`;
  const loaded = loadText(yaml, { 'source.schema.json': JSON.stringify(SCHEMA) });
  return loaded.issues.map(({ code, text, mapping }) => {
    const [, line = 0, column = 0] = (mapping ?? '').replace('mappings/a/b/mapping.yaml', '').split(':').map(Number);
    const rest = (yaml.split('\n')[line - 1] ?? '').slice(column - 1);
    return `${code} ${/^`?[\w-]+/.exec(rest)?.[0] ?? rest}: ${text}`;
  });
}

describe('names against the schema of a message', () => {
  it.each([
    ['patient.surnam', 'surnam', 'surname'],
    ['patinet.surname', 'patinet', 'patient'],
    ['contacts.where(surnme.exists()).surname', 'surnme', 'surname'],
    ['contacts.first().parents.parents.bron', 'bron', 'born'],
    ['contacts[0].select(parents | $this).surnam', 'surnam', 'surname'],
    ["iif(id = '1', patient, contacts.first()).surnam", 'surnam', 'surname'],
    ['contacts.exists(surnme.exists())', 'surnme', 'surname'],
    ['patient.`nhs-nunber`', '`nhs-nunber', 'nhs-number'],
    ['id & patient.surnam', 'surnam', 'surname'],
    ['id.nhsNumber() & contacts.select(surnam.upper()).first()', 'surnam', 'surname'],
  ])('%s is refused at the name, with the nearest one', (source, at, nearest) => {
    const found = findings(`  - x: "{{ ${source} }}"`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^fhirpath-unknown-property ${at}: .*Did you mean ${nearest}\\?$`));
  });

  it('follows what variables hold: assignments, loops, and loops in loops', () => {
    const found = findings(`  - p: "{{ patient }}"
  - all: "{[ contacts.parents ]}"
  - x: "{{ %p.surnam }}"
  - y:
      - "{% for i, c in contacts %}":
          a: "{{ %c.surnam }}"
          b: "{{ %i.anything }}"
          "{% if %c.surnam.exists() %}": { c: [{ "{% for q in %all %}": { d: "{{ %q.bron }}" } }] }`);
    expect(found.map((line) => line.split(':')[0])).toEqual([
      'fhirpath-unknown-property surnam',
      'fhirpath-unknown-property surnam',
      'fhirpath-unknown-property surnam',
      'fhirpath-unknown-property bron',
    ]);
  });

  it.each([
    'extra.unheard.of',
    'either.a | either.b',
    'contacts.repeat(parents).surname',
    'patient.children().anything',
    'patient.born.anything().thing',
    'contacts.select(%partner.name & surname)',
    "contacts.aggregate($total & $this.surname, '')",
    '%messageId.anything',
    'contacts.ofType(String)',
    "contacts.surname.select($this.replace('a', 'b')).join(',')",
    'id.split(\\"-\\").anything',
  ])('%s is let pass, because nothing says that it cannot be', (source) => {
    const found = findings(`  - x: "{{ ${source} }}"`).filter((line) => line.includes('unknown-property'));
    expect(found).toEqual([]);
  });

  it('knows %partner in every mapping', () => {
    expect(findings('  - x: "{{ %partner.organization.value }}"')).toEqual([
      'fhirpath-unknown-property organization: The declared input has no member called organization here. Did you mean organisation?',
    ]);
  });

  it('never calls a name absent that a message which keeps to the schema has', () => {
    const names = ['a', 'b', 'c'];
    const leaf = fc.constantFrom<object>({ type: 'string' }, { type: 'integer' }, {});
    const { schema } = fc.letrec<{ schema: object; object: object }>((tie) => ({
      object: fc
        .record(
          {
            properties: fc.dictionary(fc.constantFrom(...names), tie('schema'), { maxKeys: 3 }),
            additionalProperties: fc.constantFrom<unknown>(false, true, { type: 'string' }),
          },
          { requiredKeys: [] },
        )
        .map((one) => ({ type: 'object', ...one })),
      schema: fc.oneof(
        { maxDepth: 3, depthIdentifier: 'schema' },
        leaf,
        tie('object'),
        tie('schema').map((items) => ({ type: 'array', items })),
        fc.array(tie('schema'), { minLength: 1, maxLength: 2 }).map((anyOf) => ({ anyOf })),
        fc.array(tie('schema'), { minLength: 1, maxLength: 2 }).map((allOf) => ({ allOf })),
      ),
    }));
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<unknown>('x', 1),
        fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 3 }),
        fc.array(tie('value'), { maxLength: 2 }),
      ),
    })).value;
    fc.assert(
      fc.property(schema, fc.array(value, { maxLength: 20 }), (one, values) => {
        const check = compileJsonSchema(one);
        const shape = shapeOfSchema(one);
        for (const candidate of values) if (check(candidate).length === 0) expectNamesOf(candidate, shape);
      }),
      { numRuns: 100 },
    );
  });

  it('finds nothing in the maps that ship', () => {
    const root = resolve(import.meta.dirname, '../../mappings');
    const names = listMappings(root);
    expect(names.length).toBeGreaterThan(5);
    const wrong = names
      .flatMap((name) => lintMapping(root, name))
      .filter(({ code, text }) => code === 'fhirpath-unknown-property' || text.includes('in vain'));
    expect(wrong).toEqual([]);
  });
});

/** Every name on the way through a value can be asked for. */
function expectNamesOf(value: unknown, shape: ReturnType<typeof shapeOfSchema>): void {
  if (Array.isArray(value)) for (const item of value) expectNamesOf(item, shape);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      const found = shape.member(name);
      expect(found).not.toBe('absent');
      if (found !== undefined && found !== 'absent') expectNamesOf(member, found);
    }
  }
}

describe('names against the FHIR type of what is routed', () => {
  const INPUT = 'input: { type: ServiceRequest }\n';
  const found = (expression: string, head = INPUT) =>
    loadText(outMapping(`a: "{{ ${expression} }}"`, head)).issues.map(({ code, text }) => `${code}: ${text}`);

  it.each([
    ['birthDate', 'ServiceRequest has no element called birthDate.'],
    ['reasonCod.text', 'Did you mean reasonCode?'],
    ['reasonCode.coding.where(sytem.exists()).code', 'Did you mean system?'],
    ['subject.refrence', 'Did you mean reference?'],
    ['occurrence.ofType(Period).started', 'Did you mean start?'],
    ['ServiceRequest.birthDate', 'ServiceRequest has no element called birthDate.'],
  ])('%s is refused', (expression, words) => {
    const issues = found(expression);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toContain('fhirpath-unknown-property');
    expect(issues[0]).toContain(words);
  });

  it.each([
    "subject.resolve().birthDate & 'x'",
    'ServiceRequest.occurrence.start',
    "extension('urn:x').value.ofType(Period).start",
    "performer.resolve().ofType(Organization).name & ''",
    'subject.resolve().as(Patient).name.first().family',
    '%resources.ofType(Patient).name.first().family',
    "id & meta.lastUpdated & resourceType & ''",
    'contained.ofType(Practitioner).name.first().text',
    'note.first().time & note.first().text.extension.first().url',
  ])('%s is let pass', (expression) => {
    expect(found(expression)).toEqual([]);
  });

  it('without a type, only what no element of R4 is called is refused', () => {
    expect(found('birthDate', '')).toEqual([]);
  });

  it('a FHIR message has a type too, and other messages have none', () => {
    const fhirHead = 'mapping: 1\ndirection: in\ninput: { format: fhir, type: Bundle }\n';
    const codes = (yaml: string) =>
      loadText(yaml).issues.map(({ code, mapping }) => [code, mapping?.split('yaml:')[1]]);
    expect(codes(`${fhirHead}assign: { a: "{{ entry.fullUri }}" }\n${ENTRY}`)).toEqual([
      ['fhirpath-unknown-property', '4:24'],
    ]);
    expect(codes(`${fhirHead.replace('fhir,', 'json,')}${ENTRY}`)).toEqual([['mapping-syntax', '3:30']]);
    expect(codes(`${fhirHead.replace('Bundle', 'Bundel')}${ENTRY}`)).toEqual([['mapping-syntax', '3:30']]);
    expect(codes(outMapping('a: 1', 'input: { type: 5 }\n'))).toEqual([['mapping-syntax', '4:16']]);
    expect(codes(outMapping('a: 1', 'input: { format: fhir }\n'))).toEqual([['mapping-syntax', '4:10']]);
  });
});

describe('fields that are ignored with a reason', () => {
  const files = { 'source.schema.json': JSON.stringify(SCHEMA) };
  const message =
    '{"id":"1","patient":{"surname":"B","born":"x"},"contacts":[{"born":"y","surname":"C"}],"extra":{"n":1}}';
  const unread = (ignore: string) =>
    unreadFields(mustLoad(`${HEAD}${ignore}${ENTRY}`, files), parseText('json', message), CASE_CONTEXT).map(
      ({ at }) => at,
    );

  it('are left out of what is unread, with all that is in them', () => {
    expect(unread('')).toEqual([
      '$.patient.surname',
      '$.patient.born',
      '$.contacts[0].born',
      '$.contacts[0].surname',
      '$.extra.n',
    ]);
    expect(unread('ignore:\n  patient: Known from the trace.\n  contacts.born: Nobody asks.\n')).toEqual([
      '$.contacts[0].surname',
      '$.extra.n',
    ]);
  });

  it('are named in HL7 v2 by segment and number', () => {
    const yaml = `mapping: 1\ndirection: in\ninput: { format: hl7v2 }\nignore: { PID.13.2: Use., ZZZ: Ours., MSH: Frame. }\n${ENTRY.replace('"{{ id }}"', 'x')}`;
    const payload = parseText('hl7v2', 'MSH|^~\\&|A\rPID|1||||||||||||1^PRN~2^WPN\rZZZ|1\rPV1|1\r');
    expect(unreadFields(mustLoad(yaml), payload, CASE_CONTEXT).map(({ at }) => at)).toEqual([
      'PID-1.1',
      'PID-13.1',
      'PID-13[2].1',
      'PV1-1.1',
    ]);
  });

  it('are named out of FHIR by resource type and element', () => {
    const loaded = mustLoad(outMapping('a: "{{ status }}"', 'ignore: { Patient.photo: Not asked for. }\n'));
    const text = JSON.stringify({
      resourceType: 'Patient',
      active: true,
      photo: [{ url: 'urn:x' }],
      status: 'x',
    });
    expect(unreadFields(loaded, parseText('fhir', text), CASE_CONTEXT).map(({ at }) => at)).toEqual(['$.active']);
  });

  it('need a reason and a path, and lint tells those that no message can have', () => {
    const codes = (ignore: string) => loadText(`${HEAD}${ignore}${ENTRY}`, files).issues.map(({ code }) => code);
    expect(codes('ignore: { patient: "" }\n')).toEqual(['mapping-syntax']);
    expect(codes('ignore: { patient..born: x }\n')).toEqual(['mapping-syntax']);
    expect(codes('ignore: [patient]\n')).toEqual(['mapping-syntax']);
    const root = mappingsFolder({
      'a/b/mapping.yaml': `${HEAD}ignore:\n  patient.bron: Nobody asks.\n  contacts.\`nhs-number\`: Nobody asks.\n${ENTRY}`,
      'a/b/source.schema.json': files['source.schema.json'],
    });
    const vain = lintMapping(root, 'a/b').filter(({ code }) => code === 'mapping-unused');
    expect(vain.map(({ severity, mapping, text }) => [severity, mapping, text])).toEqual([
      [
        'warning',
        'mappings/a/b/mapping.yaml:5:3',
        'This is ignored in vain. The declared input has no member called bron here. Did you mean born?',
      ],
    ]);
  });
});
