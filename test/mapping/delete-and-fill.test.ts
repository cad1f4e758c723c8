import type { Resource } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import { GinnelError } from '../../src/kernel/errors.ts';
import { CASE_CONTEXT } from '../../src/mapping/cases.ts';
import { lintMapping } from '../../src/mapping/lint.ts';
import { toTransactionBundle } from '../../src/mapping/transaction-bundle.ts';
import { unreadFields } from '../../src/mapping/unread-fields.ts';
import { mergeEntry } from '../../src/message/merge-policy.ts';
import { loadText, mappingsFolder, mustLoad, parseText, places, runIn } from './support.ts';

const MAPPING = `mapping: 1
direction: in
input: { format: hl7v2 }
entries:
  - name: patient
    write: merge
    union: [identifier]
    fill: [name, deceased]
    remove:
      address: "{{ PID.11 }}"
      birthDate: "{{ PID.7.1 }}"
      deceased: "{{ PID.29 | PID.30 }}"
      telecom: "{{ PID.13.hl7Null().allTrue() and PID.13.exists() }}"
    identifier: { system: urn:x, value: "{{ PID.3.1 }}" }
    resource:
      resourceType: Patient
      name: [{ family: "{{ PID.5.1 }}" }]
      birthDate: "{{ PID.7.1.date('hl7') }}"
      "{% if PID.8.exists() %}":
        deceasedDateTime: "{{ PID.29.1.dateTime('hl7') }}"
      address: [{ use: home, city: "{{! PID.11.3 }}" }]
`;

function run(pid: string) {
  const result = runIn(mustLoad(MAPPING), `MSH|^~\\&|A\rPID|${pid}\r`);
  if (!result.ok) throw new GinnelError(result.issues);
  const [entry] = result.value;
  if (entry === undefined) throw new Error('There is an entry.');
  return entry;
}

const STORED = {
  resourceType: 'Patient',
  name: [{ family: 'Booth', given: ['Ada', 'May'] }],
  birthDate: '1941-05-03',
  _birthDate: { extension: [{ url: 'urn:t', valueTime: '10:00:00' }] },
  deceasedBoolean: false,
  address: [{ city: 'Wigan' }],
} as unknown as Resource;

describe('HL7 v2 "" and a field that is absent', () => {
  it('are told apart: "" removes the stored element, and absence leaves it alone', () => {
    const deleted = run('1||7||Booth||""|F|||""||||||||||||||||||""');
    expect(deleted.remove).toEqual(['address', 'birthDate', 'deceasedBoolean', 'deceasedDateTime']);
    expect(deleted.resource).toEqual({
      resourceType: 'Patient',
      identifier: [{ system: 'urn:x', value: '7' }],
      name: [{ family: 'Booth' }],
    });
    expect(mergeEntry(STORED, deleted.resource, deleted)).toEqual({
      resourceType: 'Patient',
      identifier: [{ system: 'urn:x', value: '7' }],
      name: [{ family: 'Booth', given: ['Ada', 'May'] }],
    });
    const absent = run('1||7');
    expect(absent.remove).toEqual([]);
    expect(mergeEntry(STORED, absent.resource, absent)).toEqual({
      ...STORED,
      identifier: [{ system: 'urn:x', value: '7' }],
    });
  });

  it('a value among the repetitions of a field is no request to delete', () => {
    expect(run('1||7||||||||||||').remove).toEqual([]);
    expect(run('1||7||||||||^^Wigan||""^PRN').remove).toEqual([]);
    expect(run('1||7||||||||^^Wigan||""').remove).toEqual(['telecom']);
  });

  it('a field that was asked to be deleted has been read', () => {
    const payload = parseText('hl7v2', 'MSH|^~\\&\rPID|||7||||""||||""||""\r');
    expect(unreadFields(mustLoad(MAPPING), payload, CASE_CONTEXT)).toEqual([]);
  });

  it('stands in the transaction Bundle', () => {
    const [entry] = toTransactionBundle([run('1||7||||""')]).entry ?? [];
    expect(
      entry?.request?.extension?.map(({ url, valueCode, valueString }) => [url, valueCode ?? valueString]),
    ).toEqual([
      ['https://ginnel.example/fhir/StructureDefinition/write-mode', 'merge'],
      ['https://ginnel.example/fhir/StructureDefinition/write-remove', 'birthDate'],
      ['https://ginnel.example/fhir/StructureDefinition/write-fill', 'name'],
      ['https://ginnel.example/fhir/StructureDefinition/write-fill', 'deceasedBoolean'],
      ['https://ginnel.example/fhir/StructureDefinition/write-fill', 'deceasedDateTime'],
    ]);
  });
});

describe('an element that only fills', () => {
  const sent = { resourceType: 'Patient', name: [{ family: 'B' }], deceasedDateTime: '2026-03-01' } as Resource;
  const policy = { union: [], fill: ['name', 'deceasedBoolean', 'deceasedDateTime'], remove: [] };

  it('is set where nothing is stored', () => {
    expect(mergeEntry({ resourceType: 'Patient' }, sent, policy)).toEqual(sent);
  });

  it('leaves alone what is stored, whatever the spelling of a choice', () => {
    expect(mergeEntry(STORED, sent, policy)).toEqual(STORED);
  });

  it('is set where the same message deletes it', () => {
    const merged = mergeEntry(STORED, { resourceType: 'Patient', gender: 'female' }, { ...policy, remove: ['name'] });
    expect(merged).toEqual({ ...STORED, name: undefined, gender: 'female' });
  });

  it('without it, a choice that is sent takes the place of one stored under another spelling', () => {
    const merged = mergeEntry(STORED, sent, { ...policy, fill: [] });
    expect(merged).toMatchObject({ deceasedDateTime: '2026-03-01' });
    expect(merged).not.toHaveProperty('deceasedBoolean');
  });
});

describe('the keys fill and remove', () => {
  const issuesOf = (from: string, to: string) => places(loadText(MAPPING.replace(from, to)).issues);

  it.each([
    ['an element that the type does not have', 'fill: [name, deceased]', 'fill: [nam]', '8:11'],
    ['an element to remove that the type does not have', 'address: "{{ PID.11', 'adress: "{{ PID.11', '10:7'],
    ['what a message may not remove', 'address: "{{ PID.11', 'identifier: "{{ PID.11', '10:7'],
    ['a removal that is no expression', '"{{ PID.11 }}"', 'yes', '10:7'],
    ['a list of removals', 'address: "{{ PID.11 }}"', '"{% if x %}": "{{ PID.11 }}"', '10:7'],
    ['an element both joined and filled', 'union: [identifier]', 'union: [name]', '5:5'],
  ])('refuse %s', (_what, from, to, place) => {
    expect(issuesOf(from, to)).toEqual([['mapping-syntax', undefined, place]]);
  });

  it('refuse an entry that is not merged', () => {
    const found = issuesOf('write: merge\n    union: [identifier]\n', 'write: replace\n');
    expect(found.map(([code]) => code)).toEqual(['mapping-syntax', 'mapping-syntax']);
  });

  it('are read by lint: an assignment that only a removal uses is in use', () => {
    const yaml = MAPPING.replace('entries:', 'assign: { gone: "{{ PID.11 }}" }\nentries:').replace(
      'address: "{{ PID.11 }}"',
      'address: "{{ %gone }}"',
    );
    const unused = lintMapping(mappingsFolder({ 'a/b/mapping.yaml': yaml }), 'a/b').filter(
      ({ code }) => code === 'mapping-unused',
    );
    expect(unused).toEqual([]);
  });
});
