import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/kernel/limits.ts';
import type { Subject } from './contract.ts';
import { at, commitOf, sampleWrite, token } from './support/samples.ts';

export function describeResourceContract(subject: Subject): void {
  describe('resources', () => {
    it('serves the text of a resource exactly as it was given', async () => {
      const { store } = subject();
      const content = '{"resourceType":"ServiceRequest", "note":[{"text":"Ŵ 😀 \\u0000 1.00"}],\n"quantity":1.00}';
      await store.commit(commitOf({ writes: [sampleWrite('r1', { content, patient: 'p1' })] }));
      expect(await store.read('ServiceRequest', 'r1')).toEqual({
        type: 'ServiceRequest',
        id: 'r1',
        version: 1,
        lastUpdated: at(1),
        deleted: false,
        content,
        patient: 'p1',
      });
    });

    it('knows nothing of what was never written', async () => {
      const { store } = subject();
      expect(await store.read('ServiceRequest', 'r1')).toBeUndefined();
      expect(await store.readVersion('ServiceRequest', 'r1', 1)).toBeUndefined();
      expect(await store.history('ServiceRequest', 'r1')).toEqual([]);
    });

    it('tells in whose record each of many is, and gives others a turn meanwhile', async () => {
      const { store } = subject();
      await store.commit(
        commitOf({
          writes: [
            sampleWrite('r1', { patient: 'p1' }),
            sampleWrite('o1', { type: 'Organization', patient: null }),
            sampleWrite('gone', { patient: 'p2' }),
            sampleWrite('gone', { patient: 'p2', version: 2, deleted: true }),
          ],
        }),
      );
      const unknown = Array.from({ length: 3 * LIMITS.storeLookupMax }, (_, n) => ({ type: 'Task', id: `none-${n}` }));
      const known = [
        { type: 'ServiceRequest', id: 'r1' },
        { type: 'Organization', id: 'o1' },
        { type: 'ServiceRequest', id: 'gone' },
        { type: 'ServiceRequest', id: 'r1' },
      ];
      let turns = 0;
      const count = (): void => {
        turns += 1;
        counting = setImmediate(count);
      };
      let counting = setImmediate(count);
      const found = await store.recordsOf([...known, ...unknown]);
      clearImmediate(counting);
      expect(Object.fromEntries(found)).toEqual({
        'ServiceRequest/r1': 'p1',
        'Organization/o1': null,
        'ServiceRequest/gone': 'p2',
      });
      // A list may refer to tens of thousands, and nobody else would be answered for so long.
      expect(turns).toBeGreaterThanOrEqual(2);
    });

    it('keeps every version, newest first, and shows a deletion as the current version', async () => {
      const { store } = subject();
      for (const version of [1, 2]) await store.commit(commitOf({ writes: [sampleWrite('r1', { version })] }));
      await store.commit(commitOf({ writes: [sampleWrite('r1', { version: 3, deleted: true })] }));
      expect(await store.read('ServiceRequest', 'r1')).toMatchObject({ version: 3, deleted: true, content: '' });
      expect(await store.readVersion('ServiceRequest', 'r1', 2)).toMatchObject({ version: 2, deleted: false });
      expect(await store.readVersion('ServiceRequest', 'r1', 4)).toBeUndefined();
      const history = await store.history('ServiceRequest', 'r1');
      expect(history.map(({ version, deleted }) => [version, deleted])).toEqual([
        [3, true],
        [2, false],
        [1, false],
      ]);
      expect((await store.counts()).resources).toBe(0);
    });

    it('tells what a resource alone holds, as its current version claims it', async () => {
      const { store } = subject();
      const [one, other] = ['R-1', 'R-2'].map((value) => ({ system: 'https://x.example/referral', value }));
      if (one === undefined || other === undefined) throw new Error('there are two');
      expect(await store.claimsOf('ServiceRequest', 'r1')).toEqual([]);
      await store.commit(commitOf({ writes: [sampleWrite('r1', { claims: [other, one] })] }));
      expect(await store.claimsOf('ServiceRequest', 'r1')).toEqual([one, other]);
      expect(await store.claimsOf('CarePlan', 'r1')).toEqual([]);
      await store.commit(commitOf({ writes: [sampleWrite('r1', { version: 2, claims: [other] })] }));
      expect(await store.claimsOf('ServiceRequest', 'r1')).toEqual([other]);
      await store.commit(commitOf({ writes: [sampleWrite('r1', { version: 3, deleted: true })] }));
      expect(await store.claimsOf('ServiceRequest', 'r1')).toEqual([]);
    });

    it('finds all that carry an identifier, claimed or not, up to the limit, and only the current ones', async () => {
      const { store } = subject();
      const identifier = { system: 'https://x.example/referral', value: 'R-1' };
      const carrying = (id: string, more = {}) =>
        sampleWrite(id, { index: [token('identifier', identifier.value, identifier.system)], ...more });
      await store.commit(
        commitOf({ writes: [carrying('r1'), carrying('r2'), carrying('r3'), carrying('c1', { type: 'CarePlan' })] }),
      );
      await store.commit(commitOf({ writes: [sampleWrite('r4', { claims: [identifier] })] }));
      expect(await store.findByIdentifier('ServiceRequest', identifier)).toEqual(['r1', 'r2', 'r3', 'r4']);
      expect(await store.findByIdentifier('ServiceRequest', identifier, 2)).toEqual(['r1', 'r2']);
      await store.commit(commitOf({ writes: [carrying('r1', { version: 2, deleted: true })] }));
      expect(await store.findByIdentifier('ServiceRequest', identifier)).toEqual(['r2', 'r3', 'r4']);
      expect(await store.findByIdentifier('ServiceRequest', { ...identifier, system: 'https://y.example' })).toEqual(
        [],
      );
    });

    it('knows which organisations current resources relate a patient to', async () => {
      const { store } = subject();
      const relating = (id: string, version: number, organisations: string[], deleted = false) =>
        commitOf({ writes: [sampleWrite(id, { version, patient: 'p1', organisations, deleted })] });
      await store.commit(relating('r1', 1, ['Organization/b', 'Organization/a', 'Organization/a']));
      await store.commit(relating('r2', 1, ['Organization/b']));
      await store.commit(commitOf({ writes: [sampleWrite('r3', { organisations: ['Organization/c'] })] }));
      expect(await store.organisationsOf('p1')).toEqual(['Organization/a', 'Organization/b']);
      await store.commit(relating('r1', 2, ['Organization/a']));
      await store.commit(relating('r2', 2, ['Organization/b'], true));
      expect(await store.organisationsOf('p1')).toEqual(['Organization/a']);
      expect(await store.organisationsOf('p2')).toEqual([]);
    });

    it('takes a resource with more index rows than fit one statement', async () => {
      const { store } = subject();
      const index = Array.from({ length: 500 }, (_, n) => token('code', `c${n % 300}`));
      expect(await store.commit(commitOf({ writes: [sampleWrite('r1', { index })] }))).toEqual({ ok: true });
      const page = await store.search({
        type: 'ServiceRequest',
        filters: [{ kind: 'token', param: 'code', not: false, values: [{ code: 'c299' }, { code: 'c0' }] }],
        count: 10,
        sort: [],
        total: true,
      });
      expect(page).toMatchObject({ total: 1, matches: [{ id: 'r1' }] });
    });
  });
}
