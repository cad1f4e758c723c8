import type { Consent, ConsentProvision } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consentLimits, passesConsents } from '../../src/access/consents.ts';
import { flattenConsent } from '../../src/fhir/consent.ts';

const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';
const NOW = new Date('2026-03-02T09:00:00Z');
const actor = (value: string): NonNullable<ConsentProvision['actor']>[number] => ({
  role: { text: 'recipient' },
  reference: { identifier: { system: ODS, value } },
});

function consent(provision?: ConsentProvision, over: Partial<Consent> = {}): Consent {
  return {
    resourceType: 'Consent',
    id: 'c',
    status: 'active',
    scope: { coding: [{ code: 'patient-privacy' }] },
    category: [{ text: 'privacy' }],
    patient: { reference: 'Patient/p' },
    ...(provision === undefined ? {} : { provision }),
    ...over,
  } as Consent;
}

interface Asking {
  readonly by?: string;
  readonly type?: string;
  readonly purpose?: 'TREAT' | 'BTG';
  readonly explicit?: boolean;
}

function passes(consents: readonly Consent[], { by = 'ZZ1', type = 'CarePlan', ...asking }: Asking = {}): boolean {
  const rows = consents.flatMap((one, index) => flattenConsent(one).map((row) => ({ ...row, consent: String(index) })));
  const limits = consentLimits({
    actors: [`${ODS}|${by}`],
    purpose: asking.purpose ?? 'TREAT',
    explicit: asking.explicit ?? false,
    now: NOW,
  });
  return passesConsents(rows, type, limits);
}

describe('Consents (https://hl7.org/fhir/R4/consent.html)', () => {
  it.each<[string, readonly Consent[], Asking, boolean]>([
    ['direct care needs none', [], {}, true],
    ['others need one', [], { explicit: true }, false],
    ['an objection denies', [consent({ type: 'deny' })], {}, false],
    ['an objection to one denies that one', [consent({ type: 'deny', actor: [actor('ZZ1')] })], {}, false],
    ['and no other', [consent({ type: 'deny', actor: [actor('ZZ2')] })], {}, true],
    [
      'an exception to an objection permits',
      [consent({ type: 'deny', provision: [{ type: 'permit', actor: [actor('ZZ1')] }] })],
      {},
      true,
    ],
    [
      'an exception to the exception denies',
      [
        consent({
          type: 'deny',
          provision: [
            {
              type: 'permit',
              actor: [actor('ZZ1')],
              provision: [
                { type: 'deny', class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'CarePlan' }] },
              ],
            },
          ],
        }),
      ],
      {},
      false,
    ],
    [
      'a class is a resource type',
      [consent({ type: 'deny', class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'Observation' }] })],
      {},
      true,
    ],
    ['of two Consents the one that denies counts', [consent({ type: 'permit' }), consent({ type: 'deny' })], {}, false],
    ['opting out is an objection', [consent(undefined, { policyRule: { coding: [{ code: 'OPTOUT' }] } })], {}, false],
    ['implied consent says nothing', [consent(undefined, { policyRule: { coding: [{ code: 'IMPLIED' }] } })], {}, true],
    [
      'implied consent is no permission',
      [consent(undefined, { policyRule: { coding: [{ code: 'IMPLIED' }] } })],
      { explicit: true },
      false,
    ],
    ['a permission that names nobody is none to an outsider', [consent({ type: 'permit' })], { explicit: true }, false],
    ['one that names them is', [consent({ type: 'permit', actor: [actor('ZZ1')] })], { explicit: true }, true],
    [
      'the national data opt-out, research alone, never blocks care',
      [consent({ type: 'deny', purpose: [{ code: 'HRESCH' }] })],
      {},
      true,
    ],
    [
      'nor does a Consent about research',
      [consent({ type: 'deny' }, { scope: { coding: [{ code: 'research' }] } })],
      {},
      true,
    ],
    ['a withdrawn one says nothing', [consent({ type: 'deny' }, { status: 'inactive' })], {}, true],
    ['one that has not begun says nothing', [consent({ type: 'deny', period: { start: '2026-03-03' } })], {}, true],
    ['its last day is in it', [consent({ type: 'deny', period: { end: '2026-03-02' } })], {}, false],
    ['the day after is not', [consent({ type: 'deny', period: { end: '2026-03-01' } })], {}, true],
    ['an emergency goes before an objection', [consent({ type: 'deny' })], { purpose: 'BTG' }, true],
    [
      'but not before one that speaks of emergencies',
      [consent({ type: 'deny', purpose: [{ code: 'BTG' }] })],
      { purpose: 'BTG' },
      false,
    ],
    [
      'a denial of what we cannot tell apart denies all',
      [consent({ type: 'deny', code: [{ text: 'one illness' }] })],
      {},
      false,
    ],
    [
      'a permission of what we cannot tell apart permits nothing',
      [consent({ type: 'permit', actor: [actor('ZZ1')], code: [{ text: 'one illness' }] })],
      { explicit: true },
      false,
    ],
  ])('%s', (_what, consents, asking, expected) => {
    expect(passes(consents, asking)).toBe(expected);
  });

  it('a denial of everything without exceptions holds, whatever else is said', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ by: fc.constantFrom('ZZ1', 'ZZ2', 'ZZ3'), type: fc.constantFrom('permit', 'deny') }), {
          maxLength: 8,
        }),
        (others) => {
          const more = others.map(({ by, type }) => consent({ type: type as 'permit' | 'deny', actor: [actor(by)] }));
          expect(passes([...more, consent({ type: 'deny' })])).toBe(false);
        },
      ),
    );
  });

  it('one with more provisions than are kept denies', () => {
    const deep = Array.from({ length: 12 }).reduce<ConsentProvision>(
      (inner) => ({ type: 'permit', provision: [inner] }),
      { type: 'permit' },
    );
    expect(passes([consent(deep)])).toBe(false);
  });
});
