import { identifierParam } from '../../fhir/index-row.ts';
import type { AnyFilter, ChainFilter, HasFilter, MissingFilter, SearchFilter } from '../../fhir/search-request.ts';
import {
  testInstant,
  testParts,
  testQuantity,
  testRange,
  testReference,
  testString,
  testToken,
  testUri,
} from './search-values.ts';
import { joinSql, type Sql, sql, TESTED } from './statement.ts';

const tested: Sql = { text: TESTED, params: [] };

/** Rows of a table, under an alias, whose `id` is that of a resource the filter finds. */
export interface Rows {
  readonly from: Sql;
  readonly alias: Sql;
  readonly where: Sql;
  /** Whether they are of the table of resources, which has one row of each. */
  readonly ofResources: boolean;
}

/** A filter that looks at the rows of one parameter of the resource itself. */
export type PlainFilter = Exclude<SearchFilter, AnyFilter | ChainFilter | HasFilter | MissingFilter>;

/** Whether rows lead to resources, or are looked at for a resource that something else has led to. */
export type RowsUse = 'lead' | 'test';

export function plainRows(filter: PlainFilter, type: string, depth: number, use: RowsUse = 'lead'): Rows {
  const alias = aliasAt(depth);
  const rows = (table: string, param: string, test: Sql, by: RowsUse = use): Rows =>
    indexRows(table, type, param, depth, { test, use: by });
  switch (filter.kind) {
    case 'id':
      return currentRows(type, depth, oneOf(sql`${alias}.id`, filter.values));
    case 'lastUpdated':
      return currentRows(
        type,
        depth,
        anyOf(filter.values, (value) => testInstant(value, alias)),
      );
    case 'token': {
      const test = anyOf(filter.values, (value) => testToken(value, alias));
      // A whole code, as a whole reference, is found by its value and the resource together.
      const isWhole = filter.values.every(({ code }) => code !== undefined);
      return rows('token', filter.param, test, isWhole ? 'lead' : use);
    }
    case 'reference': {
      const test = anyOf(filter.values, (value) => testReference(value, alias));
      return rows('reference', filter.param, test, 'lead');
    }
    case 'uri': {
      const test = anyOf(filter.values, (value) => testUri(value, filter.match, alias));
      return rows('token', filter.param, test, filter.match === 'exact' ? 'lead' : use);
    }
    case 'text': {
      const test = anyOf(filter.values, (value) => testString(value, 'starts', alias));
      return rows('string', filter.param, test);
    }
    case 'string': {
      const test = anyOf(filter.values, (value) => testString(value, filter.match, alias));
      return rows('string', filter.param, test);
    }
    case 'date': {
      const test = anyOf(filter.values, (value) => testRange(value, alias));
      return rows('date', filter.param, test);
    }
    case 'quantity': {
      const test = anyOf(filter.values, (value) => testQuantity(value, alias));
      return rows('quantity', filter.param, test);
    }
    case 'composite': {
      const test = anyOf(filter.values, (value) => testParts(value, alias));
      return rows('composite', filter.param, test);
    }
  }
}

/** Current resources of a type: every one, unless more is asked. */
export function currentRows(type: string, depth: number, test?: Sql): Rows {
  const alias = aliasAt(depth);
  const where = sql`${alias}.type = ${type} AND ${alias}.deleted = 0`;
  return {
    from: sql`resource ${alias}`,
    alias,
    where: test === undefined ? where : sql`${where} AND ${test}`,
    ofResources: true,
  };
}

/** Rows of one parameter in one table. */
export function indexRows(
  table: string,
  type: string,
  param: string,
  depth: number,
  { test, use = 'lead' }: { readonly test?: Sql; readonly use?: RowsUse } = {},
): Rows {
  const alias = aliasAt(depth);
  const named = use === 'lead' ? sql`${alias}.param = ${param}` : sql`${alias}.param ${tested} = ${param}`;
  const where = sql`${alias}.type = ${type} AND ${named}`;
  return {
    from: sql`${{ text: table, params: [] }} ${alias}`,
    alias,
    where: test === undefined ? where : sql`${where} AND ${test}`,
    ofResources: false,
  };
}

/** Where a resource's values of a parameter are: a code may be words alone, and a reference an identifier alone. */
export function valueRows({ index, param }: MissingFilter, type: string, depth: number): Rows[] {
  const rows = (table: string, name = param): Rows => indexRows(table, type, name, depth, { use: 'test' });
  switch (index) {
    case 'token':
      return [rows('token'), rows('string')];
    case 'reference':
      return [rows('reference'), rows('token', identifierParam(param))];
    case 'uri':
      return [rows('token')];
    default:
      return [rows(index)];
  }
}

/** A chain nests, and the rows of each level need a name of their own. */
export function aliasAt(depth: number): Sql {
  return { text: `f${depth}`, params: [] };
}

function anyOf<T>(values: readonly T[], test: (value: T) => Sql): Sql {
  if (values.length === 0) return sql`1 = 0`;
  return sql`(${joinSql(
    values.map((value) => test(value)),
    ' OR ',
  )})`;
}

function oneOf(column: Sql, values: readonly string[]): Sql {
  if (values.length === 0) return sql`1 = 0`;
  return sql`${column} IN (${joinSql(
    values.map((value) => sql`${value}`),
    ', ',
  )})`;
}
