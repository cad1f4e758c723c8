import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { refuseDefault } from '../config/read-tls.ts';
import { refuse } from '../kernel/errors.ts';
import { loadOrCreateDemoKey } from './demo-clients.ts';

/**
 * Makes keys for clients that have demo keys, where trying things out is `allowed`. Where it is not, throws
 * `config-invalid` for such a client, for one whose key file is a demo key, and for a database password that everybody
 * knows.
 */
export async function prepareDemo(
  config: Pick<Config, 'clients' | 'dataFolder' | 'database'>,
  allowed: boolean,
): Promise<void> {
  const folder = join(config.dataFolder, 'demo');
  const clients = [...config.clients.values()];
  if (allowed) {
    for (const { id, keys } of clients) if (keys.kind === 'demo') await loadOrCreateDemoKey(config.dataFolder, id);
    return;
  }
  const demo = clients.filter(
    ({ keys }) => keys.kind === 'demo' || (keys.kind === 'file' && dirname(keys.file) === folder),
  );
  if (demo.length > 0) {
    const names = demo.map(({ id }) => id).join(', ');
    const where = 'which serve only with --demo, or while listening on loopback and known by no other name';
    throw refuse(
      'config-invalid',
      `The clients ${names} have demo keys, ${where}. Give them keys of their own (file or url).`,
    );
  }
  if (config.database !== undefined) {
    refuseDefault(decodeURIComponent(new URL(config.database).password), 'DATABASE_URL');
  }
}
