import { refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { describeFault, type Log } from '../../kernel/log.ts';
import type { Applied } from '../sql/driver.ts';
import { type Breach, type Statement, sql } from '../sql/statement.ts';
import type { NewAudit } from '../store.ts';
import { type AuditChain, createAuditChain } from './audit-chain.ts';
import type { Connection } from './connection.ts';
import { isBusy, isKeyBroken, toStoreError } from './faults.ts';

/** Lists of statements wait here for a transaction, which they share: one flush to disk serves them all. */
export interface GroupCommit {
  /** Resolves when the list is on disk, or when it was found not to apply and has left nothing behind. */
  apply(statements: readonly Statement[], audit?: readonly NewAudit[]): Promise<Applied>;
  /** Resolves when everything accepted so far is settled and the audit sealed; nothing is accepted any more. */
  close(): Promise<void>;
}

interface Unit {
  readonly statements: readonly Statement[];
  readonly audit: readonly NewAudit[];
  readonly resolve: (applied: Applied) => void;
  readonly reject: (fault: unknown) => void;
}

/** How a unit ended within the transaction; it is told after COMMIT alone. */
type Outcome = { readonly applied: Applied } | { readonly fault: unknown };

/** Other work gets this long between two tries, each of which may block. */
const BUSY_PAUSE_MS = 25;
const BEGIN = sql`BEGIN IMMEDIATE`;
const COMMIT = sql`COMMIT`;
const SAVEPOINT = sql`SAVEPOINT unit`;
const RELEASE = sql`RELEASE unit`;
const UNDO = sql`ROLLBACK TO unit`;

export function createGroupCommit(connection: Connection, log: Log): GroupCommit {
  const queue: Unit[] = [];
  const chain = createAuditChain(connection);
  let scheduled = false;
  let closed = false;
  let busySince: number | undefined;
  let drained: (() => void) | undefined;

  // What arrives in one turn of the event loop is there when the turn's last phase begins.
  const schedule = (delayMs: number): void => {
    if (scheduled) return;
    scheduled = true;
    const run = (): void => {
      scheduled = false;
      flush();
      if (queue.length > 0) schedule(busySince === undefined ? 0 : BUSY_PAUSE_MS);
      else drained?.();
    };
    if (delayMs === 0) setImmediate(run);
    else setTimeout(run, delayMs);
  };

  const flush = (): void => {
    try {
      connection.run(BEGIN);
      busySince = undefined;
    } catch (fault) {
      const now = Date.now();
      busySince ??= now;
      if (isBusy(fault) && now - busySince < LIMITS.storeBusyMs) return;
      busySince = undefined;
      fail(queue.splice(0, LIMITS.storeGroupMax), fault);
      return;
    }
    const group = queue.splice(0, LIMITS.storeGroupMax);
    try {
      const outcomes = group.map((unit) => applyUnit(connection, unit, chain));
      chain.moveHead();
      connection.run(COMMIT);
      chain.keep();
      group.forEach((unit, index) => {
        settle(unit, outcomes[index]);
      });
    } catch (fault) {
      if (connection.inTransaction()) connection.exec('ROLLBACK');
      chain.forget();
      fail(group, fault);
    }
  };

  const settle = (unit: Unit, outcome: Outcome | undefined): void => {
    if (outcome !== undefined && 'applied' in outcome) unit.resolve(outcome.applied);
    else fail([unit], outcome?.fault);
  };

  /** Best effort: a segment without its end is no fault, a process may die as well. */
  const seal = (): void => {
    try {
      chain.seal();
    } catch (fault) {
      log.warn('store.audit-not-sealed', { fault: describeFault(fault) });
    }
  };

  const fail = (units: readonly Unit[], fault: unknown): void => {
    log.error('store.write-failed', { count: units.length, fault: describeFault(fault) });
    for (const unit of units) unit.reject(toStoreError(fault));
  };

  return {
    apply: (statements, audit = []) =>
      new Promise((resolve, reject) => {
        if (closed || queue.length >= LIMITS.storeQueueMax) {
          const why = closed ? 'is closed' : 'has as many writes waiting as it may hold';
          reject(refuse('store-unavailable', `The store ${why}. Try again later.`));
          return;
        }
        queue.push({ statements, audit, resolve, reject });
        schedule(0);
      }),
    close: async () => {
      await new Promise<void>((resolve) => {
        closed = true;
        if (queue.length === 0) resolve();
        else drained = resolve;
      });
      seal();
    },
  };
}

/**
 * Applies one list within the shared transaction. A broken key or a fault takes back this list alone; a fault that
 * has ended the transaction, such as a full disk, is thrown, for it has taken the whole group with it.
 */
function applyUnit(connection: Connection, { statements, audit }: Unit, chain: AuditChain): Outcome {
  const before = chain.mark();
  connection.run(SAVEPOINT);
  try {
    const rows = statements.map((statement) => runStatement(connection, statement));
    if (audit.length > 0) chain.add(audit);
    connection.run(RELEASE);
    return { applied: { ok: true, rows } };
  } catch (fault) {
    if (!connection.inTransaction()) throw fault;
    connection.run(UNDO);
    connection.run(RELEASE);
    chain.returnTo(before);
    return fault instanceof BrokenStatement ? { applied: { ok: false, breach: fault.breach } } : { fault };
  }
}

function runStatement(connection: Connection, statement: Statement) {
  const { breach, rows: expected = 0 } = statement;
  try {
    const { rows, touched } = connection.run(statement);
    if (touched >= expected) return rows;
  } catch (fault) {
    if (breach === undefined || !isKeyBroken(fault)) throw fault;
  }
  if (breach === undefined) throw new Error('a statement touched fewer rows than it must');
  throw new BrokenStatement(breach);
}

class BrokenStatement extends Error {
  readonly breach: Breach;

  constructor(breach: Breach) {
    super(`breach: ${breach}`);
    this.breach = breach;
  }
}
