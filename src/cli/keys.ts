import { parseArgs } from 'node:util';
import { keyFile, loadOrCreateKeyPair } from '../auth/demo-clients.ts';
import type { Io } from '../kernel/io.ts';

/**
 * `ginnel keys <client> [--folder keys]`: a key pair for a client of your own. The private half stays with the client;
 * the configuration names the public one. What is there already is kept.
 */
export async function runKeys(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { folder: { type: 'string', default: 'keys' } },
  });
  const [client, ...more] = positionals;
  if (client === undefined || more.length > 0) {
    io.err('Name one client: ginnel keys gp-practice\n');
    return 2;
  }
  await loadOrCreateKeyPair(values.folder, client);
  io.out(`${keyFile(values.folder, client, 'jwks')}     public: name it in the configuration, keys: { file: … }\n`);
  io.out(`${keyFile(values.folder, client, 'private')}  private: for the client alone\n`);
  return 0;
}
