import type { Patient, Resource } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createIndexer } from '../../src/fhir/index-resource.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { fixedClock } from '../../src/kernel/clock.ts';
import { stableUuid } from '../../src/kernel/ids.ts';
import type { Result } from '../../src/kernel/result.ts';
import type { MappedEntry } from '../../src/mapping/mapping.ts';
import type { CheckedMessage, PlannedMessage, ReceivedMessage } from '../../src/message/message.ts';
import { planMessage, stampWrite } from '../../src/message/plan.ts';
import type { StoredResource } from '../../src/store/store.ts';

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const definitions = openDefinitions();
const parts = {
  indexer: createIndexer(definitions, { baseUrl: 'http://localhost/fhir' }),
  validator: createValidator({ definitions }),
  clock: fixedClock('2026-03-02T09:00:00.000Z'),
};
const received = { id: 'message-1', partner: 'gp', channel: 'referrals' } as ReceivedMessage;

function entry(name: string, resource: Resource, more: Partial<MappedEntry> = {}): MappedEntry {
  return {
    name,
    resource,
    write: 'merge',
    union: ['identifier'],
    fill: [],
    remove: [],
    fullUrl: `urn:uuid:${stableUuid(name)}`,
    identifier: { system: 'urn:gp', value: name },
    ...more,
  } as MappedEntry;
}

function message(...entries: MappedEntry[]): CheckedMessage {
  return { received, entries, checked: true };
}

/** A resource as the store gives it. */
function stored(resource: Resource, id: string, version = 1): StoredResource {
  const write = stampWrite(
    resource,
    { id, version, lastUpdated: '2026-01-01T00:00:00.000Z', source: undefined, claims: [], messageId: null },
    parts.indexer,
  );
  return { ...write };
}

function plan(
  entries: MappedEntry[],
  current: Record<string, StoredResource> = {},
  ambiguous: string[] = [],
): Result<PlannedMessage> {
  return planMessage(
    message(...entries),
    { current: new Map(Object.entries(current)), claims: new Map(), ambiguous, doubled: [] },
    parts,
  );
}

function writesOf(planned: Result<PlannedMessage>): { name: string; version: number; content: Patient; id: string }[] {
  if (!planned.ok) throw new Error(planned.issues.map(({ text }) => text).join());
  return planned.value.writes.map(({ name, write }) => ({
    name,
    version: write.version,
    id: write.id,
    content: JSON.parse(write.content) as Patient,
  }));
}

const codesOf = (planned: Result<PlannedMessage>): string[] =>
  planned.ok ? [] : planned.issues.map(({ code }) => code);

const iris: Patient = { resourceType: 'Patient', identifier: [{ system: 'urn:gp', value: 'iris' }], active: true };

describe('planning a message’s writes', () => {
  it('gives what is new an id of ours, version 1, its source, and the claim to its identifier', () => {
    const planned = plan([entry('iris', iris)]);
    const [write] = writesOf(planned);
    expect(write).toMatchObject({ version: 1, content: { id: write?.id, active: true } });
    expect(write?.content.meta).toEqual({
      versionId: '1',
      lastUpdated: '2026-03-02T09:00:00.000Z',
      source: 'urn:ginnel:partner:gp#message-1',
    });
    expect(planned.ok && planned.value.writes[0]?.write.claims).toEqual([{ system: 'urn:gp', value: 'iris' }]);
  });

  it('claims the NHS number of a Patient, whatever the entry is found by', () => {
    const numbered = { ...iris, identifier: [{ system: NHS_NUMBER, value: '9990000018' }] };
    const planned = plan([entry('iris', numbered)]);
    expect(planned.ok && planned.value.writes[0]?.write.claims).toContainEqual({
      system: NHS_NUMBER,
      value: '9990000018',
    });
  });

  it('keeps what the stored resource alone may hold, as far as it still carries it', () => {
    const mrn = { system: 'urn:hospital', value: 'H1' };
    const gone = { system: 'urn:hospital', value: 'H0' };
    const before = stored({ ...iris, identifier: [...(iris.identifier ?? []), mrn] }, 'p1');
    const planned = planMessage(
      message(entry('iris', { ...iris, active: false })),
      { current: new Map([['iris', before]]), claims: new Map([['iris', [mrn, gone]]]), ambiguous: [], doubled: [] },
      parts,
    );
    expect(planned.ok && planned.value.writes[0]?.write.claims).toEqual([{ system: 'urn:gp', value: 'iris' }, mrn]);
  });

  it('leaves what exists alone where the entry says create', () => {
    const planned = plan([entry('iris', { ...iris, active: false }, { write: 'create' })], {
      iris: stored(iris, 'p1', 4),
    });
    expect(writesOf(planned)).toEqual([]);
  });

  it('overwrites where it says replace', () => {
    const before = stored({ ...iris, birthDate: '1950-01-01' }, 'p1', 4);
    const [write] = writesOf(plan([entry('iris', { ...iris, active: false }, { write: 'replace' })], { iris: before }));
    expect(write).toMatchObject({ id: 'p1', version: 5, content: { active: false } });
    expect(write?.content.birthDate).toBeUndefined();
  });

  it.each(['replace', 'merge'] as const)('lifts no restriction by %s: whoever sends may not know of it', (write) => {
    const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' };
    const before = stored({ ...iris, meta: { security: [label] } }, 'p1', 4);
    const [written] = writesOf(plan([entry('iris', { ...iris, active: false }, { write })], { iris: before }));
    expect(written?.content).toMatchObject({ active: false, meta: { security: [label] } });
    expect(writesOf(plan([entry('iris', iris, { write })], { iris: before }))).toEqual([]);
  });

  it('keeps what was not sent where it says merge', () => {
    const before = stored({ ...iris, birthDate: '1950-01-01' }, 'p1', 4);
    const [write] = writesOf(plan([entry('iris', { ...iris, active: false })], { iris: before }));
    expect(write).toMatchObject({ id: 'p1', version: 5, content: { active: false, birthDate: '1950-01-01' } });
  });

  it('leaves out what would change nothing', () => {
    for (const write of ['create', 'replace', 'merge'] as const) {
      const before = stored(iris, 'p1', 4);
      expect(writesOf(plan([entry('iris', iris, { write })], { iris: before }))).toEqual([]);
    }
  });

  it('points references between entries at the ids that they have or get', () => {
    const team = entry('team', {
      resourceType: 'CareTeam',
      subject: { reference: entry('iris', iris).fullUrl },
      participant: [{ member: { reference: 'urn:uuid:somebody-else' } }],
    } as Resource);
    const [first] = writesOf(plan([entry('iris', iris), team], { iris: stored(iris, 'p1') }));
    expect(first?.content).toMatchObject({
      subject: { reference: 'Patient/p1' },
      participant: [{ member: { reference: 'urn:uuid:somebody-else' } }],
    });
    const [patient, fresh] = writesOf(plan([entry('iris', iris), team]));
    expect(fresh?.content).toMatchObject({ subject: { reference: `Patient/${patient?.id}` } });
  });

  it('refuses what more than one stored resource answers to, without naming anything of the message', () => {
    const planned = plan([entry('patient-9990000018', iris)], {}, ['patient-9990000018']);
    expect(codesOf(planned)).toEqual(['multiple-matches']);
    expect(JSON.stringify(planned.issues)).not.toContain('9990000018');
    expect(JSON.stringify(planned.issues)).toContain('Patient');
  });

  it('refuses two entries that are one stored resource: they could not both be its next version', () => {
    const one = stored(iris, 'p1');
    const planned = plan([entry('a', iris), entry('b', { ...iris, active: false })], { a: one, b: one });
    expect(codesOf(planned)).toEqual(['multiple-matches']);
  });

  it('refuses two new entries that claim one NHS number, but not two types with one identifier', () => {
    const numbered = { ...iris, identifier: [{ system: NHS_NUMBER, value: '9990000018' }] };
    expect(codesOf(plan([entry('a', numbered), entry('b', numbered)]))).toEqual(['identifier-conflict']);
    const identifier = { system: 'urn:user', value: '1' };
    const planned = plan([
      entry('a', { resourceType: 'Practitioner' }, { identifier }),
      entry('b', { resourceType: 'PractitionerRole' }, { identifier }),
    ]);
    expect(writesOf(planned).length).toBe(2);
  });

  it('checks a merged resource again: two valid halves can make an invalid whole', () => {
    const request: Resource = {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      code: { text: 'Occupational therapy' },
      orderDetail: [{ text: 'Raised toilet seat' }],
      subject: { reference: 'Patient/p1' },
    };
    const before = stored(request, 's1');
    const { orderDetail: _details, ...sent } = request;
    expect(plan([entry('referral', sent, { remove: ['orderDetail'] })], { referral: before }).ok).toBe(true);
    const planned = plan([entry('referral', sent, { remove: ['code'] })], { referral: before });
    expect(planned.issues.map(({ text }) => text).join()).toContain('prr-1');
    expect(planned.ok).toBe(false);
  });
});
