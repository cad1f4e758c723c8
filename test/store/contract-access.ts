import type { Consent } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import { passesConsents } from '../../src/access/consents.ts';
import type { ConsentRow } from '../../src/fhir/consent.ts';
import type { AccessClause, AccessLimits, ConsentLimits } from '../../src/fhir/search-access.ts';
import type { Store } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import { commitOf, sampleWrite, searchOf, token } from './support/samples.ts';

const NOW = '2026-03-02T09:00:00.000Z';
const row = (over: Partial<ConsentRow>): ConsentRow => ({
  rank: 1,
  decision: 'deny',
  actor: '',
  type: '',
  purpose: '',
  from: '0000-01-01T00:00:00.000Z',
  until: '9999-12-31T23:59:59.999Z',
  ...over,
});

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
        [row({})],
        [row({ actor: 'a' })],
        [row({ actor: 'z' })],
        [row({}), row({ rank: 2, decision: 'permit', actor: 'a' })],
        [row({ decision: 'permit', actor: 'a' })],
        [row({ decision: 'permit' })],
        [row({ decision: 'permit', actor: 'a' }), row({ rank: 2, type: 'ServiceRequest' })],
        [row({ purpose: 'HRESCH' })],
        [row({ purpose: 'BTG' })],
        [row({ until: NOW })],
        [row({ from: NOW })],
        [row({ from: '2026-03-02T09:00:00.001Z' })],
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
      await store.commit(commitOf({ writes: [version(1, [row({})])] }));
      expect(await rules()).toEqual(['c1 deny']);
      await store.commit(commitOf({ writes: [version(2, [row({ decision: 'permit' })])] }));
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
      await store.putConsentRules(unread, [row({ decision: 'permit', actor: 'a' })]);
      expect(await store.consentsUnread()).toEqual([]);
      const [facts] = await store.patientFacts({ patients: ['p1'], organisations: [] });
      expect(facts?.consents).toMatchObject([{ decision: 'permit', actor: 'a', rank: 1 }]);
    });
  });
}
