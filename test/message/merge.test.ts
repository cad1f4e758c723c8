import type { Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, mergeResource, sameContent } from '../../src/message/merge.ts';

const UNION = ['identifier', 'participant', 'given'];

const identifier = fc.record(
  {
    system: fc.constantFrom('urn:a', 'urn:b'),
    value: fc.constantFrom('1', '2', '3'),
    use: fc.constantFrom('official', 'old'),
    period: fc.record({ start: fc.constantFrom('2020', '2021') }),
  },
  { requiredKeys: ['system', 'value'] },
);
const role = fc.record({
  coding: fc.array(fc.record({ system: fc.constant('urn:r'), code: fc.constantFrom('x', 'y') })),
});
const participant = fc.record(
  {
    member: fc.record({ reference: fc.constantFrom('Practitioner/1', 'Practitioner/2') }),
    role: fc.array(role, { maxLength: 2 }),
    period: fc.record({ start: fc.constantFrom('2020', '2021') }),
  },
  { requiredKeys: ['member'] },
);
/** A thing with lists that are joined, a list that is not, and an element of its own. */
const anything = fc.record(
  {
    resourceType: fc.constant('CareTeam'),
    meta: fc.record(
      {
        profile: fc.uniqueArray(fc.constantFrom('urn:p1', 'urn:p2', 'urn:p3')),
        security: fc.uniqueArray(fc.record({ system: fc.constant('urn:s'), code: fc.constantFrom('R', 'N') }), {
          selector: ({ code }) => code,
        }),
      },
      { requiredKeys: [] },
    ),
    identifier: fc.array(identifier, { maxLength: 4 }),
    participant: fc.array(participant, { maxLength: 4 }),
    given: fc.array(fc.constantFrom('Edie', 'Ann'), { maxLength: 3 }),
    note: fc.array(fc.record({ text: fc.string() }), { maxLength: 2 }),
    name: fc.string(),
    status: fc.constantFrom('active', 'inactive'),
  },
  { requiredKeys: ['resourceType'] },
) as fc.Arbitrary<Resource>;

const members = (resource: Resource): Record<string, unknown> => resource as unknown as Record<string, unknown>;

describe('merging what a partner sent with what is stored', () => {
  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(anything, anything, (stored, sent) => {
        const once = mergeResource(stored, sent, UNION);
        expect(mergeResource(once, sent, UNION)).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });

  it('changes nothing where what is sent is what is stored', () => {
    fc.assert(
      fc.property(anything, (stored) => {
        expect(mergeResource(stored, stored, UNION)).toEqual(stored);
      }),
    );
  });

  it('loses no element that was stored and not sent', () => {
    fc.assert(
      fc.property(anything, anything, (stored, sent) => {
        const merged = members(mergeResource(stored, sent, UNION));
        for (const [name, value] of Object.entries(stored)) {
          if (!(name in sent)) expect(merged[name]).toEqual(value);
        }
      }),
    );
  });

  it('takes every element that was sent, whole, where it is no joined list', () => {
    fc.assert(
      fc.property(anything, anything, (stored, sent) => {
        const merged = members(mergeResource(stored, sent, UNION));
        for (const [name, value] of Object.entries(sent)) {
          if (!UNION.includes(name) && name !== 'meta') expect(merged[name]).toEqual(value);
        }
      }),
    );
  });

  it('keeps every item of a joined list, stored or sent, and its stored order, and adds none of its own', () => {
    fc.assert(
      fc.property(fc.array(identifier, { maxLength: 6 }), fc.array(identifier, { maxLength: 6 }), (before, after) => {
        const stored = { resourceType: 'CareTeam', identifier: before } as unknown as Resource;
        const sent = { resourceType: 'CareTeam', identifier: after } as unknown as Resource;
        const keyOf = ({ system, value }: { system: string; value: string }): string => `${system}|${value}`;
        const merged = members(mergeResource(stored, sent, ['identifier'])).identifier as typeof before;
        expect(merged.slice(0, before.length).map(keyOf)).toEqual(before.map(keyOf));
        const count = (list: typeof before, key: string): number => list.filter((one) => keyOf(one) === key).length;
        for (const key of new Set([...before, ...after].map(keyOf)))
          expect(count(merged, key)).toBe(Math.max(count(before, key), count(after, key)));
      }),
    );
  });

  it('never drops a profile, a security label or a tag: who does not know of a restriction must not lift it', () => {
    const stored = {
      resourceType: 'Patient',
      meta: {
        versionId: '3',
        profile: ['urn:ours'],
        security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
      },
    } as Resource;
    const sent = { resourceType: 'Patient', meta: { profile: ['urn:theirs'] } } as Resource;
    expect(mergeResource(stored, sent, []).meta).toEqual({
      versionId: '3',
      profile: ['urn:ours', 'urn:theirs'],
      security: stored.meta?.security,
    });
  });

  it('keeps the members of an identifier that were not sent', () => {
    const verified = { url: 'urn:status', valueCode: 'verified' };
    const stored = {
      resourceType: 'Patient',
      identifier: [{ extension: [verified], system: 's', value: '1' }],
    } as Resource;
    const sent = { resourceType: 'Patient', identifier: [{ system: 's', value: '1', use: 'official' }] } as Resource;
    expect(members(mergeResource(stored, sent, ['identifier'])).identifier).toEqual([
      { extension: [verified], system: 's', value: '1', use: 'official' },
    ]);
  });

  it('takes one person in two roles for two participants, and in one role for one', () => {
    const as = (code: string): object => ({
      member: { reference: 'Practitioner/1' },
      role: [{ coding: [{ system: 'r', code }] }],
    });
    const team = (...participant: object[]): Resource => ({ resourceType: 'CareTeam', participant }) as Resource;
    const merge = (one: Resource, other: Resource): unknown => members(mergeResource(one, other, UNION)).participant;
    expect(merge(team(as('x')), team(as('y')))).toEqual([as('x'), as('y')]);
    expect(merge(team(as('x')), team({ ...as('x'), period: { start: '2026' } }))).toEqual([
      { ...as('x'), period: { start: '2026' } },
    ]);
  });

  it('does not change what it is given', () => {
    fc.assert(
      fc.property(anything, anything, (stored, sent) => {
        const [before, after] = [structuredClone(stored), structuredClone(sent)];
        mergeResource(stored, sent, UNION);
        expect([stored, sent]).toEqual([before, after]);
      }),
    );
  });
});

describe('the same content', () => {
  it('does not depend on the order of members, nor on what the store puts into meta', () => {
    fc.assert(
      fc.property(anything, (resource) => {
        const turned = Object.fromEntries(Object.entries(resource).reverse()) as unknown as Resource;
        const meta = { ...resource.meta, versionId: '9', lastUpdated: '2026-01-01T00:00:00Z', source: 'urn:x' };
        expect(sameContent(resource, { ...turned, meta } as Resource)).toBe(true);
      }),
    );
  });

  it('is not the same in another order of a list, for a list’s order says something', () => {
    expect(canonicalText([1, 2])).not.toBe(canonicalText([2, 1]));
  });
});
