import { parseArgs } from 'node:util';
import { GinnelError } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { loadWithParts } from '../mapping/load-mapping.ts';
import { keepVersion } from '../mapping/versions.ts';
import { mappingsRoot, ROOT_OPTIONS } from './mapping-tools.ts';

/**
 * `ginnel keep <mapping>`: keeps a copy of a mapping as it is now, under `versions/`, and prints the name by which a
 * channel can be pinned to it.
 */
export async function runKeep(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...argv], options: ROOT_OPTIONS, allowPositionals: true });
  const [name] = positionals;
  if (name === undefined || positionals.length > 1 || name.includes('@')) {
    io.err('Usage: ginnel keep <mapping> [--mappings folder]\n');
    return 2;
  }
  const root = mappingsRoot(values, io);
  const loaded = loadWithParts(root, name);
  if (!loaded.ok) throw new GinnelError(loaded.issues);
  io.out(`${keepVersion(root, loaded.value)}\n`);
  return 0;
}
