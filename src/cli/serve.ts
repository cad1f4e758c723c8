import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Config } from '../config/config.ts';
import { type RunningGateway, startGateway } from '../gateway.ts';
import type { Io } from '../kernel/io.ts';
import { logOf, readConfig } from './settings.ts';

/** `ginnel serve`: runs until it is told to stop. With `--demo`, simulated partners send a day of messages first. */
export async function runServe(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    allowNegative: true,
    options: { demo: { type: 'boolean', default: false } },
  });
  const stopped = waitForStop();
  if (values.demo) {
    const { runDemo } = await import('../demo/run-demo.ts');
    return runDemo({ io, log: logOf(io.env, 'error'), stopped: stopped.promise, announce: writeRunFile });
  }
  const config = readConfig(io.env);
  const gateway = await startGateway(config, logOf(io.env, 'info'), { demoKeys: isLoopback(config.http.host) });
  writeRunFile(config, gateway, {});
  io.out(`${config.title}: FHIR ${gateway.baseUrl}/fhir, MLLP port ${gateway.mllpPort}. Ctrl-C stops.\n`);
  await stopped.promise;
  await gateway.stop();
  return 0;
}

/** What the other commands find the running gateway by. */
function writeRunFile(config: Config, gateway: RunningGateway, demo: object): void {
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  const text = JSON.stringify(
    { baseUrl: gateway.baseUrl, mllpPort: gateway.mllpPort, pid: process.pid, ...demo },
    null,
    2,
  );
  writeFileSync(join(config.dataFolder, 'gateway.json'), `${text}\n`, { mode: 0o600 });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** The first SIGINT or SIGTERM asks for an orderly stop; a second one ends at once. */
function waitForStop(): { readonly promise: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      resolve();
      process.once(signal, () => process.exit(1));
    });
  }
  return { promise };
}
