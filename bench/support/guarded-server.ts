import { join } from 'node:path';
import type { AppParts } from '../../src/api/api-parts.ts';
import type { Admission } from '../../src/auth/admit.ts';
import type { CallerReader } from '../../src/auth/reader.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { startGateway } from '../../src/gateway.ts';
import { silentLog } from '../../src/kernel/log.ts';
import type { Commit, CommitResult, NewAudit, Store } from '../../src/store/store.ts';
import { copySeed, type Prepared, tokenFor } from './prepare.ts';

/**
 * The gateway in a process of its own, with its guard, or without all or a part of it: a bench for what the guard costs.
 * Without `admission` a token is looked at once and its bearer then believed; without `reader` everything may be read;
 * without `audit` nothing is audited. There is no way to this but to compose a gateway so.
 */
export type GuardPart = 'admission' | 'reader' | 'audit';
export const GUARD_PARTS: readonly GuardPart[] = ['admission', 'reader', 'audit'];

export interface GuardedOrder {
  readonly folder: string;
  readonly prepared: Prepared;
  readonly without: readonly GuardPart[];
}

const NO_AUDIT: NewAudit = { id: '', recorded: '', content: '', patient: null };

process.on('message', (order: GuardedOrder | 'token') => {
  if (order !== 'token') void serve(order);
});

async function serve({ folder, prepared, without }: GuardedOrder): Promise<void> {
  const dataFolder = copySeed(folder, ['guarded', ...without].join('-'));
  const config = loadConfig(prepared.configFile, { PORT: '0', MLLP_PORT: '0', GINNEL_DATA: dataFolder });
  const gateway = await startGateway(config, silentLog, {
    demoKeys: true,
    replaceParts: (parts) => takeAway(parts, without),
  });
  process.on('message', async (message) => {
    if (message === 'token') process.send?.(await tokenFor(dataFolder, gateway.baseUrl));
  });
  process.on('SIGTERM', async () => {
    await gateway.stop();
    process.exit(0);
  });
  process.send?.({ httpPort: gateway.httpPort, store: join(dataFolder, 'ginnel.db') });
}

function takeAway(parts: AppParts, without: readonly GuardPart[]): AppParts {
  const known = new Map<string, ReturnType<Admission>>();
  const admission: Admission = (request) => {
    const bearer = request.authorization ?? '';
    let identity = known.get(bearer);
    if (identity === undefined) {
      identity = parts.admission(request);
      known.set(bearer, identity);
    }
    return identity;
  };
  const store: Store = { ...parts.store, commit: (commit) => commitUnaudited(commit, parts.store) };
  return {
    ...parts,
    ...(without.includes('admission') ? { admission } : {}),
    ...(without.includes('reader') ? { readerFor: () => readAll(parts.store) } : {}),
    ...(without.includes('audit') ? { store, buildAudit: () => NO_AUDIT, recordRead: async () => {} } : {}),
  };
}

async function commitUnaudited(commit: Commit, store: Store): Promise<CommitResult> {
  const { writes, deliveries, message, reprocessed } = commit;
  if (writes.length === 0 && deliveries.length === 0 && message === undefined && reprocessed === undefined) {
    return { ok: true };
  }
  return store.commit({ ...commit, audit: [] });
}

function readAll(store: Store): CallerReader {
  return {
    read: store.read,
    readVersion: store.readVersion,
    search: store.search,
    compartment: store.compartment,
    changes: store.changes,
    current: store.read,
    show: async (stored) => stored,
    hiddenElements: async () => new Set(),
    mayWrite: async () => ({ allowed: true }),
    isOpen: () => true,
  };
}
