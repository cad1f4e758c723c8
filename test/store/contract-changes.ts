import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChangeRequest, ResourceWrite, Store, StoredResource } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import { at, commitOf, sampleWrite } from './support/samples.ts';

const TYPES = ['CarePlan', 'Patient', 'ServiceRequest'];

/** Every page of a walk, of at most `limit` versions each; `between` runs after each page. */
async function walk(
  store: Store,
  request: Omit<ChangeRequest, 'after'>,
  between: () => Promise<void> = async () => {},
): Promise<StoredResource[]> {
  const found: StoredResource[] = [];
  for (;;) {
    const page = await store.changes({ ...request, after: found.at(-1) });
    found.push(...page);
    if (page.length < request.limit) return found;
    await between();
  }
}

const nameOf = ({ type, id, version }: Pick<StoredResource, 'type' | 'id' | 'version'>): string =>
  `${type}/${id}/${version}`;

/** Versions of a few resources, some made at the same instant, with deletions among them. */
const writes = fc
  .array(fc.record({ type: fc.constantFrom(...TYPES), id: fc.constantFrom('a', 'b', 'c'), seconds: fc.nat(3) }), {
    minLength: 1,
    maxLength: 20,
  })
  .map((list) => {
    const versions = new Map<string, number>();
    let seconds = 0;
    return list.map((one, index): ResourceWrite => {
      const version = (versions.get(`${one.type}/${one.id}`) ?? 0) + 1;
      versions.set(`${one.type}/${one.id}`, version);
      seconds += one.seconds;
      return sampleWrite(one.id, { type: one.type, version, lastUpdated: at(seconds), deleted: index % 4 === 3 });
    });
  });

/** The order of the contract: by time, then type, id and version. */
function sorted(list: readonly ResourceWrite[], order: 'newest' | 'oldest'): ResourceWrite[] {
  const keyOf = ({ lastUpdated, type, id, version }: ResourceWrite): string =>
    [lastUpdated, type, id, String(version).padStart(4, '0')].join(' ');
  const up = list.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return order === 'oldest' ? up : up.reverse();
}

export function describeChangesContract(subject: Subject): void {
  describe('changes', () => {
    it('gives every version of the types once, in order, whatever the size of the pages', async () => {
      const { store } = subject();
      const ids = new Set<string>();
      await fc.assert(
        fc.asyncProperty(
          writes,
          fc.subarray(TYPES, { minLength: 1 }),
          fc.integer({ min: 1, max: 7 }),
          fc.constantFrom('newest' as const, 'oldest' as const),
          async (given, types, limit, order) => {
            // Each run has resources of its own: what there is of the runs before it is passed over.
            const mine = given.map((write) => ({ ...write, id: `${write.id}-${ids.size}` }));
            ids.add(String(ids.size));
            for (const write of mine) await store.commit(commitOf({ writes: [write] }));
            const suffix = `-${ids.size - 1}`;
            const found = (await walk(store, { types, order, limit })).filter(({ id }) => id.endsWith(suffix));
            const wanted = sorted(mine, order).filter(({ type }) => types.includes(type));
            expect(found.map(nameOf)).toEqual(wanted.map(nameOf));
          },
        ),
        { numRuns: 15 },
      );
    });

    it('gives the versions of one resource by version, and those alone', async () => {
      const { store } = subject();
      for (const version of [1, 2, 3, 4, 5]) {
        // Clocks of two processes may differ: a later version may carry an earlier time.
        const lastUpdated = at(10 - version);
        await store.commit(
          commitOf({ writes: [sampleWrite('r1', { version, lastUpdated }), sampleWrite('r2', { version })] }),
        );
      }
      const newest = await walk(store, { types: ['ServiceRequest'], id: 'r1', order: 'newest', limit: 2 });
      expect(newest.map(nameOf)).toEqual([5, 4, 3, 2, 1].map((version) => `ServiceRequest/r1/${version}`));
      const oldest = await walk(store, { types: ['ServiceRequest'], id: 'r1', order: 'oldest', limit: 2 });
      expect(oldest).toEqual(newest.toReversed());
    });

    it('is not disturbed by what others write between two pages', async () => {
      const { store } = subject();
      for (let n = 0; n < 9; n += 1) {
        await store.commit(
          commitOf({ writes: [sampleWrite(`r${n}`, { type: TYPES[n % 3] ?? '', lastUpdated: at(n) })] }),
        );
      }
      let count = 0;
      const between = async (): Promise<void> => {
        count += 1;
        const [type = ''] = TYPES;
        await store.commit(
          commitOf({ writes: [sampleWrite(`later${count}`, { type, lastUpdated: at(100 + count) })] }),
        );
        await store.commit(
          commitOf({ writes: [sampleWrite('r0', { type, version: count + 1, lastUpdated: at(100 + count) })] }),
        );
      };
      const found = await walk(store, { types: TYPES, order: 'newest', limit: 2 }, between);
      expect(found.map(({ id }) => id)).toEqual(Array.from({ length: 9 }, (_, n) => `r${8 - n}`));
    });

    it('begins at an instant, which is included', async () => {
      const { store } = subject();
      for (const version of [1, 2, 3]) await store.commit(commitOf({ writes: [sampleWrite('r1', { version })] }));
      const request = { types: ['ServiceRequest'], order: 'newest' as const, limit: 10 };
      expect((await store.changes({ ...request, since: at(2) })).map(({ version }) => version)).toEqual([3, 2]);
      expect((await store.changes({ ...request, id: 'r1', since: at(3) })).map(({ version }) => version)).toEqual([3]);
      expect(await store.changes({ ...request, since: at(4) })).toEqual([]);
    });

    it('tells what was current within a time', async () => {
      const { store } = subject();
      // Version 1 from second 1 to 2, version 2 from 2 to 3, version 3 since then.
      for (const version of [1, 2, 3]) await store.commit(commitOf({ writes: [sampleWrite('r1', { version })] }));
      const versionsAt = async (low: string, high: string): Promise<number[]> => {
        const found = await store.changes({ types: ['ServiceRequest'], order: 'oldest', at: { low, high }, limit: 10 });
        return found.map(({ version }) => version);
      };
      expect(await versionsAt(at(0), at(1))).toEqual([]);
      expect(await versionsAt(at(1), at(2))).toEqual([1]);
      expect(await versionsAt(at(1), at(2.5))).toEqual([1, 2]);
      expect(await versionsAt(at(2), at(2.001))).toEqual([2]);
      expect(await versionsAt(at(9), at(10))).toEqual([3]);
    });

    it('gives deletions without content, and nothing for no type, no room, or types of which there is nothing', async () => {
      const { store } = subject();
      await store.commit(commitOf({ writes: [sampleWrite('r1')] }));
      await store.commit(commitOf({ writes: [sampleWrite('r1', { version: 2, deleted: true })] }));
      const request = { types: [...TYPES, 'Task', 'Goal', 'Flag'], order: 'newest' as const, limit: 10 };
      expect(await store.changes(request)).toMatchObject([
        { version: 2, deleted: true, content: '' },
        { version: 1, deleted: false },
      ]);
      expect(await store.changes({ ...request, types: [] })).toEqual([]);
      expect(await store.changes({ ...request, limit: 0 })).toEqual([]);
      expect(await store.changes({ ...request, types: ['Task'] })).toEqual([]);
      expect(await store.changes({ ...request, types: ['Task', 'Goal', 'Flag', 'Media', 'Basic'] })).toEqual([]);
    });
  });
}
