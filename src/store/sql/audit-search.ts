import type { ChainFilter, DateValue, SearchFilter, SearchRequest, TokenValue } from '../../fhir/search-request.ts';
import { refuse } from '../../kernel/errors.ts';
import { andAccess } from './access-filter.ts';
import { AUDIT_FRAME_TEXT } from './rows.ts';
import { leadingRows, rankFilter, testFilter } from './search-filters.ts';
import { IN_SET, joinSql, limitSql, type Sql, sql } from './statement.ts';
import { isoOf } from './time.ts';

/**
 * A search on AuditEvent as SQL over the audit table (https://hl7.org/fhir/R4/auditevent.html#search). Patient and
 * time lead by their indexes; the other columns are tested row by row. What no column holds is looked for in the event
 * itself, whose text we have made: a reference or a coding stands in it in one way only.
 */

export type AuditOrder = 'up' | 'down';

/** The last event of a page. */
export interface AuditPosition {
  readonly recorded: string;
  readonly id: string;
}

const COLUMNS = sql`'AuditEvent' AS type, a.id, 1 AS version, a.recorded, a.recorded AS last_updated, 0 AS deleted,
  a.content, a.frame, a.patient,
  ${AUDIT_FRAME_TEXT}`;

/** One event more than the page holds, by which the caller sees whether there is another page. */
export function buildAuditSearch(request: SearchRequest, order: AuditOrder, after: AuditPosition | undefined): Sql {
  const way = order === 'up' ? sql`ASC` : sql`DESC`;
  const started = after === undefined ? sql`` : sql` AND ${startAfter(after, order)}`;
  return sql`SELECT ${COLUMNS} FROM audit a WHERE ${where(request)}${started}
    ORDER BY a.recorded ${way}, a.id ${way} LIMIT ${limitSql(request.count + 1)}`;
}

export function buildAuditCount(request: SearchRequest): Sql {
  return sql`SELECT count(*) AS total FROM audit a WHERE ${where(request)}`;
}

export function buildAuditRead(id: string): Sql {
  return sql`SELECT ${COLUMNS} FROM audit a WHERE a.id = ${id}`;
}

function startAfter({ recorded, id }: AuditPosition, order: AuditOrder): Sql {
  return order === 'up'
    ? sql`a.recorded >= ${recorded} AND (a.recorded > ${recorded} OR a.id > ${id})`
    : sql`a.recorded <= ${recorded} AND (a.recorded < ${recorded} OR a.id < ${id})`;
}

function where({ filters, access }: SearchRequest): Sql {
  const row = { type: 'AuditEvent', id: sql`a.id`, patient: sql`a.patient`, depth: 0 };
  const wanted = filters.length === 0 ? sql`1 = 1` : joinSql(filters.map(testAudit), ' AND ');
  return sql`${wanted}${andAccess(access, row, testAudit)}`;
}

function testAudit(filter: SearchFilter): Sql {
  switch (filter.kind) {
    case 'id':
      return anyOf(filter.values, (id) => sql`a.id = ${id}`);
    case 'lastUpdated':
      return anyOf(filter.values, testRecorded);
    case 'date':
      if (filter.param !== 'date') break;
      return anyOf(filter.values, testRecorded);
    case 'token': {
      const tested = anyOf(filter.values, (value) => testToken(filter.param, value));
      return filter.not ? sql`NOT coalesce(${tested}, 1 = 0)` : tested;
    }
    case 'reference':
      return anyOf(filter.values, (value) => testReference(filter.param, value));
    case 'any':
      return anyOf(filter.filters, testAudit);
    case 'chain':
      return testChain(filter);
  }
  throw refuse(
    'parameter-unsupported',
    'AuditEvents are searched by _id, _lastUpdated, date, patient, agent, altid, action, outcome, type, subtype and entity.',
  );
}

/** `patient:identifier=…` and `patient.name=…`: the Patients that the caller may find lead to their events. */
function testChain({ param, targetType, filter, access }: ChainFilter): Sql {
  // Our agents are named by identifiers, and no one of them is a stored resource.
  if (param === 'agent') return sql`1 = 0`;
  if (param !== 'patient' || targetType !== 'Patient' || rankFilter(filter) === undefined) {
    throw refuse('parameter-unsupported', 'A search on AuditEvent looks into its patient alone, by what that has.');
  }
  const { from, alias, where: wanted } = leadingRows(filter, 'Patient', 1);
  const row = { type: 'Patient', id: sql`${alias}.id`, patient: sql`${alias}.patient`, depth: 1 };
  const start: Sql = { text: IN_SET.start, params: [] };
  const end: Sql = { text: IN_SET.end, params: [] };
  return sql`a.patient ${start}SELECT ${row.id} FROM ${from} WHERE ${wanted}${andAccess(access, row, testFilter)}${end}`;
}

/** An event's time is an instant, a range of one millisecond. */
function testRecorded({ prefix, low, high }: DateValue): Sql {
  const from = isoOf(low);
  const to = isoOf(high);
  switch (prefix) {
    case 'eq':
      return sql`(a.recorded >= ${from} AND a.recorded < ${to})`;
    case 'ne':
      return sql`(a.recorded < ${from} OR a.recorded >= ${to})`;
    case 'gt':
    case 'sa':
      return sql`a.recorded >= ${to}`;
    case 'lt':
    case 'eb':
      return sql`a.recorded < ${from}`;
    case 'ge':
      return sql`a.recorded >= ${from}`;
    case 'le':
      return sql`a.recorded < ${to}`;
    default:
      throw refuse('parameter-unsupported', 'The date of an AuditEvent cannot take this prefix.');
  }
}

const TOKEN_COLUMNS: Readonly<Record<string, Sql>> = {
  type: sql`a.type`,
  subtype: sql`a.subtype`,
  action: sql`a.action`,
  outcome: sql`a.outcome`,
};

function testToken(param: string, { system, code }: TokenValue): Sql {
  if (code === undefined)
    throw refuse('parameter-unsupported', `${param} of AuditEvent takes a code, not a system alone.`);
  if (param === 'agent:identifier') return testIdentifier(system, code);
  // Nothing else of an event is an identifier of something that is not here.
  if (param.endsWith(':identifier')) return sql`1 = 0`;
  if (param === 'altid') return sql`(a.client = ${code} OR a.partner = ${code})`;
  const column = Object.hasOwn(TOKEN_COLUMNS, param) ? TOKEN_COLUMNS[param] : undefined;
  if (column === undefined) throw refuse('parameter-unsupported', `AuditEvents are not searched by ${param}.`);
  if (system === undefined || param === 'action' || param === 'outcome') return sql`${column} = ${code}`;
  return sql`(${column} = ${code} AND ${containsAnywhere(`{"system":${JSON.stringify(system)},"code":${JSON.stringify(code)}`)})`;
}

function testReference(
  param: string,
  { targetType, target }: { readonly targetType?: string | undefined; readonly target: string },
): Sql {
  switch (param) {
    case 'patient':
      // Without a type it is the id of the only type there can be.
      return targetType === undefined || targetType === 'Patient' ? sql`a.patient = ${target}` : sql`1 = 0`;
    case 'entity': {
      if (targetType === 'Patient') return sql`a.patient = ${target}`;
      if (targetType === undefined)
        throw refuse('parameter-invalid', 'entity of AuditEvent is Type/id, such as CarePlan/1.');
      const reference = JSON.stringify(`${targetType}/${target}`).slice(0, -1);
      return sql`(${contains(`"reference":${reference}"`)} OR ${contains(`"reference":${reference}/_history/`)})`;
    }
    case 'agent': {
      const mark = target.lastIndexOf('|');
      if (targetType === '' && mark !== -1) return testIdentifier(target.slice(0, mark), target.slice(mark + 1));
      if (targetType === '' || targetType === undefined) {
        throw refuse('parameter-invalid', 'agent of AuditEvent is system|value, such as the identifier of a client.');
      }
      return containsAnywhere(`"who":{"reference":${JSON.stringify(`${targetType}/${target}`)}`);
    }
    default:
      throw refuse('parameter-unsupported', `AuditEvents are not searched by ${param}.`);
  }
}

function testIdentifier(system: string | undefined, value: string | undefined): Sql {
  if (system === undefined || value === undefined) {
    throw refuse('parameter-invalid', 'An agent of AuditEvent is named by both, system|value.');
  }
  return containsAnywhere(`"identifier":{"system":${JSON.stringify(system)},"value":${JSON.stringify(value)}}`);
}

/** In what an event has alone or in its frame; the frames are few. */
function containsAnywhere(text: string): Sql {
  return sql`(${contains(text)} OR a.frame IN (SELECT id FROM audit_frame WHERE instr(text, ${text}) > 0))`;
}

function contains(text: string): Sql {
  return sql`instr(a.content, ${text}) > 0`;
}

function anyOf<T>(values: readonly T[], test: (value: T) => Sql): Sql {
  if (values.length === 0) return sql`1 = 0`;
  return sql`(${joinSql(values.map(test), ' OR ')})`;
}
