import type { Pool, PoolClient } from 'pg';
import { refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { describeFault, type Log } from '../../kernel/log.ts';
import type { Applied, SqlDriver } from '../sql/driver.ts';
import type { Statement } from '../sql/statement.ts';
import type { NewAudit } from '../store.ts';
import { type AuditChains, createAuditChains } from './audit-chains.ts';
import { Batch, BatchFailure, type BatchRows, type KnownStatements } from './batch.ts';
import { isBreach, isCollision, isConnectionLost, isKeyTaken, isStalePlan, toStoreError } from './faults.ts';
import { joinInserts } from './join-inserts.ts';
import { createRewriter, type Prepared } from './rewrite.ts';
import { shareReads } from './share-reads.ts';

/** Two that met are not to meet again. */
const COLLISION_PAUSE_MS = 20;

/** Our SQL over a pool of connections. Every call is one round trip on one of them, and point reads may share theirs. */
export function createPostgresDriver(pool: Pool, log: Log): SqlDriver {
  const rewriter = createRewriter();
  const knownBy = new WeakMap<PoolClient, KnownStatements>();
  let inHand = 0;
  let closing: Promise<void> | undefined;
  let drained: (() => void) | undefined;

  const runOnce = async (statements: readonly Prepared[]): Promise<BatchRows> => {
    const client = await pool.connect();
    const known = knownBy.get(client) ?? new Map();
    knownBy.set(client, known);
    let lost = false;
    try {
      return await runBatch(client, statements, known);
    } catch (fault) {
      const cause = fault instanceof BatchFailure ? fault.cause : fault;
      lost = isConnectionLost(cause);
      if (isStalePlan(cause)) known.clear();
      throw fault;
    } finally {
      client.release(lost);
    }
  };

  /** Nothing of a batch that failed is left, so that it can be run again; `collides` says what is worth it beside. */
  const run = async (
    statements: readonly Prepared[],
    collides: (fault: unknown) => boolean = () => false,
  ): Promise<BatchRows> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await runOnce(statements);
      } catch (fault) {
        const cause = fault instanceof BatchFailure ? fault.cause : fault;
        const collided = isCollision(cause) || collides(fault);
        if (!(collided || isStalePlan(cause)) || attempt >= LIMITS.storeAttemptsMax) throw fault;
        if (collided) await pause(attempt * COLLISION_PAUSE_MS * Math.random());
      }
    }
  };

  /** What goes wrong is logged, and told to the caller without what PostgreSQL says of it. */
  const guard = async <T>(action: () => Promise<T>): Promise<T> => {
    if (closing !== undefined) throw refuse('store-unavailable', 'The store is closed.');
    if (inHand >= LIMITS.storeQueueMax) {
      throw refuse('store-unavailable', 'The store has as much work waiting as it may hold. Try again later.');
    }
    inHand += 1;
    try {
      return await action();
    } catch (fault) {
      const told = toStoreError(fault instanceof BatchFailure ? fault.cause : fault);
      log.error('store.failed', { issueCodes: told.issues.map(({ code }) => code), fault: describeFault(told.cause) });
      throw told;
    } finally {
      inHand -= 1;
      if (inHand === 0) drained?.();
    }
  };

  const applyOnce = async (given: readonly Statement[]): Promise<Applied> => {
    if (given.length === 0) return { ok: true, rows: [] };
    const statements = joinInserts(given);
    // A row that nobody else should write was there: a repair of the store has just put it in, and it will now be seen.
    const collides = (fault: unknown): boolean =>
      fault instanceof BatchFailure && isKeyTaken(fault.cause) && breachOf(fault, statements) === undefined;
    try {
      return { ok: true, rows: await run(statements.map(rewriter.named), collides) };
    } catch (fault) {
      const breach = breachOf(fault, statements);
      if (breach === undefined) throw fault;
      return { ok: false, breach };
    }
  };
  const chains: AuditChains = createAuditChains({
    query: async (statement) => (await run([rewriter.named(statement)]))[0] ?? [],
    apply: applyOnce,
    isUncertain: (fault) => isConnectionLost(fault instanceof BatchFailure ? fault.cause : fault),
    chainsMax: pool.options.max,
  });

  const read = shareReads((statements) => run(statements.map(rewriter.named)));

  return {
    query: (statement) => guard(() => read(statement)),
    search: (statement) => guard(async () => (await run([rewriter.unnamed(statement)]))[0] ?? []),
    apply: (statements, audit: readonly NewAudit[] = []) =>
      guard(() => (audit.length === 0 ? applyOnce(statements) : chains.apply(statements, audit))),
    sharesCommits: true,
    close: () => {
      closing ??= new Promise<void>((resolve) => {
        drained = resolve;
        if (inHand === 0) resolve();
      }).then(async () => {
        await chains.seal((fault) => log.warn('store.audit-not-sealed', { fault: describeFault(fault) }));
        await pool.end();
      });
      return closing;
    },
  };
}

function runBatch(client: PoolClient, statements: readonly Prepared[], known: KnownStatements): Promise<BatchRows> {
  return new Promise((resolve, reject) => {
    const batch = new Batch(statements, known, (fault) => {
      if (fault === undefined) resolve(batch.rows);
      else reject(fault);
    });
    client.query(batch);
  });
}

function breachOf(fault: unknown, statements: readonly Statement[]): Statement['breach'] {
  if (!(fault instanceof BatchFailure) || fault.index === undefined || !isBreach(fault.cause)) return undefined;
  return statements[fault.index]?.breach;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
