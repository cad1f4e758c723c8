import { describe, expect, it } from 'vitest';
import { stableUuid } from '../../src/kernel/ids.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { CASE_CONTEXT } from '../../src/mapping/cases.ts';
import { toTransactionBundle } from '../../src/mapping/transaction-bundle.ts';
import { unreadFields } from '../../src/mapping/unread-fields.ts';
import { mustLoad, parseText, places, runIn } from './support.ts';

const HEAD = 'mapping: 1\ndirection: in\ninput: { format: json }\n';

/** A referral of three needs; names and numbers are invented. */
const REFERRAL = {
  id: 'R-1',
  patient: { nhs: '999 000 0018', surname: 'Booth', dob: '03/05/1941', notes: '' },
  needs: [
    { id: 'N-1', code: 'urgent', started: '01/02/2026' },
    { id: 'N-2', code: 'routine', started: '03/02/2026' },
  ],
};

const MAPPING = `${HEAD}codes: { priority: priority.csv }
refuse:
  - when: "{{ patient.exists().not() }}"
    text: The referral names no patient.
  - when: "{{ id.exists().not() }}"
    text: The referral has no number.
assign:
  - nhsNumber: "{{ patient.nhs.nhsNumber() }}"
entries:
  - name: request
    write: replace
    identifier: { system: urn:referral, value: "{{ id }}" }
    resource:
      resourceType: ServiceRequest
      status: active
      intent: order
      subject: "{{ ref('patient') }}"
      reasonReference:
        - "{% for n in needs %}": "{{ ref('need-' & %n.id) }}"
  - name: patient
    write: merge
    union: [identifier]
    identifier: { system: urn:nhs, value: "{{ %nhsNumber }}" }
    resource:
      resourceType: Patient
      name: [{ family: "{{ patient.surname }}" }]
      birthDate: "{{ patient.dob.date('dd/MM/yyyy') }}"
  - "{% for n in needs %}":
      name: "need-{{ %n.id }}"
      write: create
      identifier: { system: urn:need, value: "{{ %n.id }}" }
      resource:
        resourceType: Condition
        subject: "{{ ref('patient') }}"
        category: [{ coding: ["{{ %n.code.translate('priority', 'error') }}"] }]
        onsetDateTime: "{{ %n.started.date('dd/MM/yyyy') }}"
`;
const PRIORITY = {
  'priority.csv':
    'source,target_system,target_code,target_display,equivalence,note\nurgent,urn:p,u,Urgent,equal,\nroutine,urn:p,r,Routine,equal,\n',
};

function run(message: unknown, yaml = MAPPING) {
  return runIn(mustLoad(yaml, PRIORITY), JSON.stringify(message, undefined, 2));
}

function lineOf(yaml: string, text: string): number {
  return yaml.split('\n').findIndex((line) => line.includes(text)) + 1;
}

/** `line:column` of a text in the mapping. */
function placeOf(text: string, yaml = MAPPING): string {
  const line = lineOf(yaml, text);
  return `${line}:${(yaml.split('\n')[line - 1] ?? '').indexOf(text) + 1}`;
}

describe('a map into FHIR', () => {
  it('yields entries with stable urls, and references to entries above and below', () => {
    const result = run(REFERRAL);
    if (!result.ok) throw new Error(JSON.stringify(result.issues));
    const [request, patient, first] = result.value;
    expect(result.value.map(({ name, write }) => [name, write])).toEqual([
      ['request', 'replace'],
      ['patient', 'merge'],
      ['need-N-1', 'create'],
      ['need-N-2', 'create'],
    ]);
    expect(patient?.fullUrl).toBe(`urn:uuid:${stableUuid('Patient|urn:nhs|9990000018')}`);
    expect(request?.resource).toMatchObject({
      subject: { reference: patient?.fullUrl },
      reasonReference: [{ reference: first?.fullUrl }, { reference: result.value[3]?.fullUrl }],
    });
    expect(patient?.union).toEqual(['identifier']);
    expect(first?.resource).toEqual({
      resourceType: 'Condition',
      identifier: [{ system: 'urn:need', value: 'N-1' }],
      subject: { reference: patient?.fullUrl },
      category: [{ coding: [{ system: 'urn:p', code: 'u', display: 'Urgent' }] }],
      onsetDateTime: '2026-02-01',
    });
  });

  it('gives each resource the identifier that its write is conditional on, once', () => {
    const yaml = MAPPING.replace(
      'resourceType: Patient',
      'resourceType: Patient\n      identifier: [{ system: urn:other, value: x }, { system: urn:nhs, value: "{{ %nhsNumber }}", use: official }]',
    );
    const result = run(REFERRAL, yaml);
    expect(result.ok && result.value[1]?.resource).toMatchObject({
      identifier: [
        { system: 'urn:other', value: 'x' },
        { system: 'urn:nhs', value: '9990000018', use: 'official' },
      ],
    });
  });

  it('becomes a transaction that is conditional on identifiers', () => {
    const result = run(REFERRAL);
    const bundle = toTransactionBundle(result.ok ? result.value : []);
    expect(bundle.entry?.map(({ request }) => request)).toEqual([
      { method: 'PUT', url: 'ServiceRequest?identifier=urn:referral|R-1' },
      {
        extension: [{ url: 'https://ginnel.example/fhir/StructureDefinition/write-mode', valueCode: 'merge' }],
        method: 'PUT',
        url: 'Patient?identifier=urn:nhs|9990000018',
      },
      { method: 'POST', url: 'Condition', ifNoneExist: 'identifier=urn:need|N-1' },
      { method: 'POST', url: 'Condition', ifNoneExist: 'identifier=urn:need|N-2' },
    ]);
  });

  it('escapes an identifier in a URL, so that it stays one value', () => {
    const result = run({ ...REFERRAL, id: 'a|b,c&d=e f#g+h%' });
    const [entry] = toTransactionBundle(result.ok ? result.value : []).entry ?? [];
    const url = new URL(entry?.request?.url ?? '', 'http://localhost/');
    expect(url.searchParams.get('identifier')).toBe('urn:referral|a\\|b\\,c&d=e f#g+h%');
    expect([...url.searchParams.keys()]).toEqual(['identifier']);
  });

  it('refuses a message by its rules, and tells all that hold', () => {
    const result = run({ needs: [] });
    expect(result.ok).toBe(false);
    expect(result.issues.map(({ code, text }) => [code, text])).toEqual([
      ['mapping-refused', 'The referral names no patient.'],
      ['mapping-refused', 'The referral has no number.'],
    ]);
  });

  it('does not take a message that accept is false of', () => {
    const result = run(
      { ...REFERRAL, kind: 'letter' },
      MAPPING.replace('refuse:', `accept: "{{ kind = 'referral' }}"\nrefuse:`),
    );
    expect(places(result.issues)).toEqual([['message-type-unsupported', undefined, '5:13']]);
  });

  it('says where in the message and where in the mapping, for every error of one message', () => {
    const message = structuredClone(REFERRAL);
    message.patient.dob = '31/02/1941';
    for (const need of message.needs) need.code = 'whenever';
    const result = run(message);
    expect(places(result.issues)).toEqual([
      ['date-invalid', '$.patient.dob', placeOf('patient.dob')],
      ['code-unmapped', '$.needs[0].code', placeOf('%n.code')],
      ['code-unmapped', '$.needs[1].code', placeOf('%n.code')],
    ]);
    expect(result.issues.map(({ line }) => line)).toEqual([6, 12, 17]);
    expect(JSON.stringify(result.issues)).not.toContain('whenever');
  });

  it('an error in an assignment is told once, not again for what needs the value', () => {
    const message = structuredClone(REFERRAL);
    message.patient.nhs = '999 000 0019';
    expect(places(run(message).issues)).toEqual([
      ['nhs-number-invalid', '$.patient.nhs', placeOf('patient.nhs.nhsNumber')],
    ]);
  });

  it('one bad value that several assignments read is told once, and two faults of it are two', () => {
    const yaml = `${HEAD}assign:
  - number: "{{ patient.nhs.nhsNumber() }}"
  - again: "{{ patient.nhs.nhsNumber() }}"
  - day: "{{ patient.nhs.date('dd/MM/yyyy') }}"
entries:
  - name: p
    write: replace
    identifier: { system: urn:x, value: "{{ patient.nhs.nhsNumber() }}" }
    resource: { resourceType: Patient, a: "{{ %number }}", b: "{{ %again }}", c: "{{ %day }}" }
`;
    expect(places(run({ patient: { nhs: '999 000 0019' } }, yaml).issues).map(([code, at]) => [code, at])).toEqual([
      ['nhs-number-invalid', '$.patient.nhs'],
      ['date-invalid', '$.patient.nhs'],
    ]);
  });

  it('finds the item that a function failed over among several', () => {
    const yaml = `${HEAD}entries:
  - name: p
    write: replace
    identifier: { system: urn:x, value: a }
    resource: { resourceType: Patient, a: "{[ needs.started.date('dd/MM/yyyy') ]}", b: "{[ tags.snomed() ]}" }
`;
    const message = {
      needs: [{ started: '01/02/2026' }, { started: 'soon' }, { started: '02/02/2026' }],
      tags: ['306167008', '1'],
    };
    expect(places(run(message, yaml).issues).map(([code, at]) => [code, at])).toEqual([
      ['date-invalid', '$.needs[1].started'],
      ['snomed-invalid', '$.tags[1]'],
    ]);
  });

  it('names the hole of a text that failed', () => {
    const yaml = MAPPING.replace(
      '"{{ patient.surname }}"',
      `"{{ patient.surname }}, born {{ patient.dob.date('yyyyMMdd') }}"`,
    );
    expect(places(run(REFERRAL, yaml).issues)).toEqual([
      ['date-invalid', '$.patient.dob', placeOf("patient.dob.date('yyyyMMdd')", yaml)],
    ]);
  });

  it('finds the place of a value that was assigned before it failed', () => {
    const yaml = MAPPING.replace(
      'nhsNumber: "{{ patient.nhs.nhsNumber() }}"',
      'nhsNumber: "{{ patient.nhs.nhsNumber() }}"\n  - born: "{{ patient.dob }}"',
    ).replace("patient.dob.date('dd/MM/yyyy')", "%born.date('yyyyMMdd')");
    expect(places(run(REFERRAL, yaml).issues)).toEqual([
      ['date-invalid', '$.patient.dob', placeOf('%born.date', yaml)],
    ]);
  });

  it('an entry without an identifier is an error, with its place', () => {
    const { id: _id, ...first } = REFERRAL.needs[0] ?? { id: '' };
    const result = run({ ...REFERRAL, needs: [{ ...first, id: '' }] });
    expect(result.issues[0]?.code).toBe('value-required');
  });

  it('more than one value where one belongs is an error', () => {
    const yaml = MAPPING.replace('patient.surname', 'needs.id');
    expect(places(run(REFERRAL, yaml).issues)).toEqual([
      ['mapping-not-single', '$.needs[1].id', placeOf('needs.id', yaml)],
    ]);
  });

  it('a reference to an entry that this message does not have is an error', () => {
    const yaml = MAPPING.replace('"need-{{ %n.id }}"', '"need-{{ %n.id.lower() }}"');
    expect(places(run(REFERRAL, yaml).issues)).toEqual([
      ['reference-unresolved', '$.needs[0].id', placeOf("ref('need-'", yaml)],
      ['reference-unresolved', '$.needs[1].id', placeOf("ref('need-'", yaml)],
    ]);
  });

  it('tells at most twenty errors', () => {
    const needs = Array.from({ length: 50 }, (_, index) => ({
      id: `N-${index}`,
      code: 'never',
      started: '01/02/2026',
    }));
    expect(run({ ...REFERRAL, needs }).issues).toHaveLength(20);
  });

  it('joins two entries that say the same, and refuses two that differ', () => {
    const yaml = `${HEAD}entries:
  - "{% for r in rows %}":
      name: "practice-{{ %r.practice }}"
      write: create
      identifier: { system: urn:ods, value: "{{ %r.practice }}" }
      resource: { resourceType: Organization, name: "{{ %r.title }}" }
`;
    const same = run(
      {
        rows: [
          { practice: 'P1', title: 'Mill Lane' },
          { practice: 'P1', title: 'Mill Lane' },
        ],
      },
      yaml,
    );
    expect(same.ok && same.value).toHaveLength(1);
    const different = run(
      {
        rows: [
          { practice: 'P1', title: 'Mill Lane' },
          { practice: 'P1', title: 'Mill St' },
        ],
      },
      yaml,
    );
    expect(places(different.issues)).toEqual([['mapping-failed', undefined, '6:7']]);
  });

  it('refuses one name for two things, and a message that yields nothing', () => {
    const yaml = `${HEAD}entries:
  - "{% for r in rows %}":
      name: row
      write: create
      identifier: { system: urn:x, value: "{{ %r }}" }
      resource: { resourceType: Basic, code: { text: x } }
`;
    expect(places(run({ rows: ['a', 'b'] }, yaml).issues)).toEqual([['mapping-failed', undefined, '6:7']]);
    expect(run({ rows: [] }, yaml).issues.map(({ code }) => code)).toEqual(['mapping-failed']);
  });

  it('takes a whole resource from the message, whose type is not known beforehand', () => {
    const yaml = `mapping: 1
direction: in
input: { format: fhir }
entries:
  - "{% for one in entry.resource %}":
      name: "{{ %one.id }}"
      write: replace
      identifier: "{{ %one.identifier.first() }}"
      resource:
        "{% merge %}": ["{{ %one }}", { meta: { source: "{{ %messageId }}" } }]
`.replace(
      '"{{ %one.identifier.first() }}"',
      '{ system: "{{ %one.identifier.first().system }}", value: "{{ %one.identifier.first().value }}" }',
    );
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        {
          resource: {
            resourceType: 'Patient',
            id: 'p',
            identifier: [{ system: 'urn:x', value: '1' }],
            gender: 'female',
          },
        },
        {
          resource: {
            resourceType: 'Group',
            id: 'g',
            identifier: [{ system: 'urn:x', value: '1' }],
            type: 'person',
            actual: true,
          },
        },
      ],
    };
    const result = run(bundle, yaml);
    if (!result.ok) throw new Error(JSON.stringify(result.issues));
    expect(result.value.map(({ resource }) => resource.resourceType)).toEqual(['Patient', 'Group']);
    expect(result.value[0]?.resource).toMatchObject({ gender: 'female', meta: { source: 'case-message' } });
  });

  it('is bounded: a loop in a loop over a large message ends with mapping-limit', () => {
    const yaml = `${HEAD}entries:
  - name: p
    write: replace
    identifier: { system: urn:x, value: a }
    resource:
      resourceType: Patient
      x:
        - "{% for a in rows %}":
            - "{% for b in rows %}": "{{ %a }}"
`;
    const rows = Array.from({ length: Math.ceil(Math.sqrt(LIMITS.mappingStepsMax)) }, (_, index) => String(index));
    const result = run({ rows }, yaml);
    expect(result.issues.map(({ code }) => code)).toEqual(['mapping-limit']);
  });

  it('is bounded: a long text or a large object repeated in a loop ends with mapping-limit', () => {
    const yaml = (copied: string) => `${HEAD}entries:
  - name: p
    write: replace
    identifier: { system: urn:x, value: a }
    resource: { resourceType: Patient, x: [{ "{% for r in rows %}": "{{ ${copied} }}" }] }
`;
    const rows = Array.from({ length: 2000 }, (_, index) => index);
    const message = { rows, text: 'x'.repeat(200_000), large: { list: Array.from({ length: 2000 }, () => 'y') } };
    expect(run(message, yaml('text')).issues.map(({ code }) => code)).toEqual(['mapping-limit']);
    expect(run(message, yaml('large')).issues.map(({ code }) => code)).toEqual(['mapping-limit']);
    expect(run({ ...message, rows: [1] }, yaml('large')).ok).toBe(true);
  });

  it('gives the same result for the same message, whatever ran before', () => {
    const loaded = mustLoad(MAPPING, PRIORITY);
    const text = JSON.stringify(REFERRAL);
    const first = runIn(loaded, text);
    runIn(loaded, JSON.stringify({ ...REFERRAL, needs: [{ id: 'N-9', code: 'never', started: 'x' }] }));
    unreadFields(loaded, parseText('json', text), CASE_CONTEXT);
    expect(runIn(loaded, text)).toEqual(first);
  });

  it('its version changes with each of its files and with nothing else', () => {
    const version = (yaml: string, csv: string) => mustLoad(yaml, { 'priority.csv': csv }).mapping.version;
    const csv = PRIORITY['priority.csv'];
    expect(version(MAPPING, csv)).toBe(version(MAPPING, csv));
    expect(version(`${MAPPING}# a comment\n`, csv)).not.toBe(version(MAPPING, csv));
    expect(version(MAPPING, `${csv}later,urn:p,l,Later,equal,\n`)).not.toBe(version(MAPPING, csv));
  });
});

describe('the schema of a mapping', () => {
  it('is checked before the map, and says where in the message', () => {
    const schema = {
      type: 'object',
      required: ['id'],
      properties: { patient: { properties: { nhs: { type: 'string', maxLength: 12 } } } },
    };
    const yaml = MAPPING.replace('format: json', 'format: json, schema: source.schema.json');
    const files = { ...PRIORITY, 'source.schema.json': JSON.stringify(schema) };
    expect(() => mustLoad(yaml, files)).toThrow(/strict mode/);
    const strict = {
      ...schema,
      properties: { patient: { type: 'object', properties: { nhs: { type: 'string', maxLength: 12 } } } },
    };
    const { mapping } = mustLoad(yaml, { ...files, 'source.schema.json': JSON.stringify(strict) });
    const payload = parseText('json', '{\n  "patient": {\n    "nhs": "far too long a number"\n  }\n}');
    const found = mapping.direction === 'in' ? mapping.check(payload) : [];
    expect(found.map(({ code, at, line, column }) => [code, at, line, column])).toEqual([
      ['schema-violation', '$', 1, 1],
      ['schema-violation', '$.patient.nhs', 3, expect.any(Number)],
    ]);
    expect(JSON.stringify(found)).not.toContain('far too long');
  });
});

describe('unread fields', () => {
  it('are those that hold something and that no expression read, for each format', () => {
    const unread = (yaml: string, text: string): string[] => {
      const loaded = mustLoad(yaml, PRIORITY);
      const format = loaded.mapping.direction === 'in' ? loaded.mapping.input.format : 'json';
      return unreadFields(loaded, parseText(format, text), CASE_CONTEXT).map(({ at }) => at);
    };
    const message = {
      ...REFERRAL,
      priority: 'high',
      patient: { ...REFERRAL.patient, phones: ['1', '2'], gp: { code: 'G', tags: [1] } },
    };
    expect(unread(MAPPING, JSON.stringify(message))).toEqual([
      '$.patient.phones[0]',
      '$.patient.phones[1]',
      '$.patient.gp.code',
      '$.patient.gp.tags[0]',
      '$.priority',
    ]);
    const tiny = (format: string, expression: string) => `mapping: 1
direction: in
input: { format: ${format} }
entries:
  - name: p
    write: replace
    identifier: { system: urn:x, value: a }
    resource: { resourceType: Patient, a: "{[ ${expression} ]}" }
`;
    expect(unread(tiny('csv', 'rows.A'), 'A,B,C\n1,2,\n3,4,5\n')).toEqual(['row 2, B', 'row 3, B', 'row 3, C']);
    expect(unread(tiny('xml', 'r.need.code'), '<r v="1"><need><code>1</code><text>2</text></need></r>')).toEqual([
      '/r/@v',
      '/r/need/text',
    ]);
    expect(unread(tiny('hl7v2', 'PID.5.1.1'), 'MSH|^~\\&|A\rPID|1||X^^^Y~Z||Booth^Ada\r')).toEqual([
      'MSH-3.1',
      'PID-1.1',
      'PID-3.1',
      'PID-3.4',
      'PID-3[2].1',
      'PID-5.2',
    ]);
  });

  it('an object that goes into the result whole counts as read, one that was only asked for does not', () => {
    const yaml = (expression: string) => `${HEAD}entries:
  - name: p
    write: replace
    identifier: { system: urn:x, value: a }
    resource: { resourceType: Patient, a: "{{ ${expression} }}" }
`;
    const payload = parseText('json', '{"a":{"b":{"c":1},"d":[{"e":2}]}}');
    const unread = (expression: string) =>
      unreadFields(mustLoad(yaml(expression)), payload, CASE_CONTEXT).map(({ at }) => at);
    expect(unread('a')).toEqual([]);
    expect(unread('a.exists()')).toEqual(['$.a.b.c', '$.a.d[0].e']);
    expect(unread('a.d')).toEqual(['$.a.b.c']);
  });
});
