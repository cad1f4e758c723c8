import type { Resource } from '@medplum/fhirtypes';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createIndexer } from '../../src/fhir/index-resource.ts';
import { parseSearch } from '../../src/fhir/parse-search.ts';
import type { SearchFilter } from '../../src/fhir/search-request.ts';
import type { Store } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import { at, commitOf, reference, sampleWrite, searchOf, token, tokenFilter } from './support/samples.ts';

async function find(store: Store, ...filters: SearchFilter[]): Promise<string[]> {
  return (await store.search(searchOf(filters))).matches.map(({ id }) => id);
}

const definitions = openDefinitions();
const indexer = createIndexer(definitions);

const day = (date: string) => ({ low: Date.parse(date), high: Date.parse(date) + 86_400_000 });

export function describeSearchContract(subject: Subject): void {
  describe('search', () => {
    it('finds by token: code alone, code of a system, code of none, any code of a system', async () => {
      const { store } = subject();
      const sct = 'http://snomed.info/sct';
      await store.commit(
        commitOf({
          writes: [
            sampleWrite('r1', { index: [token('code', '306167008', sct)] }),
            sampleWrite('r2', { index: [token('code', '306167008')] }),
            sampleWrite('r3', { index: [token('code', '111', sct), token('category', '306167008', sct)] }),
          ],
        }),
      );
      expect(await find(store, tokenFilter('code', '306167008'))).toEqual(['r1', 'r2']);
      expect(await find(store, tokenFilter('code', '306167008', sct))).toEqual(['r1']);
      expect(await find(store, tokenFilter('code', '306167008', ''))).toEqual(['r2']);
      expect(await find(store, tokenFilter('code', undefined, sct))).toEqual(['r1', 'r3']);
      expect(await find(store, tokenFilter('code', '30616700'))).toEqual([]);
    });

    it('joins filters by and, values by or, and finds a resource once', async () => {
      const { store } = subject();
      await store.commit(
        commitOf({
          writes: [
            sampleWrite('r1', { index: [token('status', 'active'), token('code', 'x'), token('code', 'y')] }),
            sampleWrite('r2', { index: [token('status', 'draft'), token('code', 'x')] }),
            sampleWrite('r3', { index: [token('status', 'active')] }),
          ],
        }),
      );
      const codes: SearchFilter = { kind: 'token', param: 'code', not: false, values: [{ code: 'x' }, { code: 'y' }] };
      expect(await find(store, codes)).toEqual(['r1', 'r2']);
      expect(await find(store, codes, tokenFilter('status', 'active'))).toEqual(['r1']);
    });

    it('excludes by :not what has the value, and includes what has none', async () => {
      const { store } = subject();
      await store.commit(
        commitOf({
          writes: [
            sampleWrite('r1', { index: [token('code', 'x'), token('code', 'y')] }),
            sampleWrite('r2', { index: [token('code', 'y')] }),
            sampleWrite('r3'),
          ],
        }),
      );
      expect(await find(store, { kind: 'token', param: 'code', not: true, values: [{ code: 'x' }] })).toEqual([
        'r2',
        'r3',
      ]);
    });

    it('finds by reference, by missing, and through a chain', async () => {
      const { store } = subject();
      const nhs = 'https://fhir.nhs.uk/Id/nhs-number';
      await store.commit(
        commitOf({
          writes: [
            sampleWrite('p1', { type: 'Patient', index: [token('identifier', '9990000018', nhs)] }),
            sampleWrite('p2', { type: 'Patient', index: [token('identifier', '9990000026', nhs)] }),
            sampleWrite('r1', { index: [reference('subject', 'Patient', 'p1')] }),
            sampleWrite('r2', { index: [reference('subject', 'Patient', 'p2')] }),
            sampleWrite('r3', { index: [reference('subject', 'Group', 'p1')] }),
            sampleWrite('r4'),
          ],
        }),
      );
      const subjectIs = (targetType?: string): SearchFilter => {
        return { kind: 'reference', param: 'subject', values: [{ targetType, target: 'p1' }] };
      };
      const chain: SearchFilter = {
        kind: 'chain',
        param: 'subject',
        targetType: 'Patient',
        filter: tokenFilter('identifier', '9990000018', nhs),
      };
      const missing = (is: boolean): SearchFilter => {
        return { kind: 'missing', param: 'subject', index: 'reference', missing: is };
      };
      expect(await find(store, subjectIs('Patient'))).toEqual(['r1']);
      expect(await find(store, subjectIs())).toEqual(['r1', 'r3']);
      expect(await find(store, missing(true))).toEqual(['r4']);
      expect(await find(store, missing(false))).toEqual(['r1', 'r2', 'r3']);
      expect(await find(store, chain)).toEqual(['r1']);
      await store.commit(commitOf({ writes: [sampleWrite('p1', { type: 'Patient', version: 2, deleted: true })] }));
      expect(await find(store, chain)).toEqual([]);
    });

    it('compares dates by the whole range that each covers', async () => {
      const { store } = subject();
      const date = (id: string, low: number, high: number) =>
        sampleWrite(id, { index: [{ kind: 'date', param: 'authored', low, high }] });
      const first = day('2026-01-01T00:00:00Z');
      const second = day('2026-01-02T00:00:00Z');
      const third = day('2026-01-03T00:00:00Z');
      await store.commit(
        commitOf({
          writes: [
            date('r1', first.low, first.high),
            date('r2', second.low, second.high),
            date('r3', third.low, third.high),
            date('r4', first.low, third.high),
            date('r5', second.low, Number.POSITIVE_INFINITY),
          ],
        }),
      );
      const by = (prefix: 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb') =>
        find(store, { kind: 'date', param: 'authored', values: [{ prefix, ...second }] });
      expect(await by('eq')).toEqual(['r2']);
      expect(await by('ne')).toEqual(['r1', 'r3', 'r4', 'r5']);
      expect(await by('gt')).toEqual(['r3', 'r4', 'r5']);
      expect(await by('lt')).toEqual(['r1', 'r4']);
      expect(await by('ge')).toEqual(['r2', 'r3', 'r4', 'r5']);
      expect(await by('le')).toEqual(['r1', 'r2', 'r4']);
      expect(await by('sa')).toEqual(['r3']);
      expect(await by('eb')).toEqual(['r1']);
    });

    it('finds a code with a character that a database may not hold', async () => {
      const { store } = subject();
      await store.commit(commitOf({ writes: [sampleWrite('r1', { index: [token('code', 'a\0b')] })] }));
      expect(await find(store, tokenFilter('code', 'a\0b'))).toEqual(['r1']);
      expect(await find(store, tokenFilter('code', 'ab'))).toEqual([]);
    });

    it('finds values of any spelling, and once each, however often they stand in a resource', async () => {
      const { store } = subject();
      const codes = [
        '"',
        '\\',
        '\\"',
        '{',
        '},{',
        'a,b',
        'NULL',
        'null',
        ' a ',
        "'",
        '\n',
        'Ŵ 😀',
        '?',
        '$1',
        '\u00a0',
      ];
      const index = codes.flatMap((code) => [token('code', code), token('code', code)]);
      // As text of a database these three are one.
      const broken = ['\ud800', '\ud801', '\u{FFFD}'].map((code) => token('identifier', code));
      const many = Array.from({ length: 40 }, (_, n) => token('category', `c${n}`));
      await store.commit(
        commitOf({
          writes: [
            sampleWrite('r1', { index: [...index, ...broken], patient: 'p1', organisations: ['a', 'a', '"{}"'] }),
            sampleWrite('r2', { index: many }),
          ],
        }),
      );
      for (const code of codes) expect(await find(store, tokenFilter('code', code)), code).toEqual(['r1']);
      expect(await find(store, tokenFilter('identifier', '\u{FFFD}'))).toEqual(['r1']);
      expect(await find(store, tokenFilter('category', 'c39'))).toEqual(['r2']);
      expect(await store.organisationsOf('p1')).toEqual(['"{}"', 'a']);
    });

    it('stores values longer than an index can hold, and finds them as they are cut', async () => {
      const { store } = subject();
      // Three bytes a character, and nothing that could be packed.
      const long = Array.from({ length: 3_000 }, (_, n) => String.fromCharCode(0x4e00 + ((n * 7919) % 20_000))).join(
        '',
      );
      const resource = {
        resourceType: 'Organization',
        id: 'r1',
        name: long,
        alias: ['ﷺ'.repeat(400)],
        identifier: [{ system: `https://x.example/${long}`, value: long }],
        type: [{ text: long, coding: [{ system: long, code: long, display: long }] }],
        partOf: { reference: `https://x.example/${long}` },
      };
      const { index } = indexer.index(resource as Resource);
      const claims = [{ system: `https://x.example/${long}`, value: long }];
      const write = sampleWrite('r1', { type: 'Organization', index, claims, patient: 'p1', organisations: [long] });
      expect(await store.commit(commitOf({ writes: [write] }))).toEqual({ ok: true });
      const other = { ...write, id: 'r2', claims: [{ system: `https://x.example/${long}`, value: `${long}2` }] };
      expect(await store.commit(commitOf({ writes: [other] }))).toEqual({ ok: true });
      const again = { ...write, id: 'r3' };
      expect(await store.commit(commitOf({ writes: [again] }))).toEqual({ ok: false, conflict: 'identifier' });
      const second = { ...write, version: 2, claims: await store.claimsOf('Organization', 'r1') };
      expect(await store.commit(commitOf({ writes: [second] }))).toEqual({ ok: true });
      for (const [name, value] of [
        ['name', long],
        ['name:exact', long],
        ['name:contains', 'صلى'],
        ['identifier', `https://x.example/${long}|${long}`],
        ['type', `${long}|${long}`],
        ['type:text', long],
        ['partof', `https://x.example/${long}`],
      ]) {
        const parsed = parseSearch('Organization', [[name ?? '', value ?? '']], definitions);
        if (!parsed.ok) throw new Error(parsed.issues.map(({ text }) => text).join());
        expect([name, (await store.search(parsed.value)).matches.map(({ id }) => id)]).toEqual([name, ['r1', 'r2']]);
      }
      expect(await store.findByIdentifier('Organization', claims[0] ?? { system: '', value: '' })).toEqual([
        'r1',
        'r2',
      ]);
    });

    it('finds strings by beginning, whole and part, with no character special', async () => {
      const { store } = subject();
      const named = (id: string, exact: string) =>
        sampleWrite(id, { index: [{ kind: 'string', param: 'name', folded: exact.toLowerCase(), exact }] });
      await store.commit(
        commitOf({
          writes: [named('r1', 'Hartley'), named('r2', 'hart'), named('r3', 'Lockhart'), named('r4', 'h%_t')],
        }),
      );
      const by = (match: 'starts' | 'exact' | 'contains', value: string) =>
        find(store, { kind: 'string', param: 'name', match, values: [value] });
      expect(await by('starts', 'hart')).toEqual(['r1', 'r2']);
      expect(await by('exact', 'Hartley')).toEqual(['r1']);
      expect(await by('exact', 'hartley')).toEqual([]);
      expect(await by('contains', 'hart')).toEqual(['r1', 'r2', 'r3']);
      expect(await by('contains', '%')).toEqual(['r4']);
      expect(await by('starts', 'h_')).toEqual([]);
    });

    it('treats what looks like SQL as text', async () => {
      const { store } = subject();
      const hostile = `x') OR 1=1; DROP TABLE version; --`;
      await store.commit(
        commitOf({ writes: [sampleWrite('r1', { index: [token(hostile, hostile)] }), sampleWrite('r2')] }),
      );
      expect(await find(store, tokenFilter(hostile, hostile))).toEqual(['r1']);
      expect(await find(store, { kind: 'id', values: [hostile] })).toEqual([]);
    });

    it('finds the current values only, and nothing that is deleted', async () => {
      const { store } = subject();
      const write = (version: number, status: string, deleted = false) =>
        store.commit(commitOf({ writes: [sampleWrite('r1', { version, deleted, index: [token('status', status)] })] }));
      await write(1, 'draft');
      await write(2, 'active');
      expect(await find(store, tokenFilter('status', 'draft'))).toEqual([]);
      expect(await find(store, tokenFilter('status', 'active'))).toEqual(['r1']);
      await write(3, 'active', true);
      expect(await find(store, tokenFilter('status', 'active'))).toEqual([]);
      expect(await find(store)).toEqual([]);
      expect(await find(store, { kind: 'id', values: ['r1'] })).toEqual([]);
      await write(4, 'draft');
      expect(await find(store, tokenFilter('status', 'draft'))).toEqual(['r1']);
    });

    it('counts when asked to, and only counts for a page of none', async () => {
      const { store } = subject();
      await store.commit(commitOf({ writes: ['r1', 'r2', 'r3'].map((id) => sampleWrite(id)) }));
      expect(await store.search(searchOf([], { count: 2 }))).not.toHaveProperty('total');
      expect(await store.search(searchOf([], { count: 2, total: true }))).toMatchObject({ total: 3 });
      expect(await store.search(searchOf([], { count: 0 }))).toEqual({ matches: [], total: 3 });
      expect(await store.search(searchOf([tokenFilter('x', 'y')], { total: true }))).toEqual({ matches: [], total: 0 });
    });

    it('has no next page after exactly the last resource', async () => {
      const { store } = subject();
      await store.commit(commitOf({ writes: ['r1', 'r2'].map((id) => sampleWrite(id)) }));
      expect((await store.search(searchOf([], { count: 2 }))).next).toBeUndefined();
      expect((await store.search(searchOf([], { count: 1 }))).next).toBeDefined();
    });

    it.each([
      ['by id', [], undefined],
      ['oldest first', [{ param: '_lastUpdated', descending: false }], 5_000],
      ['newest first', [{ param: '_lastUpdated', descending: true }], 0],
    ] as const)('shows each resource once on its pages %s while others write', async (_order, sort, newcomersAt) => {
      const { store } = subject();
      const write = (id: string, seconds: number, version = 1) =>
        sampleWrite(id, { version, lastUpdated: at(seconds), index: [token('status', 'active')] });
      // Pairs share an instant, so that the id has to decide.
      const settled = Array.from({ length: 40 }, (_, n) => `r${100 + n}`);
      const writes = settled.map((id, n) => write(id, 1_000 + Math.floor(n / 2)));
      await store.commit(commitOf({ writes }));
      const seen: string[] = [];
      let after: string | undefined;
      let round = 0;
      do {
        const page = await store.search(
          searchOf([tokenFilter('status', 'active')], { count: 7, sort: [...sort], after }),
        );
        seen.push(...page.matches.map(({ id }) => id));
        after = page.next;
        round += 1;
        // Newcomers before and after the place, a deletion of one that was seen.
        const newcomers = [write(`a${round}`, newcomersAt ?? 0), write(`z${round}`, 3_000)];
        const gone = seen.filter((id) => settled.includes(id))[round];
        const deletion = gone === undefined ? [] : [{ ...write(gone, 1_000, 2), deleted: true }];
        expect(await store.commit(commitOf({ writes: [...newcomers, ...deletion] }))).toEqual({ ok: true });
      } while (after !== undefined && round < 50);
      expect(seen.filter((id) => settled.includes(id)).toSorted()).toEqual(settled);
      expect(new Set(seen).size).toBe(seen.length);
    });

    it.each([
      'x',
      '',
      'bnVsbA',
      Buffer.from('{"order":"up","keys":[],"id":7,"back":false}').toString('base64url'),
      Buffer.from('{"order":"up","keys":["x"],"id":"r1","back":false}').toString('base64url'),
      'A'.repeat(20_000),
    ])('refuses a page that is not one of its own (%#)', async (after) => {
      const { store } = subject();
      await expect(store.search(searchOf([], { after }))).rejects.toMatchObject({
        issues: [{ code: 'parameter-invalid' }],
      });
    });

    it('goes on behind a resource in an order by its values, also those that have none', async () => {
      const { store } = subject();
      const dated = (id: string, low?: number) =>
        sampleWrite(id, { index: low === undefined ? [] : [{ kind: 'date', param: 'date', low, high: low + 1 }] });
      await store.commit(
        commitOf({ writes: [dated('r1'), dated('r2', 20), dated('r3', 10), dated('r4'), dated('r5', 20)] }),
      );
      const order = async (descending: boolean): Promise<string[]> => {
        const seen: string[] = [];
        let after: string | undefined;
        do {
          const sort = [{ param: 'date', kind: 'date', descending }] as const;
          const page = await store.search(searchOf([], { count: 1, sort, after }));
          seen.push(...page.matches.map(({ id }) => id));
          after = page.next;
        } while (after !== undefined);
        return seen;
      };
      expect(await order(false)).toEqual(['r3', 'r2', 'r5', 'r1', 'r4']);
      expect(await order(true)).toEqual(['r2', 'r5', 'r3', 'r1', 'r4']);
    });

    it('keeps a secret that all who have it open share', async () => {
      const { store, second } = subject();
      const other = await second();
      const [one, two] = await Promise.all([store.sharedSecret('a'), other.sharedSecret('a')]);
      expect(one.length).toBe(32);
      expect(Buffer.from(one).equals(two)).toBe(true);
      expect(Buffer.from(await store.sharedSecret('b')).equals(one)).toBe(false);
    });

    it('refuses a page of another order', async () => {
      const { store } = subject();
      await store.commit(commitOf({ writes: ['r1', 'r2'].map((id) => sampleWrite(id)) }));
      const { next } = await store.search(searchOf([], { count: 1 }));
      const sort = [{ param: '_id', descending: true }] as const;
      await expect(store.search(searchOf([], { count: 1, after: next, sort }))).rejects.toThrow('page');
    });
  });
}
