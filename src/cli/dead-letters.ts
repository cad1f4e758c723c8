import { parseArgs } from 'node:util';
import type { Config } from '../config/config.ts';
import { systemClock } from '../kernel/clock.ts';
import { formatIssue } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Store, StoredDelivery } from '../store/store.ts';
import { auditDecision } from './audit-decision.ts';
import { openExistingStore, readConfig } from './settings.ts';

/**
 * `ginnel dead-letters`: deliveries that have been given up. Each blocks the later deliveries of its own patient to its
 * own partner until somebody decides: `retry` once the cause is mended, or `skip`.
 */
export async function runDeadLetters(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { all: { type: 'boolean', default: false }, partner: { type: 'string' } },
  });
  const [decision, ...named] = positionals;
  if (decision !== undefined && decision !== 'retry' && decision !== 'skip') {
    io.err('Say "retry" or "skip", then the ids of deliveries or --all.\n');
    return 2;
  }
  if (decision !== undefined && named.length === 0 && !values.all) {
    io.err('Name the deliveries, or --all.\n');
    return 2;
  }
  const config = readConfig(io.env);
  const store = await openExistingStore(config);
  try {
    const dead = await store.deliveries({ state: 'dead', partner: values.partner, limit: LIMITS.storeListMax });
    if (decision === undefined) {
      for (const one of dead) printDeadLetter(one, io);
      if (dead.length === 0) io.out('There are no dead letters.\n');
      return 0;
    }
    if (values.all && dead.length === 0) io.out('There are no dead letters.\n');
    // Oldest first: the order in which they would have gone.
    const ids = values.all ? dead.map(({ id }) => id).reverse() : named;
    let missed = 0;
    for (const id of ids) {
      const done = await decide(id, decision, store, config);
      if (!done) missed += 1;
      const result = decision === 'retry' ? 'will be sent again' : 'passed over';
      io.out(`${id}  ${done ? result : 'is not a dead letter'}\n`);
    }
    if (values.all && dead.length === LIMITS.storeListMax) io.err('There may be more; say it again.\n');
    return missed === 0 ? 0 : 1;
  } finally {
    await store.close();
  }
}

async function decide(id: string, decision: 'retry' | 'skip', store: Store, config: Config): Promise<boolean> {
  const delivery = await store.delivery(id);
  if (delivery?.state !== 'dead') return false;
  const { correlationId, partner, lane } = delivery;
  // A lane is the patient's id, or a reference where there is no patient.
  const patients = lane.includes('/') ? [] : [lane];
  await auditDecision({ action: `${decision}-delivery`, subject: id, correlationId, partner, patients }, store, config);
  return store.reviveDelivery(id, decision, systemClock.now().toISOString());
}

function printDeadLetter(one: StoredDelivery, io: Io): void {
  io.out(
    `${one.id}  ${one.createdAt.slice(0, 19)}  ${one.partner}/${one.channel}  ${one.resourceType}  attempts ${one.attempts}\n`,
  );
  for (const problem of one.lastIssues) io.out(`  ${formatIssue(problem)}\n`);
}
