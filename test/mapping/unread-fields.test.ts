import { describe, expect, it } from 'vitest';
import type { FormatName } from '../../src/formats/format.ts';
import { CASE_CONTEXT } from '../../src/mapping/cases.ts';
import { unreadFields } from '../../src/mapping/unread-fields.ts';
import { mustLoad, parseText } from './support.ts';

/** A mapping in whose one resource holds the given members. */
function reading(format: FormatName, members: string, head = ''): string {
  return `mapping: 1
direction: in
input: { format: ${format} }
${head}entries:
  - name: p
    write: replace
    identifier: { system: urn:x, value: a }
    resource:
      resourceType: Patient
${members.trim().replaceAll(/^/gm, '      ')}
`;
}

function unread(yaml: string, format: FormatName, text: string): string[] {
  const found = unreadFields(mustLoad(yaml), parseText(format, text), CASE_CONTEXT);
  return found.map(({ at, line, column }) => `${at} ${line}:${column}`);
}

describe('unread fields, counted by hand', () => {
  it('of JSON: nine fields with content, five read, four left', () => {
    const text = `{
  "id": "R1",
  "person": { "name": { "family": "Booth", "given": ["Ada", "May"] }, "shoe": 7, "blank": " ", "none": null },
  "needs": [
    { "code": "A", "note": "x" },
    { "code": "B", "note": "" }
  ],
  "flag": false
}`;
    const yaml = reading(
      'json',
      'name: [{ family: "{{ person.name.family }}", given: "{[ person.name.given ]}" }]\na: "{[ needs.code ]}"',
    );
    expect(unread(yaml, 'json', text)).toEqual([
      '$.id 2:9',
      '$.person.shoe 3:79',
      '$.needs[0].note 5:28',
      '$.flag 8:11',
    ]);
  });

  it('of XML: attributes, texts and repeated elements', () => {
    const text = `<r v="1">
  <person id="P1"><name>Booth</name><tel use="home">0161</tel></person>
  <need kind="a">one</need>
  <need kind="b">two</need>
  <empty/>
</r>`;
    const yaml = reading('xml', 'name: [{ family: "{{ r.person.name }}" }]\na: "{[ r.need.`@kind` ]}"');
    expect(unread(yaml, 'xml', text).map((one) => one.replace(/ \d+:\w+$/, ''))).toEqual([
      '/r/@v',
      '/r/person/@id',
      '/r/person/tel/@use',
      '/r/person/tel',
      '/r/need[1]',
      '/r/need[2]',
    ]);
  });

  it('of CSV: each filled cell of a column nobody asks for', () => {
    const text = 'id,family,note,spare\r\n1,Booth,"a,\nb",\r\n2,Crane,,x\r\n';
    const yaml = reading('csv', 'name: [{ "{% for r in rows %}": { family: "{{ %r.family }}" } }]\na: "{[ rows.id ]}"');
    expect(unread(yaml, 'csv', text).map((one) => one.replace(/ \d+:\w+$/, ''))).toEqual([
      'row 2, note',
      'row 3, spare',
    ]);
  });

  it('of HL7 v2: components and repetitions, Z segments, and nothing of how it is written', () => {
    const text = [
      'MSH|^~\\&|APP|FAC|X|Y|20260302093000||ADT^A01|77|P|2.4',
      'PID|1||9990000018^^^NHS~A7^^^HOSP||Booth^Ada^May||19410503|F',
      'ZXX|one^two&three',
    ].join('\r');
    const yaml = reading(
      'hl7v2',
      'name: [{ family: "{{ PID.5.1 }}", given: "{[ PID.5.2 ]}" }]\nbirthDate: "{{ PID.7.1 }}"\na: "{{ PID.3.where($this.4 = \'NHS\').1 }}"',
      'accept: "{{ MSH.9.1 = \'ADT\' }}"\n',
    );
    expect(unread(yaml, 'hl7v2', text)).toEqual([
      'MSH-3.1 1:10',
      'MSH-4.1 1:14',
      'MSH-5.1 1:18',
      'MSH-6.1 1:20',
      'MSH-7.1 1:22',
      'MSH-9.2 1:42',
      'MSH-10.1 1:46',
      'MSH-11.1 1:49',
      'MSH-12.1 1:51',
      'PID-1.1 2:5',
      'PID-3[2].1 2:25',
      'PID-5.3 2:46',
      'PID-8.1 2:60',
      'ZXX-1.1 3:5',
      'ZXX-1.2.1 3:9',
      'ZXX-1.2.2 3:13',
    ]);
  });

  it('of FHIR: choices by the name they have, extensions of primitives, URLs resolve() finds, types ofType() asks', () => {
    const bundle = {
      resourceType: 'Bundle',
      type: 'message',
      entry: [
        {
          fullUrl: 'urn:uuid:1',
          resource: {
            resourceType: 'ServiceRequest',
            status: 'active',
            subject: { reference: 'urn:uuid:2' },
            occurrenceDateTime: '2026-01-01',
            note: [{ text: 'n' }],
          },
        },
        {
          fullUrl: 'urn:uuid:2',
          resource: { resourceType: 'Patient', birthDate: '1941', _birthDate: { id: 'b' }, gender: 'female' },
        },
      ],
    };
    const request = 'entry.resource.ofType(ServiceRequest)';
    const yaml = reading(
      'fhir',
      `birthDate: "{{ ${request}.subject.resolve().birthDate }}"\ndeceasedDateTime: "{{ ${request}.occurrence }}"`,
    );
    expect(unread(yaml, 'fhir', JSON.stringify(bundle)).map((one) => one.replace(/ \d+:\w+$/, ''))).toEqual([
      '$.resourceType',
      '$.type',
      '$.entry[0].fullUrl',
      '$.entry[0].resource.status',
      '$.entry[0].resource.note[0].text',
      '$.entry[1].resource._birthDate.id',
      '$.entry[1].resource.gender',
    ]);
  });

  it.each([
    ['entry.resource.where($this is Patient).birthDate', []],
    ['(entry.resource.first() as Patient).birthDate', []],
    ['entry.resource.birthDate', ['$.entry[0].resource.resourceType']],
  ])('of FHIR: the type is read where it is asked for: %s', (expression, types) => {
    const bundle = { resourceType: 'Bundle', entry: [{ resource: { resourceType: 'Patient', birthDate: '1941' } }] };
    const found = unread(reading('fhir', `birthDate: "{{ ${expression} }}"`), 'fhir', JSON.stringify(bundle));
    expect(found.map((one) => one.replace(/ \d+:\w+$/, ''))).toEqual(['$.resourceType', ...types]);
  });

  it('out of FHIR: elements of the routed resource and of what it refers to, and no wrapping', () => {
    const yaml = `mapping: 1
direction: out
output: { format: json }
body: { who: "{{ subject.resolve().name.family }}", state: "{{ status }}" }
`;
    const bundle = {
      resourceType: 'Bundle',
      entry: [
        {
          resource: {
            resourceType: 'ServiceRequest',
            id: 's',
            meta: { versionId: '1' },
            status: 'active',
            subject: { reference: 'Patient/p' },
            note: [{ text: 'n' }],
          },
        },
        { resource: { resourceType: 'Patient', id: 'p', name: [{ family: 'Booth', given: ['Ada'] }] } },
      ],
    };
    expect(unread(yaml, 'fhir', JSON.stringify(bundle)).map((one) => one.replace(/ \d+:\w+$/, ''))).toEqual([
      '$.entry[0].resource.note[0].text',
      '$.entry[1].resource.name[0].given[0]',
    ]);
  });

  it('leaves out what the mapping ignores with a reason', () => {
    const yaml = reading('json', 'a: "{{ a }}"', 'ignore:\n  shoe: Nobody needs it.\n');
    expect(unread(yaml, 'json', '{"a":1,"shoe":{"size":7},"hat":8}')).toEqual(['$.hat 1:32']);
  });
});
