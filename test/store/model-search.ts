import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IndexRow } from '../../src/fhir/index-row.ts';
import type { DateValue, SearchFilter, SearchRequest } from '../../src/fhir/search-request.ts';
import type { ResourceWrite, Store } from '../../src/store/store.ts';
import type { OpenedStore } from './contract.ts';
import { commitOf, sampleWrite } from './support/samples.ts';

/** A small world, so that filters find something: two types, few parameters, few values. */
const ids = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9'];
const param = fc.constantFrom('one', 'two');
const system = fc.constantFrom('', 'https://x.example');
const code = fc.constantFrom('a', 'b', 'B');
const text = fc.constantFrom('', 'a', 'ab', 'abc', 'b%', 'é😀', '\u{ffff}');
const targetType = fc.constantFrom('Patient', 'Group', '');
const target = fc.constantFrom(...ids.slice(0, 4));
const range = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 3 }));
const lastUpdated = fc.integer({ min: 0, max: 6 });

const indexRow: fc.Arbitrary<IndexRow> = fc.oneof(
  fc.record({ kind: fc.constant('token' as const), param, system, code }),
  fc.record({ kind: fc.constant('reference' as const), param, targetType, target }),
  range.chain(([low, length]) =>
    fc.record({
      kind: fc.constant('date' as const),
      param,
      low: fc.constantFrom(low, Number.NEGATIVE_INFINITY),
      high: fc.constantFrom(low + length, Number.POSITIVE_INFINITY),
    }),
  ),
  fc.record({ kind: fc.constant('string' as const), param, folded: text, exact: text }),
);

const write: fc.Arbitrary<ResourceWrite> = fc
  .record({
    type: fc.constantFrom('ServiceRequest', 'Patient'),
    id: fc.constantFrom(...ids),
    at: lastUpdated,
    deleted: fc.boolean(),
    index: fc.array(indexRow, { maxLength: 8 }),
  })
  .map(({ type, id, at, deleted, index }) => {
    // One in four is deleted, more or less.
    return sampleWrite(id, { type, lastUpdated: new Date(at).toISOString(), deleted: deleted && at < 3, index });
  });

const dateValue: fc.Arbitrary<DateValue> = range.chain(([low, length]) =>
  fc.record({
    prefix: fc.constantFrom('eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb'),
    low: fc.constant(low),
    high: fc.constant(low + length),
  }),
);

const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { minLength: 0, maxLength: 3 });
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

const plainFilter: fc.Arbitrary<SearchFilter> = fc.oneof(
  fc.record({ kind: fc.constant('id' as const), values: some(fc.constantFrom(...ids)) }),
  fc.record({ kind: fc.constant('lastUpdated' as const), values: some(dateValue) }),
  fc.record({
    kind: fc.constant('token' as const),
    param,
    not: fc.boolean(),
    values: some(fc.record({ system: optional(system), code: optional(code) })),
  }),
  fc.record({
    kind: fc.constant('reference' as const),
    param,
    values: some(fc.record({ targetType: optional(targetType), target })),
  }),
  fc.record({ kind: fc.constant('date' as const), param, values: some(dateValue) }),
  fc.record({
    kind: fc.constant('string' as const),
    param,
    match: fc.constantFrom('starts' as const, 'exact' as const, 'contains' as const),
    values: some(text),
  }),
  fc.record({
    kind: fc.constant('missing' as const),
    param,
    index: fc.constantFrom('token' as const, 'reference' as const, 'date' as const, 'string' as const),
    missing: fc.boolean(),
  }),
);

const filter: fc.Arbitrary<SearchFilter> = fc.oneof(
  { weight: 4, arbitrary: plainFilter },
  fc.record({ kind: fc.constant('chain' as const), param, targetType: fc.constant('Patient'), filter: plainFilter }),
);

const request: fc.Arbitrary<SearchRequest> = fc.record({
  type: fc.constantFrom('ServiceRequest', 'Patient'),
  filters: fc.array(filter, { maxLength: 3 }),
  count: fc.integer({ min: 1, max: 4 }),
  sort: fc.array(
    fc.record({ param: fc.constantFrom('_id' as const, '_lastUpdated' as const), descending: fc.boolean() }),
    { maxLength: 2 },
  ),
  total: fc.boolean(),
});

export function describeSearchModel(open: () => Promise<OpenedStore>): void {
  describe('search against a model', () => {
    it('finds what looking at every resource would find, in order, page by page', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(write, { minLength: 5, maxLength: 20, selector: ({ type, id }) => `${type}/${id}` }),
          fc.array(request, { minLength: 20, maxLength: 20 }),
          async (writes, requests) => {
            const { store, dispose } = await open();
            try {
              await writeAll(store, writes);
              for (const one of requests) await compare(store, writes, one);
            } finally {
              await dispose();
            }
          },
        ),
        { numRuns: 60 },
      );
    }, 120_000);
  });
}

/** Deleted resources had index rows before, so that a forgotten one would show. */
async function writeAll(store: Store, writes: readonly ResourceWrite[]): Promise<void> {
  const first = writes.map((one) => ({ ...one, deleted: false }));
  expect(await store.commit(commitOf({ writes: first }))).toEqual({ ok: true });
  const gone = writes.filter(({ deleted }) => deleted).map((one) => ({ ...one, version: 2 }));
  expect(await store.commit(commitOf({ writes: gone }))).toEqual({ ok: true });
}

async function compare(store: Store, writes: readonly ResourceWrite[], asked: SearchRequest): Promise<void> {
  const expected = writes.filter((one) => one.type === asked.type && !one.deleted && finds(asked.filters, one, writes));
  expected.sort(comparing(asked.sort));
  const found: string[] = [];
  let after: string | undefined;
  do {
    const page = await store.search({ ...asked, after });
    expect(page.total).toBe(asked.total ? expected.length : undefined);
    expect(page.matches.length).toBeLessThanOrEqual(asked.count);
    found.push(...page.matches.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  expect(found).toEqual(expected.map(({ id }) => id));
}

function comparing(sort: SearchRequest['sort']): (one: ResourceWrite, other: ResourceWrite) => number {
  return (one, other) => {
    for (const { param: by, descending } of [...sort, { param: '_id', descending: false } as const]) {
      const [left, right] = by === '_id' ? [one.id, other.id] : [one.lastUpdated, other.lastUpdated];
      if (left !== right) return left < right === descending ? 1 : -1;
    }
    return 0;
  };
}

function finds(filters: readonly SearchFilter[], resource: ResourceWrite, all: readonly ResourceWrite[]): boolean {
  return filters.every((one) => matches(one, resource, all));
}

function matches(one: SearchFilter, resource: ResourceWrite, all: readonly ResourceWrite[]): boolean {
  const rows = resource.index;
  switch (one.kind) {
    case 'id':
      return one.values.includes(resource.id);
    case 'lastUpdated': {
      const low = Date.parse(resource.lastUpdated);
      return one.values.some((value) => inRange(value, low, low + 1));
    }
    case 'missing':
      return rows.some((row) => row.kind === one.index && row.param === one.param) !== one.missing;
    case 'token': {
      const has = rows.some(
        (row) =>
          row.kind === 'token' &&
          row.param === one.param &&
          one.values.some(
            (value) =>
              (value.system === undefined || value.system === row.system) &&
              (value.code === undefined || value.code === row.code),
          ),
      );
      return has !== one.not;
    }
    case 'reference':
      return rows.some(
        (row) =>
          row.kind === 'reference' &&
          row.param === one.param &&
          one.values.some(
            (value) =>
              value.target === row.target && (value.targetType === undefined || value.targetType === row.targetType),
          ),
      );
    case 'date':
      return rows.some(
        (row) =>
          row.kind === 'date' &&
          row.param === one.param &&
          one.values.some((value) => inRange(value, row.low, row.high)),
      );
    case 'string':
      return rows.some(
        (row) =>
          row.kind === 'string' &&
          row.param === one.param &&
          one.values.some((value) => {
            if (one.match === 'exact') return row.exact === value;
            return one.match === 'starts' ? row.folded.startsWith(value) : row.folded.includes(value);
          }),
      );
    case 'chain':
      return rows.some(
        (row) =>
          row.kind === 'reference' &&
          row.param === one.param &&
          row.targetType === one.targetType &&
          all.some(
            (other) =>
              other.type === one.targetType &&
              other.id === row.target &&
              !other.deleted &&
              matches(one.filter, other, all),
          ),
      );
  }
}

/** The words of https://hl7.org/fhir/R4/search.html#prefix, one by one; ranges are [low, high). */
function inRange({ prefix, low: from, high: to }: DateValue, low: number, high: number): boolean {
  const contains = from <= low && high <= to;
  const aboveOverlaps = high > to;
  const belowOverlaps = low < from;
  switch (prefix) {
    case 'eq':
      return contains;
    case 'ne':
      return !contains;
    case 'gt':
      return aboveOverlaps;
    case 'lt':
      return belowOverlaps;
    case 'ge':
      return aboveOverlaps || contains;
    case 'le':
      return belowOverlaps || contains;
    case 'sa':
      return low >= to;
    case 'eb':
      return high <= from;
  }
}
