import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  DateRow,
  IndexRow,
  QuantityRow,
  ReferenceRow,
  StringRow,
  TokenRow,
  ValueRow,
} from '../../src/fhir/index-row.ts';
import {
  type DateValue,
  type PartValue,
  type QuantityValue,
  type ReferenceValue,
  SEARCH_PREFIXES,
  type SearchFilter,
  type SearchRequest,
  type SearchSort,
  type TokenValue,
} from '../../src/fhir/search-request.ts';
import type { ResourceWrite, SearchPage, Store } from '../../src/store/store.ts';
import type { OpenedStore } from './contract.ts';
import { commitOf, sampleWrite } from './support/samples.ts';

/**
 * A small world, so that filters find something: two types, few parameters, few values. A parameter is of one kind, as
 * in R4.
 */
const ids = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9'];
const paramOf = (kind: string) => fc.constantFrom(`${kind}-one`, `${kind}-two`);
const system = fc.constantFrom('', 'https://x.example');
const code = fc.constantFrom('a', 'b', 'B');
const text = fc.constantFrom('', 'a', 'ab', 'abc', 'b%', 'é😀', '\u{ffff}');
const uri = fc.constantFrom('http://x/a', 'http://x/a/b', 'http://x/ab', 'http://x/a-b', 'urn:a');
const targetType = fc.constantFrom('Patient', 'Group', '');
const target = fc.constantFrom(...ids.slice(0, 4));
const range = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 3 }));
const lastUpdated = fc.integer({ min: 0, max: 6 });

const tokenRow = (param: fc.Arbitrary<string>): fc.Arbitrary<TokenRow> =>
  fc.record({ kind: fc.constant('token' as const), param, system, code });
const dateRow = (param: fc.Arbitrary<string>): fc.Arbitrary<DateRow> =>
  range.chain(([low, length]) =>
    fc.record({
      kind: fc.constant('date' as const),
      param,
      low: fc.constantFrom(low, Number.NEGATIVE_INFINITY),
      high: fc.constantFrom(low + length, Number.POSITIVE_INFINITY),
    }),
  );
/** Points and ranges, on the halves between which what is asked lies. */
const quantityRow = (param: fc.Arbitrary<string>): fc.Arbitrary<QuantityRow> =>
  fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 2 })).chain(([low, length]) =>
    fc.record({
      kind: fc.constant('quantity' as const),
      param,
      low: fc.constantFrom(low / 2, low / 2, Number.NEGATIVE_INFINITY),
      high: fc.constantFrom((low + length) / 2, (low + length) / 2, Number.POSITIVE_INFINITY),
      system,
      code,
    }),
  );
const stringRow = (param: fc.Arbitrary<string>): fc.Arbitrary<StringRow> =>
  // A text that is nothing is not indexed.
  fc.record({ kind: fc.constant('string' as const), param, folded: text, exact: text.filter((one) => one !== '') });
const referenceRow = (param: fc.Arbitrary<string>): fc.Arbitrary<ReferenceRow> =>
  fc.record({ kind: fc.constant('reference' as const), param, targetType, target });

/** What composites of R4 are made of. */
const part = fc.constant('part');
const COMPOSITES = {
  'composite-quantity': [tokenRow(part), quantityRow(part)],
  'composite-date': [tokenRow(part), dateRow(part)],
  'composite-string': [tokenRow(part), stringRow(part)],
  'composite-token': [referenceRow(part), tokenRow(part)],
  'composite-numbers': [tokenRow(part), quantityRow(part), quantityRow(part)],
} as const;
const compositeName = fc.constantFrom(...(Object.keys(COMPOSITES) as (keyof typeof COMPOSITES)[]));

const indexRow: fc.Arbitrary<IndexRow> = fc.oneof(
  tokenRow(paramOf('token')),
  tokenRow(fc.constant('reference-one:identifier')),
  referenceRow(paramOf('reference')),
  dateRow(paramOf('date')),
  stringRow(paramOf('string')),
  quantityRow(paramOf('quantity')),
  fc.record({ kind: fc.constant('text' as const), param: paramOf('token'), folded: text }),
  fc.record({ kind: fc.constant('uri' as const), param: paramOf('uri'), uri }),
  compositeName.chain((param) =>
    fc.record({
      kind: fc.constant('composite' as const),
      param: fc.constant(param),
      parts: fc.tuple(...(COMPOSITES[param] as readonly fc.Arbitrary<ValueRow>[])),
    }),
  ),
);

const write: fc.Arbitrary<ResourceWrite> = fc
  .record({
    type: fc.constantFrom('ServiceRequest', 'Patient'),
    id: fc.constantFrom(...ids),
    at: lastUpdated,
    deleted: fc.boolean(),
    index: fc.array(indexRow, { maxLength: 10 }),
  })
  .map(({ type, id, at, deleted, index }) => {
    // One in four is deleted, more or less.
    return sampleWrite(id, { type, lastUpdated: new Date(at).toISOString(), deleted: deleted && at < 3, index });
  });

const prefix = fc.constantFrom(...SEARCH_PREFIXES);
const dateValue: fc.Arbitrary<DateValue> = range.chain(([low, length]) =>
  fc.record({ prefix, low: fc.constant(low), high: fc.constant(low + length) }),
);

const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { minLength: 0, maxLength: 3 });
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

const tokenValue = fc.record({ system: optional(system), code: optional(code) });
const referenceValue = fc.record({ targetType: optional(targetType), target });
const quantityValue: fc.Arbitrary<QuantityValue> = fc.integer({ min: 0, max: 4 }).chain((value) =>
  fc.record({
    prefix,
    value: fc.constant(value),
    low: fc.constant(value - 0.5),
    high: fc.constant(value + 0.5),
    system: optional(system),
    code: optional(code),
  }),
);
const plainNumber = quantityValue.map(({ system: _system, code: _code, ...rest }): QuantityValue => rest);

const PARTS: Readonly<Record<keyof typeof COMPOSITES, readonly fc.Arbitrary<PartValue>[]>> = {
  'composite-quantity': [asPart('token', tokenValue), asPart('quantity', quantityValue)],
  'composite-date': [asPart('token', tokenValue), asPart('date', dateValue)],
  'composite-string': [asPart('token', tokenValue), asPart('string', text)],
  'composite-token': [asPart('reference', referenceValue), asPart('token', tokenValue)],
  'composite-numbers': [asPart('token', tokenValue), asPart('quantity', plainNumber), asPart('quantity', plainNumber)],
};

function asPart<T>(kind: PartValue['kind'], value: fc.Arbitrary<T>): fc.Arbitrary<PartValue> {
  return value.map((one) => ({ kind, value: one }) as unknown as PartValue);
}

const missingIndex = fc.constantFrom('token', 'reference', 'date', 'string', 'quantity', 'uri', 'composite');

const plainFilter: fc.Arbitrary<SearchFilter> = fc.oneof(
  fc.record({ kind: fc.constant('id' as const), values: some(fc.constantFrom(...ids)) }),
  fc.record({ kind: fc.constant('lastUpdated' as const), values: some(dateValue) }),
  fc.record({
    kind: fc.constant('token' as const),
    param: fc.oneof(paramOf('token'), fc.constant('reference-one:identifier')),
    not: fc.boolean(),
    values: some(tokenValue),
  }),
  fc.record({ kind: fc.constant('text' as const), param: paramOf('token'), values: some(text) }),
  fc.record({ kind: fc.constant('reference' as const), param: paramOf('reference'), values: some(referenceValue) }),
  fc.record({ kind: fc.constant('date' as const), param: paramOf('date'), values: some(dateValue) }),
  fc.record({
    kind: fc.constant('string' as const),
    param: paramOf('string'),
    match: fc.constantFrom('starts' as const, 'exact' as const, 'contains' as const),
    values: some(text),
  }),
  fc.record({ kind: fc.constant('quantity' as const), param: paramOf('quantity'), values: some(quantityValue) }),
  fc.record({
    kind: fc.constant('uri' as const),
    param: paramOf('uri'),
    match: fc.constantFrom('exact' as const, 'below' as const),
    values: some(uri),
  }),
  compositeName.chain((param) =>
    fc.record({
      kind: fc.constant('composite' as const),
      param: fc.constant(param),
      values: some(fc.tuple(...PARTS[param])),
    }),
  ),
  missingIndex.chain((index) =>
    fc.record({
      kind: fc.constant('missing' as const),
      param: index === 'composite' ? compositeName : paramOf(index),
      index: fc.constant(index),
      missing: fc.boolean(),
    }),
  ),
);

/** Filters that look at other resources, and joins of them, a few deep. */
const { filter } = fc.letrec<{ filter: SearchFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    { weight: 5, arbitrary: plainFilter },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('chain' as const),
        param: paramOf('reference'),
        targetType: fc.constant('Patient'),
        filter: tie('filter'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('has' as const),
        source: fc.constantFrom('ServiceRequest', 'Patient'),
        param: paramOf('reference'),
        filter: tie('filter'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('any' as const),
        filters: fc.array(tie('filter'), { minLength: 0, maxLength: 2 }),
      }),
    },
  ),
}));

const sortKey: fc.Arbitrary<SearchSort> = fc.oneof(
  fc.record({ param: fc.constantFrom('_id' as const, '_lastUpdated' as const), descending: fc.boolean() }),
  fc
    .constantFrom('token', 'reference', 'date', 'string', 'quantity', 'uri')
    .chain((kind) => fc.record({ param: paramOf(kind), kind: fc.constant(kind), descending: fc.boolean() })),
);

const request: fc.Arbitrary<SearchRequest> = fc.record({
  type: fc.constantFrom('ServiceRequest', 'Patient'),
  filters: fc.array(filter, { maxLength: 3 }),
  count: fc.integer({ min: 1, max: 4 }),
  sort: fc.uniqueArray(sortKey, { maxLength: 3, selector: ({ param }) => param }),
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
  const pages: string[][] = [];
  let after: string | undefined;
  let before: string | undefined;
  do {
    const page = await store.search({ ...asked, after });
    expect(page.total).toBe(asked.total ? expected.length : undefined);
    expect(page.matches.length).toBeLessThanOrEqual(asked.count);
    pages.push(page.matches.map(({ id }) => id));
    expect(page.previous !== undefined).toBe(after !== undefined);
    [after, before] = [page.next, page.previous];
  } while (after !== undefined);
  expect(pages.flat()).toEqual(expected.map(({ id }) => id));
  // And the same pages on the way back.
  for (let at = pages.length - 2; at >= 0; at -= 1) {
    const page: SearchPage = await store.search({ ...asked, after: before });
    expect(page.matches.map(({ id }) => id)).toEqual(pages[at]);
    expect(page.next).toBeDefined();
    before = page.previous;
  }
  expect(before).toBeUndefined();
}

function comparing(sort: SearchRequest['sort']): (one: ResourceWrite, other: ResourceWrite) => number {
  return (one, other) => {
    for (const key of [...sort, { param: '_id', descending: false } as const]) {
      const order = compareValues(sortValue(key, one), sortValue(key, other));
      if (order !== 0) return key.descending ? -order : order;
    }
    return 0;
  };
}

/** By code point, as the index has it. */
function compareValues(one: string | number, other: string | number): number {
  if (typeof one === 'number' || typeof other === 'number') return Number(one) - Number(other) || 0;
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The lowest of its values, descending the highest; behind all others where it has none. */
function sortValue(
  { param, kind, descending }: SearchSort,
  { id, lastUpdated: at, index }: ResourceWrite,
): string | number {
  if (kind === undefined) return param === '_id' ? id : at;
  const values = index.flatMap((row): (string | number)[] => {
    if (row.param !== param || row.kind !== kind) return [];
    switch (row.kind) {
      case 'token':
        return [row.code];
      case 'reference':
        return [row.target];
      case 'string':
        return [row.folded];
      case 'uri':
        return [row.uri];
      default:
        return [Math.min(Math.max(row.low, -(2 ** 52)), 2 ** 52)];
    }
  });
  const isNumber = kind === 'date' || kind === 'quantity';
  // A value without a lower end is, as a quantity, the last there is, like none.
  const none = kind === 'quantity' ? 2 ** 52 : 2 ** 53;
  if (values.length === 0) return isNumber ? (descending ? -none : none) : descending ? '' : '\u{10FFFF}';
  const sorted = values.toSorted(compareValues);
  return (descending ? sorted.at(-1) : sorted[0]) ?? '';
}

function finds(filters: readonly SearchFilter[], resource: ResourceWrite, all: readonly ResourceWrite[]): boolean {
  return filters.every((one) => matches(one, resource, all));
}

function matches(one: SearchFilter, resource: ResourceWrite, all: readonly ResourceWrite[]): boolean {
  const of = (type: string): ResourceWrite[] => all.filter((other) => other.type === type && !other.deleted);
  switch (one.kind) {
    case 'id':
      return one.values.includes(resource.id);
    case 'lastUpdated': {
      const low = Date.parse(resource.lastUpdated);
      return one.values.some((value) => inRange(value, low, low + 1));
    }
    case 'missing':
      return resource.index.some((row) => isValueOf(row, one.param)) !== one.missing;
    case 'any':
      return one.filters.some((alternative) => matches(alternative, resource, all));
    case 'chain':
      return of(one.targetType).some(
        (other) => refersTo(resource, one.param, other) && matches(one.filter, other, all),
      );
    case 'has':
      return of(one.source).some((other) => refersTo(other, one.param, resource) && matches(one.filter, other, all));
    default: {
      const rows = resource.index.filter((row) => row.kind === one.kind && row.param === one.param);
      const has = rows.some((row) =>
        one.values.some((value) => hasValue(row, value, 'match' in one ? one.match : 'starts')),
      );
      return has !== (one.kind === 'token' && one.not);
    }
  }
}

/** A code may be words alone, and a reference an identifier alone. */
function isValueOf(row: IndexRow, param: string): boolean {
  return row.param === param || row.param === `${param}:identifier`;
}

function refersTo({ index }: ResourceWrite, param: string, { type, id }: ResourceWrite): boolean {
  return index.some(
    (row) => row.kind === 'reference' && row.param === param && row.targetType === type && row.target === id,
  );
}

/** Whether a row has a value that is asked for; the two are of one kind. */
function hasValue(row: IndexRow, value: unknown, match: string): boolean {
  switch (row.kind) {
    case 'token':
      return isCode(value as TokenValue, row);
    case 'text':
      return row.folded.startsWith(value as string);
    case 'reference': {
      const { targetType: type, target: id } = value as ReferenceValue;
      return id === row.target && (type === undefined || type === row.targetType);
    }
    case 'date':
      return inRange(value as DateValue, row.low, row.high);
    case 'string': {
      const asked = value as string;
      if (match === 'exact') return row.exact === asked;
      return match === 'starts' ? row.folded.startsWith(asked) : row.folded.includes(asked);
    }
    case 'quantity': {
      const asked = value as QuantityValue;
      return isCode(asked, row) && inInterval(asked, row);
    }
    case 'uri':
      return row.uri === value || (match === 'below' && row.uri.startsWith(`${value}/`));
    case 'composite':
      return (value as readonly PartValue[]).every(
        (asked, at) => row.parts[at] !== undefined && hasValue(row.parts[at], asked.value, 'starts'),
      );
  }
}

function isCode(value: TokenValue, row: { readonly system: string; readonly code: string }): boolean {
  return (value.system ?? row.system) === row.system && (value.code ?? row.code) === row.code;
}

/** The words of https://hl7.org/fhir/R4/search.html#quantity; both ends are in the row's range. */
function inInterval({ prefix: how, value, low: from, high: to }: QuantityValue, row: QuantityRow): boolean {
  const whole = from <= row.low && row.high < to;
  const overlaps = from <= row.high && row.low <= to;
  const rules: Record<QuantityValue['prefix'], boolean> = {
    eq: whole,
    ne: !whole,
    gt: row.high > value,
    lt: row.low < value,
    ge: row.high >= value,
    le: row.low <= value,
    sa: row.low > value,
    eb: row.high < value,
    ap: overlaps,
  };
  return rules[how];
}

/** The words of https://hl7.org/fhir/R4/search.html#prefix, one by one; ranges are [low, high). */
function inRange({ prefix: how, low: from, high: to }: DateValue, low: number, high: number): boolean {
  const contains = from <= low && high <= to;
  const aboveOverlaps = high > to;
  const belowOverlaps = low < from;
  switch (how) {
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
    case 'ap':
      return high > from && low < to;
  }
}
