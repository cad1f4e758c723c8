import { parseArgs } from 'node:util';
import { keyFile, loadOrCreateKeyPair } from '../auth/demo-clients.ts';
import { systemClock } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import type { Io } from '../kernel/io.ts';
import { LIMITS } from '../kernel/limits.ts';
import { auditDecision } from './audit-decision.ts';
import { openExistingStore, readConfig } from './settings.ts';

/**
 * `ginnel keys <client> [--folder keys]`: a key pair for a client of your own. The private half stays with the client;
 * the configuration names the public one. What is there already is kept. `ginnel keys rotate`: new keys of our own.
 */
export async function runKeys(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { folder: { type: 'string', default: 'keys' }, now: { type: 'boolean', default: false } },
  });
  const [client, ...more] = positionals;
  if (client === undefined || more.length > 0) {
    io.err('Name one client, or say rotate: ginnel keys gp-practice\n');
    return 2;
  }
  if (client === 'rotate') return rotateKeys(values.now, io);
  await loadOrCreateKeyPair(values.folder, client);
  io.out(`${keyFile(values.folder, client, 'jwks')}     public: name it in the configuration, keys: { file: … }\n`);
  io.out(`${keyFile(values.folder, client, 'private')}  private: for the client alone\n`);
  return 0;
}

/**
 * Ends the keys that sign access tokens: each process makes itself a new one within seconds. Tokens in use stay good until
 * they expire; with `now`, for a key that somebody else may have, they end too, and clients ask for new ones.
 */
async function rotateKeys(now: boolean, io: Io): Promise<number> {
  const config = readConfig(io.env);
  const store = await openExistingStore(config);
  try {
    const subject = now ? 'access-token, at once' : 'access-token';
    const correlationId = newId();
    await auditDecision(
      { action: 'rotate-keys', subject, correlationId, partner: undefined, patients: [] },
      store,
      config,
    );
    // A key that ended at the beginning of time verifies nothing that was ever signed with it.
    await store.endSigningKeys(now ? new Date(0).toISOString() : systemClock.now().toISOString());
    io.out(`New keys sign within ${LIMITS.standingFreshMs / 1000} s. `);
    io.out(now ? 'Every token has ended.\n' : 'The old ones verify until their last tokens have expired.\n');
    return 0;
  } finally {
    await store.close();
  }
}
