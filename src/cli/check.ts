import { parseArgs } from 'node:util';
import { checkGateway } from '../gateway.ts';
import { formatIssue, hasErrors } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { configFileOf, readConfig } from './settings.ts';

/** `ginnel check`: everything that is read at start, read and checked, and nothing started. */
export async function runCheck(argv: readonly string[], io: Io): Promise<number> {
  parseArgs({ args: [...argv], options: {} });
  const config = readConfig(io.env);
  const { issues, mappings } = checkGateway(config);
  for (const one of issues) io.err(`${formatIssue(one)}\n`);
  if (hasErrors(issues)) return 1;
  const channels = [...config.partners.values()].flatMap((partner) => [...partner.channels.values()]).length;
  io.out(
    `${configFileOf(io.env)} is good: ${config.partners.size} partners, ${channels} channels, ${mappings} mappings, ` +
      `${config.routes.length} routes, ${config.clients.size} clients.\n`,
  );
  return 0;
}
