import { parseArgs } from 'node:util';
import { formatIssue } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import type { Store, StoredDelivery, StoredMessage } from '../store/store.ts';
import { openExistingStore, readConfig } from './settings.ts';

/** `ginnel messages`: what came in and what became of it. Shows no content of any message unless `--body` asks for it. */
export async function runMessages(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      refused: { type: 'boolean', default: false },
      partner: { type: 'string' },
      limit: { type: 'string', default: '50' },
      body: { type: 'boolean', default: false },
    },
  });
  const store = await openExistingStore(readConfig(io.env));
  try {
    const id = positionals[0];
    if (id !== undefined) return await showMessage(id, store, values.body, io);
    const found = await store.messages({
      state: values.refused ? 'refused' : undefined,
      partner: values.partner,
      limit: Math.max(Number(values.limit) || 50, 1),
    });
    for (const one of found) io.out(`${lineOf(one)}\n`);
    if (found.length === 0) io.out('There are no such messages.\n');
    return 0;
  } finally {
    await store.close();
  }
}

async function showMessage(id: string, store: Store, withBody: boolean, io: Io): Promise<number> {
  const message = await store.message(id);
  if (message === undefined) {
    io.err(`There is no message ${id}.\n`);
    return 1;
  }
  if (withBody) {
    io.out(Buffer.from((await store.messageBody(id)) ?? []).toString('utf8'));
    return 0;
  }
  io.out(`${lineOf(message)}\n`);
  io.out(
    `  correlation ${message.correlationId}  mapping ${message.mapping} ${message.mappingVersion.slice(0, 12)}  runs ${message.runs}\n`,
  );
  for (const reference of message.answer.created) io.out(`  created ${reference}\n`);
  for (const reference of message.answer.updated) io.out(`  updated ${reference}\n`);
  const deliveries = await store.deliveries({ messageId: id, limit: 1000 });
  if (deliveries.length === 0 && message.state === 'accepted')
    io.out('  to nobody: no route asked for what it changed\n');
  for (const delivery of deliveries) {
    const behind = await findBlocker(delivery, store);
    io.out(
      `  delivery ${delivery.id} to ${delivery.partner} by ${delivery.route}: ${delivery.state}, attempts ${delivery.attempts}` +
        `${behind === undefined ? '' : `, waits behind the dead letter ${behind}`}\n`,
    );
    for (const one of delivery.lastIssues) io.out(`    ${formatIssue(one)}\n`);
  }
  for (const one of message.answer.issues) io.out(`  ${formatIssue(one)}\n`);
  return 0;
}

/** The dead letter of the same patient at the same partner that an undelivered one has to wait for. */
async function findBlocker(delivery: StoredDelivery, store: Store): Promise<string | undefined> {
  if (delivery.state !== 'pending') return undefined;
  const dead = await store.deliveries({ partner: delivery.partner, state: 'dead', limit: 1000 });
  return dead.find(({ lane, seq }) => lane === delivery.lane && seq < delivery.seq)?.id;
}

function lineOf(message: StoredMessage): string {
  const codes = message.answer.issues.filter(({ severity }) => severity === 'error').map(({ code }) => code);
  return [
    message.id,
    message.receivedAt.slice(0, 19),
    message.state.padEnd(8),
    `${message.partner}/${message.channel}`,
    message.format,
    [...new Set(codes)].join(','),
  ]
    .join('  ')
    .trimEnd();
}
