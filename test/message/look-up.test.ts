import type { Patient } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import type { MappedEntry } from '../../src/mapping/mapping.ts';
import { lookUp } from '../../src/message/look-up.ts';
import type { CheckedMessage } from '../../src/message/message.ts';
import type { BusinessIdentifier, StoredResource } from '../../src/store/store.ts';

const NHS = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' };
const OWN = { system: 'urn:hospital', value: 'H1' };

interface Held {
  readonly patient: object;
  readonly claims?: readonly BusinessIdentifier[];
}

/** A store of Patients, found by what they carry as strings. */
function storeOf(held: Readonly<Record<string, Held>>) {
  const carries = ({ patient }: Held, { system, value }: BusinessIdentifier): boolean =>
    ((patient as Patient).identifier ?? []).some((one) => one?.system === system && one?.value === value);
  return {
    findByIdentifier: async (_type: string, identifier: BusinessIdentifier) =>
      Object.keys(held).filter((id) => carries(held[id] as Held, identifier)),
    read: async (type: string, id: string) =>
      ({ type, id, version: 1, deleted: false, content: JSON.stringify(held[id]?.patient) }) as StoredResource,
    claimsOf: async (_type: string, id: string) => [...(held[id]?.claims ?? [])],
  };
}

function messageOf(patient: object, more: Partial<MappedEntry> = {}): CheckedMessage {
  const resource = { resourceType: 'Patient', ...patient };
  const entry = {
    name: 'patient',
    resource,
    write: 'merge',
    union: [],
    fill: [],
    remove: [],
    identifier: NHS,
    ...more,
  };
  return { entries: [entry], checked: true } as unknown as CheckedMessage;
}

describe('what a message is looked up by', () => {
  it('is the sender’s own number too, where nothing has the NHS number', async () => {
    const store = storeOf({ a: { patient: { identifier: [OWN] }, claims: [OWN] } });
    const known = await lookUp(store, messageOf({ identifier: [NHS, OWN] }));
    expect([known.current.get('patient')?.id, known.claims.get('patient'), known.ambiguous]).toEqual(['a', [OWN], []]);
  });

  it.each([
    ['that leaves alone what exists', { write: 'create' }],
    ['that only fills in identifiers', { fill: ['identifier'] }],
    ['that deletes identifiers', { remove: ['identifier'] }],
  ] as [string, Partial<MappedEntry>][])(
    'is the NHS number alone for an entry %s, which would not write it',
    async (_what, more) => {
      const store = storeOf({ a: { patient: { identifier: [OWN] } } });
      expect((await lookUp(store, messageOf({ identifier: [NHS, OWN] }, more))).current.size).toBe(0);
    },
  );

  it('may be what is no identifier and no date, as a channel may let pass', async () => {
    const rubbish = [{ system: OWN.system, value: 12 }, null, 'x', {}, OWN];
    const store = storeOf({ a: { patient: { identifier: [null, OWN], birthDate: 19470302, link: {} } } });
    const known = await lookUp(store, messageOf({ identifier: rubbish, birthDate: 19470302 }));
    expect(known.current.get('patient')?.id).toBe('a');
  });

  it('leads to nobody where the own number leads to two', async () => {
    const store = storeOf({ a: { patient: { identifier: [OWN] } }, b: { patient: { identifier: [OWN] } } });
    const known = await lookUp(store, messageOf({ identifier: [NHS, OWN] }));
    expect([known.current.size, known.ambiguous]).toEqual([0, ['patient']]);
  });

  it('names the record that was made by it, of several that carry it; without such a one it is ambiguous', async () => {
    const both = (claims: readonly BusinessIdentifier[]) =>
      storeOf({
        a: { patient: { identifier: [NHS, OWN] }, claims: [NHS] },
        b: { patient: { identifier: [OWN] }, claims },
      });
    const message = messageOf({ identifier: [OWN] }, { identifier: OWN });
    const made = await lookUp(both([OWN]), message);
    expect([made.current.get('patient')?.id, made.ambiguous]).toEqual(['b', []]);
    const unmade = await lookUp(both([]), message);
    expect([unmade.current.size, unmade.ambiguous]).toEqual([0, ['patient']]);
  });
});
