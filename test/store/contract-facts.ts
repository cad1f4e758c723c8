import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConsentRow } from '../../src/fhir/consent.ts';
import type { AccessLimits } from '../../src/fhir/search-access.ts';
import type { SearchFilter } from '../../src/fhir/search-request.ts';
import type { ResourceWrite, Store } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import { commitOf, reference, sampleAudit, sampleRule, sampleWrite, searchOf, token } from './support/samples.ts';

const NOW = '2026-03-02T09:00:00.000Z';
const PATIENTS = ['p1', 'p2', 'p3'];
const ORGANISATIONS = ['Organization/a', 'Organization/b', 'x|1'];
const bySubject = (patient: string) =>
  searchOf([{ kind: 'reference', param: 'subject', values: [{ targetType: 'Patient', target: patient }] }]);

/** What comes along with a resource or a page says the same as the facts that are asked for by themselves. */
export function describeFactsContract(subject: Subject): void {
  describe('facts that come along', () => {
    it('tells with a resource what it tells of its patient alone', async () => {
      const { store } = subject();
      await store.commit(commitOf({ writes: recordsOfAll(), audit: [sampleAudit('e1', { patient: 'p2' })] }));
      const many = [...ORGANISATIONS, ...Array.from({ length: 30 }, (_, n) => `Organization/more-${n}`)];
      for (const organisations of [[], ['x|1'], ORGANISATIONS, many]) {
        for (const [type, id, patient] of [
          ['ServiceRequest', 'r1', 'p1'],
          ['ServiceRequest', 'r2', 'p2'],
          ['Patient', 'p3', 'p3'],
          ['ServiceRequest', 'gone', 'p3'],
          ['AuditEvent', 'e1', 'p2'],
        ] as const) {
          const found = await store.readWithFacts(type, id, organisations);
          expect(found?.stored).toEqual(await store.read(type, id));
          expect([found?.facts]).toEqual(await store.patientFacts({ patients: [patient], organisations }));
        }
      }
      expect(await store.readWithFacts('Organization', 'a', ORGANISATIONS)).toEqual({
        stored: await store.read('Organization', 'a'),
        facts: undefined,
      });
      expect(await store.readWithFacts('ServiceRequest', 'none', [])).toBeUndefined();
    });

    it('knows whose Patient is labelled, and no longer when the label or the Patient is gone', async () => {
      const { store } = subject();
      const asked = async () => {
        const [alone] = await store.patientFacts({ patients: ['marked'], organisations: [] });
        const several = await store.patientFacts({ patients: ['other', 'marked'], organisations: ['x|1'] });
        const read = await store.readWithFacts('ServiceRequest', 'r-marked', []);
        const page = await store.search(bySubject('marked'), { patient: 'marked', organisations: [] });
        const told = [alone, several[1], read?.facts, page.facts].map((facts) => facts?.restricted);
        expect([several[0]?.restricted, new Set(told).size]).toEqual([false, 1]);
        return told[0];
      };
      const patient = (version: number, codes: readonly string[]): ResourceWrite =>
        sampleWrite('marked', {
          type: 'Patient',
          patient: 'marked',
          version,
          index: codes.map((code) => token('_security', code)),
        });
      const request = {
        patient: 'marked',
        index: [reference('subject', 'Patient', 'marked'), token('_security', 'V')],
      };
      // What is labelled in the record is not the Patient.
      await store.commit(commitOf({ writes: [patient(1, ['N']), sampleWrite('r-marked', request)] }));
      expect(await asked()).toBe(false);
      for (const [version, codes, restricted] of [
        [2, ['R'], true],
        [3, ['N', 'V'], true],
        [4, [], false],
        [5, ['V', 'R'], true],
      ] as const) {
        await store.commit(commitOf({ writes: [patient(version, codes)] }));
        expect(await asked()).toBe(restricted);
      }
      const gone = { type: 'Patient', patient: 'marked', version: 6, deleted: true, content: '' };
      await store.commit(commitOf({ writes: [sampleWrite('marked', gone)] }));
      expect(await asked()).toBe(false);
    });

    it('finds of a record as a whole what it finds row by row', async () => {
      const { store } = subject();
      let round = 0;
      await fc.assert(
        fc.asyncProperty(anyRecords, anyLimits, fc.integer({ min: 1, max: 4 }), async (records, access, count) => {
          round += 1;
          await store.commit(commitOf({ writes: writesOf(records, round) }));
          const patient = `${records.patient}-${round}`;
          const request = { ...bySubject(patient), access: named(access, round), count };
          const whole = await pagesOf(store, request, { patient, organisations: ORGANISATIONS });
          expect(whole.ids).toEqual((await pagesOf(store, request)).ids);
          if (whole.ids.length === 0) return;
          expect([whole.facts]).toEqual(
            await store.patientFacts({ patients: [patient], organisations: ORGANISATIONS }),
          );
        }),
        { numRuns: 150 },
      );
    });
  });
}

function recordsOfAll(): ResourceWrite[] {
  const restricted = { type: 'Patient', patient: 'p1', index: [token('_security', 'R')] };
  return [
    sampleWrite('a', { type: 'Organization' }),
    sampleWrite('p1', { ...restricted, organisations: ['Organization/a'] }),
    sampleWrite('p2', { type: 'Patient', patient: 'p2' }),
    sampleWrite('p3', { type: 'Patient', patient: 'p3', organisations: ['Organization/b', 'x|1'] }),
    sampleWrite('r1', { patient: 'p1', organisations: ['x|1'] }),
    sampleWrite('r2', { patient: 'p2' }),
    sampleWrite('gone', { patient: 'p3' }),
    sampleWrite('gone', { patient: 'p3', version: 2, deleted: true, content: '' }),
    sampleWrite('c1', { type: 'Consent', patient: 'p3', consents: [sampleRule()] }),
  ];
}

interface Records {
  /** Whose record is searched. */
  readonly patient: string;
  readonly resources: readonly {
    /** In whose record it is; what refers to one patient may stand in another's. */
    readonly patient: string | null;
    readonly label: string | undefined;
    readonly organisation: string | undefined;
  }[];
  readonly consent: { readonly patient: string; readonly row: Partial<ConsentRow> } | undefined;
  readonly registered: string | undefined;
}

const mostly = <T>(value: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });

const anyRecords: fc.Arbitrary<Records> = fc.record({
  patient: fc.constant('p1'),
  resources: fc.array(
    fc.record({
      // Mostly as it is: all in the record of the one they refer to, and nothing labelled.
      patient: mostly<string | null>('p1', fc.constantFrom('p2', null)),
      label: mostly<string | undefined>(undefined, fc.constantFrom('R', 'V', 'N')),
      organisation: fc.option(fc.constantFrom(...ORGANISATIONS), { nil: undefined }),
    }),
    { maxLength: 7 },
  ),
  consent: fc.option(
    fc.record({
      patient: mostly('p1', fc.constantFrom(...PATIENTS)),
      row: fc.constantFrom<Partial<ConsentRow>>({}, { actor: 'a' }, { actor: 'z' }, { decision: 'permit', actor: 'a' }),
    }),
    { nil: undefined, freq: 2 },
  ),
  registered: fc.option(fc.constantFrom(...ORGANISATIONS), { nil: undefined }),
});

const anyClause = fc.record({
  whose: fc.oneof(
    { weight: 3, arbitrary: fc.constant('anyone' as const) },
    { weight: 3, arbitrary: fc.record({ organisations: fc.subarray(ORGANISATIONS), registered: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant('nobody' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...PATIENTS).map((patient) => ({ patient })) },
  ),
  filters: mostly<SearchFilter[]>([], fc.constant([{ kind: 'id', values: ['none'] }])),
  hiddenLabels: fc.constantFrom([], ['R', 'V'], ['V']),
});

const anyConsent = fc.record({
  actors: fc.constant(['a']),
  purposes: fc.constant(['TREAT']),
  now: fc.constant(NOW),
  overrides: fc.boolean(),
  explicit: mostly(false, fc.constant(true)),
});

const anyLimits: fc.Arbitrary<AccessLimits> = fc.record({
  clauses: fc.array(anyClause, { minLength: 1, maxLength: 2 }),
  patient: mostly<string | undefined>(undefined, fc.constantFrom(...PATIENTS)),
  unrestrictedOnly: mostly(false, fc.constant(true)),
  consent: fc.option(anyConsent, { nil: undefined }),
});

/** Each round has patients of its own, so that one store serves them all. */
function writesOf({ patient, resources, consent, registered }: Records, round: number): ResourceWrite[] {
  const own = (id: string): string => `${id}-${round}`;
  return [
    sampleWrite(own(patient), {
      type: 'Patient',
      patient: own(patient),
      organisations: registered === undefined ? [] : [registered],
    }),
    ...resources.map((one, at) =>
      sampleWrite(own(`r${at}`), {
        patient: one.patient === null ? null : own(one.patient),
        index: [
          reference('subject', 'Patient', own(patient)),
          ...(one.label === undefined ? [] : [token('_security', one.label)]),
        ],
        organisations: one.organisation === undefined || one.patient === null ? [] : [one.organisation],
      }),
    ),
    ...(consent === undefined
      ? []
      : [
          sampleWrite(own('c'), {
            type: 'Consent',
            patient: own(consent.patient),
            consents: [sampleRule(consent.row)],
          }),
        ]),
  ];
}

function named(access: AccessLimits, round: number): AccessLimits {
  const own = (id: string): string => `${id}-${round}`;
  return {
    ...access,
    patient: access.patient === undefined ? undefined : own(access.patient),
    clauses: access.clauses.map(({ whose, ...clause }) => ({
      ...clause,
      whose: typeof whose === 'object' && 'patient' in whose ? { patient: own(whose.patient) } : whose,
    })),
  };
}

async function pagesOf(store: Store, request: Parameters<Store['search']>[0], asked?: Parameters<Store['search']>[1]) {
  const ids: string[] = [];
  let facts: Awaited<ReturnType<Store['search']>>['facts'];
  for (let after: string | undefined; ; ) {
    const page = await store.search({ ...request, ...(after === undefined ? {} : { after }) }, asked);
    ids.push(...page.matches.map(({ id }) => id));
    facts ??= page.facts;
    if (page.next === undefined) return { ids, facts };
    after = page.next;
  }
}
