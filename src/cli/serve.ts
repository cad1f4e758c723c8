import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Config } from '../config/config.ts';
import { type RunningGateway, startGateway } from '../gateway.ts';
import type { Io } from '../kernel/io.ts';
import { LIMITS } from '../kernel/limits.ts';
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
  // On loopback and known by no other name: behind a proxy, whoever has a demo key could come from anywhere.
  const demoKeys = isLoopback(config.http.host) && isLoopback(new URL(config.baseUrl).hostname);
  const gateway = await startGateway(config, logOf(io.env, 'info'), { demoKeys });
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
  return host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.');
}

/**
 * The first SIGINT or SIGTERM asks for an orderly stop; a later one ends at once. npm and our own launcher pass on what
 * a terminal sends to all of us, so that what comes in the same moment is the same signal.
 */
function waitForStop(): { readonly promise: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let askedAtMs: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (askedAtMs !== undefined && performance.now() - askedAtMs > LIMITS.sameSignalMs) process.exit(1);
      askedAtMs ??= performance.now();
      resolve();
    });
  }
  return { promise };
}
