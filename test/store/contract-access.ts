import type { Consent } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import { passesConsents } from '../../src/access/consents.ts';
import type { ConsentRow } from '../../src/fhir/consent.ts';
import type { AccessClause, AccessLimits, ConsentLimits } from '../../src/fhir/search-access.ts';
import type { Store } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import { commitOf, reference, sampleRule, sampleWrite, searchOf, token } from './support/samples.ts';

const NOW = '2026-03-02T09:00:00.000Z';
const limits = (over: Partial<AccessLimits>): AccessLimits => ({
  clauses: [],
  patient: undefined,
  unrestrictedOnly: false,
  consent: undefined,
  ...over,
});
const clause = (over: Partial<AccessClause>): AccessClause => ({
  whose: 'anyone',
  filters: [],
  hiddenLabels: [],
  ...over,
});

async function find(store: Store, access: AccessLimits): Promise<{ ids: string[]; total: number | undefined }> {
  const page = await store.search({ ...searchOf([]), total: true, access });
  return { ids: page.matches.map(({ id }) => id), total: page.total };
}

/** What one caller may find, as a part of the search, and the facts that decide on one resource. */
export function describeAccessContract(subject: Subject): void {
  describe('access', () => {
    it('finds by relationship, registration, patient and label, and counts no more', async () => {
      const { store } = subject();
      await store.commit(
        commitOf({
          writes: [
            sampleWrite('r1', { patient: 'p1', organisations: ['Organization/a'] }),
            sampleWrite('r2', { patient: 'p2', organisations: ['Organization/b'] }),
            sampleWrite('r3', { patient: 'p1', index: [token('_security', 'V')] }),
            sampleWrite('r4', { patient: null }),
            sampleWrite('p3', { type: 'Patient', patient: 'p3', organisations: ['Organization/a'] }),
            sampleWrite('r5', { patient: 'p3' }),
          ],
        }),
      );
      const related = (...organisations: string[]) => clause({ whose: { organisations, registered: false } });
      expect(await find(store, limits({}))).toEqual({ ids: [], total: 0 });
      expect(await find(store, limits({ clauses: [clause({})] }))).toMatchObject({ total: 5 });
      expect(await find(store, limits({ clauses: [related('Organization/a')] }))).toEqual({
        ids: ['r1', 'r3', 'r5'],
        total: 3,
      });
      expect(await find(store, limits({ clauses: [related()] }))).toEqual({ ids: [], total: 0 });
      const registered = clause({ whose: { organisations: ['Organization/a'], registered: true } });
      expect(await find(store, limits({ clauses: [registered] }))).toEqual({ ids: ['r5'], total: 1 });
      expect(await find(store, limits({ clauses: [clause({ whose: 'nobody' })] }))).toEqual({ ids: ['r4'], total: 1 });
      expect(await find(store, limits({ clauses: [clause({ whose: { patient: 'p2' } })] }))).toMatchObject({
        total: 1,
      });
      const unlabelled = clause({ hiddenLabels: ['R', 'V'] });
      expect(await find(store, limits({ clauses: [unlabelled], patient: 'p1' }))).toEqual({
        ids: ['r1', 'r4'],
        total: 2,
      });
      const both = [related('Organization/b'), clause({ whose: 'nobody' })];
      expect(await find(store, limits({ clauses: both }))).toEqual({ ids: ['r2', 'r4'], total: 2 });
    });

    it('decides by consents as one resource is decided on, whatever they say', async () => {
      const { store } = subject();
      const cases: readonly (readonly ConsentRow[])[] = [
        [],
        [sampleRule({})],
        [sampleRule({ actor: 'a' })],
        [sampleRule({ actor: 'z' })],
        [sampleRule({}), sampleRule({ rank: 2, decision: 'permit', actor: 'a' })],
        [sampleRule({ decision: 'permit', actor: 'a' })],
        [sampleRule({ decision: 'permit' })],
        [sampleRule({ decision: 'permit', actor: 'a' }), sampleRule({ rank: 2, type: 'ServiceRequest' })],
        [sampleRule({ purpose: 'HRESCH' })],
        [sampleRule({ purpose: 'BTG' })],
        [sampleRule({ until: NOW })],
        [sampleRule({ from: NOW })],
        [sampleRule({ from: '2026-03-02T09:00:00.001Z' })],
      ];
      await store.commit(
        commitOf({
          writes: cases.flatMap((consents, index) => [
            sampleWrite(`r${String(index).padStart(2, '0')}`, { patient: `p${index}` }),
            sampleWrite(`c${index}`, { type: 'Consent', patient: `p${index}`, consents }),
          ]),
        }),
      );
      for (const overrides of [false, true]) {
        for (const explicit of [false, true]) {
          const purposes = overrides ? ['TREAT', 'BTG'] : ['TREAT'];
          const consent: ConsentLimits = { actors: ['a', 'b'], purposes, now: NOW, overrides, explicit };
          const found = await find(store, limits({ clauses: [clause({})], consent }));
          const facts = await store.patientFacts({ patients: cases.map((_, index) => `p${index}`), organisations: [] });
          const passing = facts.flatMap(({ consents }, index) =>
            passesConsents(consents, 'ServiceRequest', consent) ? [`r${String(index).padStart(2, '0')}`] : [],
          );
          expect(found).toEqual({ ids: passing, total: passing.length });
        }
      }
    });

    it('finds what concerns several patients where it may be found of each, and of what it refers to', async () => {
      const { store } = subject();
      const member = (...ids: string[]) => ids.map((id) => reference('patient', 'Patient', id));
      const target = (type: string, id: string) => [reference('target', type, id), reference('agent', type, 'p4')];
      await store.commit(
        commitOf({
          writes: [
            sampleWrite('p1', { type: 'Patient', patient: 'p1', organisations: ['Organization/a'] }),
            sampleWrite('p2', { type: 'Patient', patient: 'p2', organisations: ['Organization/a'] }),
            sampleWrite('p3', { type: 'Patient', patient: 'p3' }),
            sampleWrite('p4', { type: 'Patient', patient: 'p4', index: [token('_security', 'R')] }),
            sampleWrite('c2', { type: 'Consent', patient: 'p2', consents: [sampleRule({ actor: 'a' })] }),
            sampleWrite('s4', { patient: 'p4' }),
            sampleWrite('s5', { patient: 'p4', deleted: true, content: '' }),
            sampleWrite('a1', { type: 'Appointment', patient: 'p1', index: member('p1') }),
            sampleWrite('a2', { type: 'Appointment', patient: 'p1', index: member('p1', 'p2') }),
            sampleWrite('a3', { type: 'Appointment', patient: 'p1', index: member('p1', 'p3') }),
            sampleWrite('a4', { type: 'Appointment', patient: 'p1', index: member('p1', 'p4') }),
            sampleWrite('a5', { type: 'Appointment', patient: 'p1', index: [reference('patient', '', 'https://x')] }),
            sampleWrite('o1', { type: 'Provenance', index: target('ServiceRequest', 'none') }),
            sampleWrite('o2', { type: 'Provenance', index: target('Patient', 'p3') }),
            sampleWrite('o3', { type: 'Provenance', index: target('Patient', 'p4') }),
            sampleWrite('o4', { type: 'Provenance', index: target('ServiceRequest', 's4') }),
            sampleWrite('o5', { type: 'Provenance', index: target('ServiceRequest', 's5') }),
          ],
        }),
      );
      const ids = async (type: string, access: AccessLimits): Promise<string[]> => {
        const page = await store.search({ ...searchOf([]), type, total: true, access });
        expect(page.total).toBe(page.matches.length);
        return page.matches.map(({ id }) => id);
      };
      const open = [clause({})];
      const related = [clause({ whose: { organisations: ['Organization/a'], registered: false } })];
      const consent: ConsentLimits = {
        actors: ['a'],
        purposes: ['TREAT'],
        now: NOW,
        overrides: false,
        explicit: false,
      };
      expect(await ids('Appointment', limits({ clauses: open }))).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
      expect(await ids('Appointment', limits({ clauses: related }))).toEqual(['a1', 'a2', 'a5']);
      expect(await ids('Appointment', limits({ clauses: open, consent }))).toEqual(['a1', 'a3', 'a4', 'a5']);
      expect(await ids('Appointment', limits({ clauses: open, patient: 'p1' }))).toEqual(['a1', 'a5']);
      const opened = [clause({ whose: { patient: 'p1' } })];
      expect(await ids('Appointment', limits({ clauses: opened }))).toEqual(['a1', 'a5']);
      const unrestricted = limits({ clauses: open, unrestrictedOnly: true });
      expect(await ids('Appointment', unrestricted)).toEqual(['a1', 'a2', 'a3', 'a5']);
      expect(await ids('Provenance', unrestricted)).toEqual(['o1', 'o2']);
    });

    it('tells of patients which of the organisations they are related to, and whether they are restricted', async () => {
      const { store } = subject();
      await store.commit(
        commitOf({
          writes: [
            sampleWrite('p1', {
              type: 'Patient',
              patient: 'p1',
              organisations: ['Organization/a'],
              index: [token('_security', 'R')],
            }),
            sampleWrite('r1', { patient: 'p1', organisations: ['x|1', 'Organization/c'] }),
            sampleWrite('p2', { type: 'Patient', patient: 'p2' }),
          ],
        }),
      );
      const request = { patients: ['p2', 'p1'], organisations: ['Organization/a', 'x|1', 'Organization/b'] };
      const [second, first] = await store.patientFacts(request);
      expect([...(first?.related ?? [])].sort()).toEqual(['Organization/a', 'x|1']);
      expect([...(first?.registered ?? [])]).toEqual(['Organization/a']);
      expect([first?.restricted, second?.restricted, second?.related.size]).toEqual([true, false, 0]);
      const [alone] = await store.patientFacts({ patients: ['p1'], organisations: [] });
      expect([alone?.restricted, alone?.related.size]).toEqual([true, 0]);
    });

    it('lets go of what a Consent said when it says something else, and when it is deleted', async () => {
      const { store } = subject();
      const rules = async (): Promise<string[]> => {
        const [facts] = await store.patientFacts({ patients: ['p1'], organisations: [] });
        return facts?.consents.map(({ decision, consent }) => `${consent} ${decision}`) ?? [];
      };
      const version = (number: number, consents: readonly ConsentRow[], deleted = false) =>
        sampleWrite('c1', { type: 'Consent', patient: 'p1', version: number, consents, deleted });
      await store.commit(commitOf({ writes: [version(1, [sampleRule({})])] }));
      expect(await rules()).toEqual(['c1 deny']);
      await store.commit(commitOf({ writes: [version(2, [sampleRule({ decision: 'permit' })])] }));
      expect(await rules()).toEqual(['c1 permit']);
      await store.commit(commitOf({ writes: [version(3, [], true)] }));
      expect(await rules()).toEqual([]);
    });

    it('denies by a Consent that was there before, until its rules are made', async () => {
      const opened = subject();
      const { store } = opened;
      const consent: Consent = {
        resourceType: 'Consent',
        id: 'c1',
        status: 'active',
        scope: {},
        category: [],
      };
      await store.commit(
        commitOf({ writes: [sampleWrite('c1', { type: 'Consent', patient: 'p1', content: JSON.stringify(consent) })] }),
      );
      await opened.tamper(
        `INSERT INTO consent_rule VALUES ('p1', 'Consent', 'c1', -1, 0, 'deny', '', '', '', '0000', '9999')`,
      );
      const [unread] = await store.consentsUnread();
      expect(unread?.id).toBe('c1');
      if (unread === undefined) return;
      await store.putConsentRules({ ...unread, version: 7 }, []);
      expect((await store.consentsUnread()).length).toBe(1);
      await store.putConsentRules(unread, [sampleRule({ decision: 'permit', actor: 'a' })]);
      expect(await store.consentsUnread()).toEqual([]);
      const [facts] = await store.patientFacts({ patients: ['p1'], organisations: [] });
      expect(facts?.consents).toMatchObject([{ decision: 'permit', actor: 'a', rank: 1 }]);
    });
  });
}
