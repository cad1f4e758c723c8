import { cutText } from '../../fhir/search-strings.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { Commit, CommitResult, NewAudit, Store } from '../store.ts';
import { createAuditStore } from './audit-store.ts';
import { claimDeliveries, DUE_PARTNERS } from './claim-deliveries.ts';
import type { Row, SqlDriver } from './driver.ts';
import { listChanges } from './list-changes.ts';
import {
  listUnreadConsents,
  planConsentRules,
  readPatientFacts,
  readRecordsOf,
  readWithFacts,
} from './patient-facts.ts';
import { planAssertionUse } from './plan-assertion.ts';
import { planCommit } from './plan-commit.ts';
import { planRevival, planSettlement } from './plan-deliveries.ts';
import { keyText } from './plan-index.ts';
import { COUNTS, listCompartment, listDeliveries, listLimit, listMessages, toCounts } from './queries.ts';
import { bytes, text, toAttempt, toDelivery, toMessage, toResource } from './rows.ts';
import { runSearch } from './run-search.ts';
import { serveAuditEvents } from './serve-audit-events.ts';
import { shareCommits } from './share-commits.ts';
import { shareSecret } from './share-secret.ts';
import { createStandingStore } from './standing.ts';
import { type Breach, limitSql, type Sql, type Statement, sql } from './statement.ts';

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
  const applyUnless = async (
    expected: Breach,
    statements: readonly Statement[],
    audit: readonly NewAudit[] = [],
  ): Promise<boolean> => {
    const applied = await driver.apply(statements, audit);
    if (!applied.ok && applied.breach !== expected) throw new Error(`unexpected breach ${applied.breach}`);
    return applied.ok;
  };

  const commitAlone = (commit: Commit): Promise<CommitResult> => applyCommit(driver, commit);

  const store: Store = {
    commit: driver.sharesCommits === true ? shareCommits(commitAlone) : commitAlone,

    read: (type, id) =>
      first(
        sql`SELECT ${VERSION_COLUMNS} FROM version WHERE type = ${type} AND id = ${id} ORDER BY version DESC LIMIT 1`,
        toResource,
      ),
    readWithFacts: (type, id, organisations) => readWithFacts(driver, { type, id, organisations }),
    readVersion: (type, id, version) =>
      first(
        sql`SELECT ${VERSION_COLUMNS} FROM version WHERE type = ${type} AND id = ${id} AND version = ${version}`,
        toResource,
      ),
    history: (type, id) =>
      list(
        sql`SELECT ${VERSION_COLUMNS} FROM version WHERE type = ${type} AND id = ${id}
          ORDER BY version DESC LIMIT ${limitSql(LIMITS.storeListMax)}`,
        toResource,
      ),
    search: (request, asked) => runSearch(driver, request, asked),
    changes: (request) => listChanges(driver, request),
    compartment: async (request) => {
      if (request.types.length === 0 || request.count < 1) return { matches: [] };
      const found = (await driver.search(listCompartment(request))).map(toResource);
      const matches = found.slice(0, request.count);
      const last = found.length > request.count ? matches.at(-1) : undefined;
      return { matches, ...(last === undefined ? {} : { next: { type: last.type, id: last.id } }) };
    },
    recordsOf: (references) => readRecordsOf(driver, references),
    findByIdentifier: (type, { system, value }, limit) =>
      list(
        sql`SELECT id FROM token WHERE type = ${type} AND param = 'identifier' AND code = ${cutText(value)} AND system = ${cutText(system)}
          UNION SELECT id FROM identifier WHERE type = ${type} AND system = ${keyText(system)} AND value = ${keyText(value)}
          ORDER BY id LIMIT ${limitSql(listLimit(limit))}`,
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

    patientFacts: (request) => readPatientFacts(driver, request),
    consentsUnread: () => listUnreadConsents(driver),
    putConsentRules: async (consent, rules) => {
      await driver.apply(planConsentRules(consent, rules));
    },

    message: (id) => first(sql`SELECT * FROM message WHERE id = ${id}`, toMessage),
    messageByKey: (key) => first(sql`SELECT * FROM message WHERE key = ${key}`, toMessage),
    messageBody: (id) =>
      first(sql`SELECT body FROM message_body WHERE message_id = ${id}`, (row) => bytes(row, 'body')),
    messages: async (filter = {}) => (await driver.search(listMessages(filter))).map(toMessage),

    claimDeliveries: (claim) => claimDeliveries(driver, claim),
    settleDelivery: (settlement) => applyUnless('stale', planSettlement(settlement), settlement.audit),
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

    ...createAuditStore(driver),
    useAssertionId: (use) => applyUnless('assertion', planAssertionUse(use)),
    ...createStandingStore(driver),

    sharedSecret: (name) => shareSecret(driver, name),
    ping: async () => {
      await driver.query(sql`SELECT count(*) AS n FROM migration`);
    },
    close: () => driver.close(),
  };
  return serveAuditEvents(store, driver);
}

async function applyCommit(driver: SqlDriver, commit: Commit): Promise<CommitResult> {
  const applied = await driver.apply(planCommit(commit), commit.audit);
  if (applied.ok) return { ok: true };
  const { breach } = applied;
  if (breach === 'version' || breach === 'identifier' || breach === 'message') return { ok: false, conflict: breach };
  throw new Error(`unexpected breach ${breach}`);
}
