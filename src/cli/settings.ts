import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { dataFolderOf } from '../config/data-folder.ts';
import { loadConfig } from '../config/load-config.ts';
import { openStore } from '../gateway.ts';
import { refuse } from '../kernel/errors.ts';
import { createLog, type Log, type LogLevel } from '../kernel/log.ts';
import type { Store } from '../store/store.ts';

/** The example that runs when nothing else is configured. */
export const EXAMPLE_CONFIG = resolve(import.meta.dirname, '../../examples/stockport-together/ginnel.yaml');

export function configFileOf(env: NodeJS.ProcessEnv): string {
  return env.GINNEL_CONFIG || EXAMPLE_CONFIG;
}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  return loadConfig(configFileOf(env), env);
}

/** Where the running gateway keeps its data: by GINNEL_DATA, or by the configuration that is named, or `./data`. */
export function dataFolderOfGateway(env: NodeJS.ProcessEnv): string {
  return env.GINNEL_CONFIG && !env.GINNEL_DATA ? readConfig(env).dataFolder : dataFolderOf(env);
}

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** The log that `LOG_LEVEL` asks for: readable on a terminal, JSON elsewhere. */
export function logOf(env: NodeJS.ProcessEnv, fallback: LogLevel): Log {
  const level = env.LOG_LEVEL ?? '';
  return createLog({
    level: LEVELS.includes(level) ? (level as LogLevel) : fallback,
    pretty: process.stderr.isTTY === true,
  });
}

/** The store of a gateway that has run. Without one there is nothing to look at, and none is made by looking. */
export async function openExistingStore(config: Config, log?: Log): Promise<Store> {
  requireDataFolder(config);
  return openStore(config, log);
}

export function requireDataFolder({ dataFolder, database }: Config): void {
  if (database !== undefined || existsSync(dataFolder)) return;
  const text = `There is no data folder at ${dataFolder}. Start the gateway first, or say where its data are (GINNEL_DATA, --config).`;
  throw refuse('config-missing-file', text);
}
