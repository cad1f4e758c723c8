import { parseArgs } from 'node:util';
import { openGateway } from '../gateway.ts';
import { formatIssue } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { LIMITS } from '../kernel/limits.ts';
import { auditDecision } from './audit-decision.ts';
import { logOf, readConfig, requireDataFolder } from './settings.ts';

/**
 * `ginnel replay`: kept messages, processed again as they were received, with today's configuration and mappings. It
 * works on the store itself, beside a running gateway, whose worker then sends what comes of it.
 */
export async function runReplay(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { refused: { type: 'boolean', default: false }, partner: { type: 'string' } },
  });
  if (positionals.length === 0 && !values.refused) {
    io.err(
      'Name the messages to replay, or --refused for all that were refused. "ginnel messages --refused" lists them.\n',
    );
    return 2;
  }
  const config = readConfig(io.env);
  requireDataFolder(config);
  const gateway = await openGateway(config, logOf(io.env, 'error'));
  try {
    const refused = values.refused
      ? await gateway.store.messages({ state: 'refused', partner: values.partner, limit: LIMITS.storeListMax })
      : [];
    // Oldest first: the order in which they came.
    const ids = [...positionals, ...refused.map(({ id }) => id).reverse()];
    let stillRefused = 0;
    for (const id of ids) {
      const message = await gateway.store.message(id);
      if (message !== undefined) {
        const { correlationId, partner } = message;
        const decision = { action: 'replay-message', subject: id, correlationId, partner, patients: [] } as const;
        await auditDecision(decision, gateway.store, config);
      }
      const answer = message === undefined ? undefined : await gateway.replay(id);
      if (answer === undefined) {
        io.err(`There is no message ${id}.\n`);
        stillRefused += 1;
        continue;
      }
      if (answer.state === 'refused') stillRefused += 1;
      io.out(
        `${id} ${answer.state} created ${answer.created.length} updated ${answer.updated.length} routed ${answer.routed.length}\n`,
      );
      for (const one of answer.issues) io.out(`  ${formatIssue(one)}\n`);
    }
    if (refused.length === LIMITS.storeListMax) {
      io.err(`These are the newest ${LIMITS.storeListMax}; once they are accepted, say it again for those before.\n`);
    }
    if (ids.length === 0) io.out('There is nothing to replay.\n');
    return stillRefused === 0 ? 0 : 1;
  } finally {
    await gateway.close();
  }
}
