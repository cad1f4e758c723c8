import type { SearchRequest } from '../../fhir/search-request.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { Commit, CommitResult, SearchPage, Store } from '../store.ts';
import { buildCount, buildSearch } from './build-search.ts';
import { claimDeliveries, DUE_PARTNERS } from './claim-deliveries.ts';
import type { Row, SqlDriver } from './driver.ts';
import { planAssertionUse } from './plan-assertion.ts';
import { planCommit } from './plan-commit.ts';
import { planRevival, planSettlement } from './plan-deliveries.ts';
import { COUNTS, listDeliveries, listLimit, listMessages, toCounts } from './queries.ts';
import { bytes, number, text, toAttempt, toAudit, toDelivery, toMessage, toResource } from './rows.ts';
import { encodePlace, orderOf } from './search-order.ts';
import { type Breach, type Sql, type Statement, sql } from './statement.ts';

const VERSION_COLUMNS = sql`type, id, version, last_updated, deleted, content, patient`;

/** The store over any database that a driver makes speak our SQL. What is more than a line stands in a file of its own. */
export function createSqlStore(driver: SqlDriver): Store {
  const list = async <T>(statement: Sql, convert: (row: Row) => T): Promise<T[]> =>
    (await driver.query(statement)).map(convert);
  const first = async <T>(statement: Sql, convert: (row: Row) => T): Promise<T | undefined> => {
    const row = (await driver.query(statement))[0];
    return row === undefined ? undefined : convert(row);
  };
  /** Whether the statements were applied; false when what they build on is gone, which is breach `expected`. */
  const applyUnless = async (expected: Breach, statements: readonly Statement[]): Promise<boolean> => {
    const applied = await driver.apply(statements);
    if (!applied.ok && applied.breach !== expected) throw new Error(`unexpected breach ${applied.breach}`);
    return applied.ok;
  };

  return {
    commit: (commit) => applyCommit(driver, commit),

    read: (type, id) =>
      first(
        sql`SELECT ${VERSION_COLUMNS} FROM version WHERE type = ${type} AND id = ${id} ORDER BY version DESC LIMIT 1`,
        toResource,
      ),
    readVersion: (type, id, version) =>
      first(
        sql`SELECT ${VERSION_COLUMNS} FROM version WHERE type = ${type} AND id = ${id} AND version = ${version}`,
        toResource,
      ),
    history: (type, id) =>
      list(
        sql`SELECT ${VERSION_COLUMNS} FROM version WHERE type = ${type} AND id = ${id}
          ORDER BY version DESC LIMIT ${LIMITS.storeListMax}`,
        toResource,
      ),
    search: (request) => runSearch(driver, request),
    findByIdentifier: (type, { system, value }, limit) =>
      list(
        sql`SELECT id FROM token WHERE type = ${type} AND param = 'identifier' AND code = ${value} AND system = ${system}
          UNION SELECT id FROM identifier WHERE type = ${type} AND system = ${system} AND value = ${value}
          ORDER BY id LIMIT ${listLimit(limit)}`,
        (row) => text(row, 'id'),
      ),
    claimsOf: (type, id) =>
      list(
        sql`SELECT system, value FROM identifier WHERE type = ${type} AND id = ${id} ORDER BY system, value`,
        (row) => ({ system: text(row, 'system'), value: text(row, 'value') }),
      ),
    organisationsOf: (patient) =>
      list(
        sql`SELECT DISTINCT organisation FROM relationship WHERE patient = ${patient} ORDER BY organisation`,
        (row) => text(row, 'organisation'),
      ),

    message: (id) => first(sql`SELECT * FROM message WHERE id = ${id}`, toMessage),
    messageByKey: (key) => first(sql`SELECT * FROM message WHERE key = ${key}`, toMessage),
    messageBody: (id) =>
      first(sql`SELECT body FROM message_body WHERE message_id = ${id}`, (row) => bytes(row, 'body')),
    messages: async (filter = {}) => (await driver.search(listMessages(filter))).map(toMessage),

    claimDeliveries: (claim) => claimDeliveries(driver, claim),
    settleDelivery: (settlement) => applyUnless('stale', planSettlement(settlement)),
    delivery: (id) => first(sql`SELECT * FROM delivery WHERE id = ${id}`, toDelivery),
    deliveries: async (filter = {}) => (await driver.search(listDeliveries(filter))).map(toDelivery),
    deliveryAttempts: (id) => list(sql`SELECT * FROM attempt WHERE delivery_id = ${id} ORDER BY number`, toAttempt),
    reviveDelivery: (id, decision, at) => applyUnless('stale', planRevival(id, decision, at)),
    nextDeliveryAt: () => first(DUE_PARTNERS, (row) => text(row, 'due_at')),
    setPartnerState: async ({ partner, paused, openUntil }) => {
      await driver.apply([
        sql`INSERT INTO partner_state (partner, paused, open_until) VALUES (${partner}, ${paused ? 1 : 0}, ${openUntil})
          ON CONFLICT (partner) DO UPDATE SET paused = excluded.paused, open_until = excluded.open_until`,
      ]);
    },
    counts: async () => toCounts(await driver.search(COUNTS)),

    audit: ({ afterSeq = 0, limit } = {}) =>
      list(sql`SELECT * FROM audit WHERE seq > ${afterSeq} ORDER BY seq LIMIT ${listLimit(limit)}`, toAudit),
    useAssertionId: (use) => applyUnless('assertion', planAssertionUse(use)),

    ping: async () => {
      await driver.query(sql`SELECT count(*) AS n FROM migration`);
    },
    close: () => driver.close(),
  };
}

async function applyCommit(driver: SqlDriver, commit: Commit): Promise<CommitResult> {
  const applied = await driver.apply(planCommit(commit));
  if (applied.ok) return { ok: true };
  const { breach } = applied;
  if (breach === 'version' || breach === 'identifier' || breach === 'message') return { ok: false, conflict: breach };
  throw new Error(`unexpected breach ${breach}`);
}

async function runSearch(driver: SqlDriver, request: SearchRequest): Promise<SearchPage> {
  const counted = request.total || request.count === 0 ? await driver.search(buildCount(request)) : [];
  const total = counted[0] === undefined ? {} : { total: number(counted[0], 'total') };
  if (request.count === 0) return { matches: [], ...total };
  const found = (await driver.search(buildSearch(request))).map(toResource);
  const matches = found.slice(0, request.count);
  const last = found.length > request.count ? matches.at(-1) : undefined;
  return { matches, ...total, ...(last === undefined ? {} : { next: encodePlace(last, orderOf(request.sort)) }) };
}
