import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHeads } from '../../src/audit/export-trail.ts';
import { type SavedHead, type TrailProblem, verifyTrail } from '../../src/audit/verify-trail.ts';
import type { SearchFilter } from '../../src/fhir/search-request.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import type { AuditFacts, NewAudit, SearchPage, Store } from '../../src/store/store.ts';
import type { OpenedStore, Subject } from './contract.ts';
import { at, commitOf, sampleAudit, sampleWrite, searchOf, token, tokenFilter } from './support/samples.ts';

/** What an intruder has to get out of the way first, so that the tables themselves no longer refuse. */
const UNGUARD = {
  sqlite: `DROP TRIGGER audit_never_changes; DROP TRIGGER audit_never_shrinks;
    DROP TRIGGER audit_segment_moves_forward; DROP TRIGGER audit_segment_never_shrinks`,
  postgres: `ALTER TABLE audit DISABLE TRIGGER USER; ALTER TABLE audit_segment DISABLE TRIGGER USER`,
} as const;

const KEEP = `CREATE TABLE kept AS SELECT * FROM audit; CREATE TABLE kept_segment AS SELECT * FROM audit_segment`;
const FORGET = 'DROP TABLE kept; DROP TABLE kept_segment';
const restore = (engine: 'sqlite' | 'postgres'): string => `DELETE FROM audit; DELETE FROM audit_segment;
  INSERT INTO audit ${engine === 'postgres' ? 'OVERRIDING SYSTEM VALUE ' : ''}SELECT * FROM kept;
  INSERT INTO audit_segment SELECT * FROM kept_segment`;

const NO_FACTS: AuditFacts = {
  type: null,
  subtype: null,
  action: null,
  outcome: null,
  client: null,
  partner: null,
};

function factsOf(n: number): NewAudit['facts'] {
  if (n % 3 === 0) return undefined;
  return {
    type: 'rest',
    subtype: n % 2 === 0 ? 'read' : 'search-type',
    action: n % 2 === 0 ? 'R' : 'E',
    outcome: n % 4 === 1 ? '4' : '0',
    client: 'ward-app',
    partner: n % 4 === 1 ? null : 'north-surgery',
  };
}

/** Some forty entries in three segments or more, in commits of one to three. */
async function fillTrail({ store, second, reopen }: OpenedStore): Promise<Store> {
  let n = 0;
  const write = async (into: Store, commits: number): Promise<void> => {
    for (let at = 0; at < commits; at += 1) {
      const audit = Array.from({ length: 1 + (at % 3) }, () => {
        n += 1;
        return sampleAudit(`e${n}`, { patient: n % 2 === 0 ? `p${n % 4}` : null, facts: factsOf(n) });
      });
      await into.commit(commitOf({ audit }));
    }
  };
  await write(store, 6);
  const other = await second();
  await Promise.all([write(store, 4), write(other, 4)]);
  const last = await reopen();
  await write(last, 5);
  return last;
}

async function problemsOf(store: Store, saved: readonly SavedHead[] = []): Promise<TrailProblem[]> {
  const problems: TrailProblem[] = [];
  await verifyTrail(store, (problem) => problems.push(problem), saved);
  return problems;
}

export function describeAuditContract(subject: Subject): void {
  describe('audit', () => {
    it('gives events back in the order of their commits, a stretch at a time', async () => {
      const { store } = subject();
      const given = Array.from({ length: 7 }, (_, n) => sampleAudit(`a${n}`, { patient: n % 2 === 0 ? 'p1' : null }));
      await store.commit(commitOf({ audit: given.slice(0, 4) }));
      await store.commit(commitOf({ audit: given.slice(4) }));
      const all = await store.audit();
      expect(all.map(({ id, recorded, content, patient }) => ({ id, recorded, content, patient }))).toEqual(given);
      expect(all.map(({ seq }) => seq)).toEqual(all.map(({ seq }) => seq).toSorted((one, other) => one - other));
      const afterSeq = all[2]?.seq;
      expect((await store.audit({ afterSeq, limit: 2 })).map(({ id }) => id)).toEqual(['a3', 'a4']);
    });

    it.each([
      ['changed', `UPDATE audit SET content = '{}' WHERE id = 'a1'`],
      ['removed', `DELETE FROM audit WHERE id = 'a1'`],
      [
        'replaced',
        `INSERT INTO audit (id, recorded, content) VALUES ('a1', '', '{}') ON CONFLICT (id) DO UPDATE SET content = ''`,
      ],
    ])('refuses that an event be %s, even behind its back', async (_what, text) => {
      const { store, tamper } = subject();
      await store.commit(commitOf({ audit: [sampleAudit('a1')] }));
      const before = await store.audit();
      await expect(tamper(text)).rejects.toThrow('append-only');
      expect(await store.audit()).toEqual(before);
    });
  });

  describe('the hash chain of the audit', () => {
    it('is whole after commits that failed, from two processes at once, and through a new start', async () => {
      const opened = subject();
      const { store } = opened;
      const write = (id: string): Promise<unknown> =>
        store.commit(commitOf({ writes: [sampleWrite('r1')], audit: [sampleAudit(id)] }));
      const results = await Promise.all(Array.from({ length: 12 }, (_, n) => write(`c${n}`)));
      expect(results.filter((result) => JSON.stringify(result) === '{"ok":true}')).toHaveLength(1);
      const last = await fillTrail(opened);
      const report = await verifyTrail(last, (problem) => expect.unreachable(problem.text));
      expect(report).toMatchObject({ unchained: 0, problems: 0, entries: (await last.audit()).length });
      expect(report.segments).toBeGreaterThanOrEqual(3);
    });

    it('numbers the entries of a segment in the order of their commits, and seals what is closed', async () => {
      const { store, reopen } = subject();
      for (const id of ['a', 'b', 'c']) await store.commit(commitOf({ audit: [sampleAudit(id)] }));
      const again = await reopen();
      const [segment] = await again.auditSegments(0);
      expect(segment).toMatchObject({ number: 1, entries: 3, previousEntry: 0, previousHash: '' });
      expect(segment?.sealedAt).not.toBeNull();
      const entries = await again.auditEntries({ segment: 1, after: 0, limit: 10 });
      expect(entries.map(({ id, place }) => [id, place?.number])).toEqual([
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ]);
      await again.commit(commitOf({ audit: [sampleAudit('d')] }));
      expect(await again.auditSegments(1)).toMatchObject([
        { number: 2, previousEntry: 3, previousHash: segment?.headHash, sealedAt: null },
      ]);
    });

    it('tells an event of several patients as one entry for each', async () => {
      const { store } = subject();
      const others = [sampleAudit('for-p2', { patient: 'p2' }), sampleAudit('for-p3', { patient: 'p3' })];
      await store.commit(commitOf({ audit: [sampleAudit('for-p1', { patient: 'p1', others })] }));
      expect((await store.audit()).map(({ id, place }) => [id, place?.number])).toEqual([
        ['for-p1', 1],
        ['for-p2', 2],
        ['for-p3', 3],
      ]);
      expect(await problemsOf(store)).toEqual([]);
    });

    it('finds entries that were altered, removed and reordered, and names them', async () => {
      const { engine, store, tamper } = subject();
      for (let n = 1; n <= 9; n += 1) await store.commit(commitOf({ audit: [sampleAudit(`e${n}`)] }));
      await tamper(UNGUARD[engine]);
      await tamper(`UPDATE audit SET content = '{}' WHERE number = 2`);
      await tamper('DELETE FROM audit WHERE number = 4');
      await tamper(`UPDATE audit SET number = -1 WHERE number = 6; UPDATE audit SET number = 6 WHERE number = 7;
        UPDATE audit SET number = 7 WHERE number = -1`);
      await tamper('DELETE FROM audit WHERE number = 9');
      const found = (await problemsOf(store)).map(({ segment, entry, kind }) => `${segment}/${entry} ${kind}`);
      expect(found).toEqual(
        expect.arrayContaining(['1/2 altered', '1/4 removed', '1/6 altered', '1/7 altered', '1/9 removed']),
      );
      expect(found.filter((one) => /^1\/[1358] /.test(one) && !one.endsWith('reordered'))).toEqual(['1/8 altered']);
    });

    it('finds any single change of any entry or segment', async () => {
      const opened = subject();
      const store = await fillTrail(opened);
      const { engine, tamper } = opened;
      expect(await problemsOf(store)).toEqual([]);
      const entries = await store.audit({ limit: LIMITS.storeListMax });
      const segments = await store.auditSegments(0);
      await tamper(`${UNGUARD[engine]}; ${KEEP}`);
      const entry = fc.constantFrom(...entries);
      const nextOf = (one: (typeof entries)[number]) =>
        entries.find(
          ({ place }) => place?.segment === one.place?.segment && place?.number === (one.place?.number ?? 0) + 1,
        );
      const textColumn = fc.constantFrom(
        ...(['id', 'recorded', 'content', 'patient', 'type', 'subtype', 'action'] as const),
        ...(['outcome', 'client', 'partner', 'hash'] as const),
      );
      const mutation = fc.oneof(
        fc
          .tuple(entry, textColumn, fc.constantFrom('x', ' ', '\n'))
          .map(
            ([{ id }, column, added]) =>
              `UPDATE audit SET ${column} = coalesce(${column}, '') || '${added}' WHERE id = '${id}'`,
          ),
        entry.map(({ id }) => `DELETE FROM audit WHERE id = '${id}'`),
        entry.map(({ id }) => `UPDATE audit SET segment = NULL WHERE id = '${id}'`),
        entry.map(({ id }) => `UPDATE audit SET segment = segment + 1000 WHERE id = '${id}'`),
        fc
          .tuple(entry, fc.integer({ min: -3, max: 100_000 }))
          .filter(([one, number]) =>
            entries.every(({ place }) => place?.segment !== one.place?.segment || place?.number !== number),
          )
          .map(([{ id }, number]) => `UPDATE audit SET number = ${number} WHERE id = '${id}'`),
        // The numbers of two neighbours, with and without their hashes, and what they say.
        entry
          .filter((one) => nextOf(one) !== undefined)
          .chain((one) => {
            const next = nextOf(one);
            const numbers = `UPDATE audit SET number = -7 WHERE id = '${one.id}';
            UPDATE audit SET number = ${one.place?.number} WHERE id = '${next?.id}';
            UPDATE audit SET number = ${next?.place?.number} WHERE id = '${one.id}'`;
            const hashes = `UPDATE audit SET hash = '${next?.place?.hash}' WHERE id = '${one.id}';
            UPDATE audit SET hash = '${one.place?.hash}' WHERE id = '${next?.id}'`;
            return fc.constantFrom(numbers, hashes, `${numbers};${hashes}`);
          }),
        fc
          .tuple(
            fc.constantFrom(...segments),
            fc.constantFrom('process', 'opened_at', 'previous_hash', 'header_hash', 'head_hash'),
          )
          .map(
            ([{ number }, column]) => `UPDATE audit_segment SET ${column} = ${column} || 'x' WHERE number = ${number}`,
          ),
        fc
          .tuple(fc.constantFrom(...segments), fc.constantFrom('previous_entry', 'entries'), fc.constantFrom(1, -1))
          .map(
            ([{ number }, column, by]) =>
              `UPDATE audit_segment SET ${column} = ${column} + ${by} WHERE number = ${number}`,
          ),
        fc.constantFrom(...segments).map(({ number }) => `DELETE FROM audit_segment WHERE number = ${number}`),
      );
      await fc.assert(
        fc.asyncProperty(mutation, async (text) => {
          await tamper(text);
          const problems = await problemsOf(store);
          await tamper(restore(engine));
          expect(problems, text).not.toEqual([]);
        }),
        { numRuns: 80 },
      );
      expect(await problemsOf(store)).toEqual([]);
      await tamper(FORGET);
    });

    it('finds a tail that was cut off together with its head by the segment behind it, or by heads saved elsewhere', async () => {
      const { engine, store, tamper, reopen } = subject();
      for (let n = 1; n <= 4; n += 1) await store.commit(commitOf({ audit: [sampleAudit(`e${n}`)] }));
      const saved = await readHeads(store);
      const cut = `DELETE FROM audit WHERE segment = 1 AND number > 2; UPDATE audit_segment SET entries = 2,
        head_hash = (SELECT hash FROM audit WHERE segment = 1 AND number = 2) WHERE number = 1`;
      await tamper(`${UNGUARD[engine]}; ${KEEP}`);
      await tamper(cut);
      expect(await problemsOf(store)).toEqual([]);
      expect(await problemsOf(store, saved)).toMatchObject([{ segment: 1, entry: 4, kind: 'removed' }]);
      await tamper(restore(engine));
      const again = await reopen();
      await again.commit(commitOf({ audit: [sampleAudit('e5')] }));
      expect(await problemsOf(again, saved)).toEqual([]);
      await tamper(cut);
      expect((await problemsOf(again)).length).toBeGreaterThan(0);
      await tamper(FORGET);
    });

    it('verifies more entries than one stretch holds', async () => {
      const { engine, store, tamper } = subject();
      const others = Array.from({ length: LIMITS.storeListMax + 5 }, (_, n) => sampleAudit(`m${n}`));
      await store.commit(commitOf({ audit: [sampleAudit('m', { others })] }));
      expect(await verifyTrail(store, (problem) => expect.unreachable(problem.text))).toMatchObject({
        entries: LIMITS.storeListMax + 6,
        problems: 0,
      });
      await tamper(UNGUARD[engine]);
      await tamper(`UPDATE audit SET content = '{}' WHERE number = ${LIMITS.storeListMax + 2}`);
      expect(await problemsOf(store)).toMatchObject([{ entry: LIMITS.storeListMax + 2, kind: 'altered' }]);
    });
  });

  describe('AuditEvents as resources', () => {
    const facts = factsOf(2);
    const event = (id: string, more: Partial<NewAudit> = {}): NewAudit =>
      sampleAudit(id, { recorded: at(Number(id.slice(1))), patient: 'p1', facts, ...more });

    it('are read by id, in their one version', async () => {
      const { store } = subject();
      await store.commit(commitOf({ audit: [event('e1')] }));
      const expected = { type: 'AuditEvent', id: 'e1', version: 1, deleted: false, patient: 'p1', lastUpdated: at(1) };
      expect(await store.read('AuditEvent', 'e1')).toMatchObject(expected);
      expect(await store.readVersion('AuditEvent', 'e1', 1)).toMatchObject(expected);
      expect(await store.readVersion('AuditEvent', 'e1', 2)).toBeUndefined();
      expect(await store.history('AuditEvent', 'e1')).toMatchObject([expected]);
      expect(await store.read('AuditEvent', 'e2')).toBeUndefined();
    });

    it('are never written as resources', async () => {
      const { store } = subject();
      await expect(
        store.commit(commitOf({ writes: [sampleWrite('e1', { type: 'AuditEvent' })] })),
      ).rejects.toMatchObject({
        issues: [{ code: 'method-not-allowed' }],
      });
    });

    it.each<[string, SearchFilter, string[]]>([
      [
        'the patient',
        { kind: 'reference', param: 'patient', values: [{ targetType: 'Patient', target: 'p1' }] },
        ['e1', 'e2', 'e4'],
      ],
      ['the id of the patient alone', { kind: 'reference', param: 'patient', values: [{ target: 'p2' }] }, ['e3']],
      ['its id', { kind: 'id', values: ['e2', 'e9'] }, ['e2']],
      ['an action', { kind: 'token', param: 'action', not: false, values: [{ code: 'C' }] }, ['e2']],
      ['not an outcome', { kind: 'token', param: 'outcome', not: true, values: [{ code: '0' }] }, ['e4']],
      [
        'a code of its type',
        { kind: 'token', param: 'type', not: false, values: [{ code: 'rest' }] },
        ['e1', 'e2', 'e3', 'e4'],
      ],
      [
        'a code of another system',
        { kind: 'token', param: 'subtype', not: false, values: [{ system: 'http://elsewhere', code: 'read' }] },
        [],
      ],
      [
        'a code of its own system',
        { kind: 'token', param: 'subtype', not: false, values: [{ system: 'http://here', code: 'read' }] },
        ['e1'],
      ],
      ['a partner', { kind: 'token', param: 'altid', not: false, values: [{ code: 'south-surgery' }] }, ['e3']],
      [
        'what it was about',
        { kind: 'reference', param: 'entity', values: [{ targetType: 'CarePlan', target: 'c1' }] },
        ['e1', 'e2'],
      ],
      [
        'an agent',
        { kind: 'reference', param: 'agent', values: [{ targetType: '', target: 'http://id|ward-app' }] },
        ['e1'],
      ],
      [
        'an agent, by :identifier',
        {
          kind: 'any',
          filters: [
            {
              kind: 'chain',
              param: 'agent',
              targetType: 'Patient',
              filter: tokenFilter('identifier', 'ward-app', 'http://id'),
            },
            tokenFilter('agent:identifier', 'ward-app', 'http://id'),
          ],
        },
        ['e1'],
      ],
      [
        'an identifier of the patient',
        {
          kind: 'chain',
          param: 'patient',
          targetType: 'Patient',
          filter: tokenFilter('identifier', 'P-2', 'http://p'),
        },
        ['e3'],
      ],
      [
        'a time',
        { kind: 'date', param: 'date', values: [{ prefix: 'ge', low: Date.parse(at(3)), high: Date.parse(at(4)) }] },
        ['e3', 'e4'],
      ],
    ])('are found by %s', async (_what, filter, expected) => {
      const { store } = subject();
      const content = (id: string, rest: object): string => JSON.stringify({ resourceType: 'AuditEvent', id, ...rest });
      const audit = [
        event('e1', {
          content: content('e1', {
            subtype: [{ system: 'http://here', code: 'read' }],
            agent: [{ who: { identifier: { system: 'http://id', value: 'ward-app' } } }],
            entity: [{ what: { reference: 'CarePlan/c1' } }],
          }),
        }),
        event('e2', {
          content: content('e2', { entity: [{ what: { reference: 'CarePlan/c1/_history/2' } }] }),
          facts: { ...NO_FACTS, ...facts, action: 'C' },
        }),
        event('e3', {
          content: content('e3', { entity: [{ what: { reference: 'CarePlan/c10' } }] }),
          patient: 'p2',
          facts: { ...NO_FACTS, ...facts, partner: 'south-surgery' },
        }),
        event('e4', { facts: { ...NO_FACTS, ...facts, outcome: '8' } }),
      ];
      const patient = { type: 'Patient', patient: 'p2', index: [token('identifier', 'P-2', 'http://p')] };
      await store.commit(commitOf({ audit, writes: [sampleWrite('p2', patient)] }));
      const page = await store.search(searchOf([filter], { type: 'AuditEvent', total: true }));
      expect(page.matches.map(({ id }) => id)).toEqual(expected);
      expect(page.total).toBe(expected.length);
    });

    it('come in pages by time, the newest first where that is asked for', async () => {
      const { store } = subject();
      const ids = Array.from({ length: 7 }, (_, n) => `e${n + 1}`);
      // Two of one millisecond, and one that was committed late.
      const audit = ids.map((id) => event(id, id === 'e4' ? { recorded: at(3) } : {}));
      await store.commit(commitOf({ audit: [...audit.slice(1), ...audit.slice(0, 1)] }));
      for (const [descending, expected] of [
        [false, ids],
        [true, ids.toReversed()],
      ] as const) {
        const found: string[] = [];
        let after: string | undefined;
        do {
          const page: SearchPage = await store.search(
            searchOf([], { type: 'AuditEvent', count: 2, after, sort: [{ param: '_lastUpdated', descending }] }),
          );
          expect(page.matches.length).toBeGreaterThan(0);
          found.push(...page.matches.map(({ id }) => id));
          after = page.next;
        } while (after !== undefined);
        expect(found).toEqual(expected);
      }
    });

    it('refuse what they cannot be searched by, and a page that is not theirs', async () => {
      const { store } = subject();
      const filter: SearchFilter = { kind: 'token', param: 'site', not: false, values: [{ code: 'x' }] };
      await expect(store.search(searchOf([filter], { type: 'AuditEvent' }))).rejects.toMatchObject({
        issues: [{ code: 'parameter-unsupported' }],
      });
      await expect(store.search(searchOf([], { type: 'AuditEvent', after: 'e30' }))).rejects.toMatchObject({
        issues: [{ code: 'parameter-invalid' }],
      });
    });
  });

  describe('assertion ids', () => {
    const use = { issuer: 'ward-app', jti: 'j1', expiresAt: at(300), now: at(0) };

    it('takes a jti of an issuer once for as long as the assertion lives', async () => {
      const { store, reopen } = subject();
      expect(await store.useAssertionId(use)).toBe(true);
      expect(await store.useAssertionId(use)).toBe(false);
      expect(await store.useAssertionId({ ...use, issuer: 'other-app' })).toBe(true);
      expect(await store.useAssertionId({ ...use, jti: 'j2' })).toBe(true);
      const again = await reopen();
      expect(await again.useAssertionId({ ...use, now: at(299) })).toBe(false);
      expect(await again.useAssertionId({ ...use, now: at(300), expiresAt: at(600) })).toBe(true);
      expect(await again.useAssertionId({ ...use, now: at(301), expiresAt: at(600) })).toBe(false);
    });

    it('lets one of many at the same moment through', async () => {
      const { store, second } = subject();
      const other = await second();
      const taken = await Promise.all(
        Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? store : other).useAssertionId(use)),
      );
      expect(taken.filter(Boolean)).toHaveLength(1);
    });
  });
}
