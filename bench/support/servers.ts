import { type ChildProcess, fork, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FhirFloorOrder } from './fhir-floor.ts';
import { copySeed, type Prepared, tokenFor } from './prepare.ts';

/** A server that is measured: a process of its own, with a store of its own. */
export interface MeasuredServer {
  readonly name: 'Ginnel' | 'fair floor' | 'bare floor';
  readonly folder: string;
  readonly httpPort: number;
  readonly mllpPort: number;
  /** A new access token, which lives for minutes; undefined where none is asked for. */
  readonly requestToken: (() => Promise<string>) | undefined;
  readonly pid: number;
  stop(): Promise<void>;
}

const ROOT = resolve(import.meta.dirname, '../..');

interface GinnelOptions {
  /** On PostgreSQL. */
  readonly database?: string;
  /** Of node. */
  readonly flags?: readonly string[];
  /** Its own data folder, instead of a copy of the seeded one. */
  readonly data?: string;
}

/** `ginnel serve`, as anybody starts it; its log goes to a file. */
export async function startGinnel(
  folder: string,
  { configFile }: Pick<Prepared, 'configFile'>,
  { database = '', flags = [], data }: GinnelOptions = {},
): Promise<MeasuredServer> {
  const dataFolder = data ?? copySeed(folder, 'ginnel');
  const [httpPort, mllpPort] = [await freePort(), await freePort()];
  const log = openSync(join(folder, 'ginnel.log'), 'a');
  const child = spawn(process.execPath, [...flags, join(ROOT, 'bin/ginnel.js'), 'serve', '--no-demo'], {
    cwd: folder,
    env: {
      ...process.env,
      GINNEL_CONFIG: configFile,
      GINNEL_DATA: dataFolder,
      DATABASE_URL: database,
      PORT: String(httpPort),
      MLLP_PORT: String(mllpPort),
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const baseUrl = `http://localhost:${httpPort}`;
  await untilReady(`${baseUrl}/health/ready`, child);
  return {
    name: 'Ginnel',
    folder: dataFolder,
    httpPort,
    mllpPort,
    requestToken: () => tokenFor(dataFolder, baseUrl),
    pid: child.pid ?? 0,
    stop: () => stopChild(child),
  };
}

export async function startFloor(
  name: 'fair floor' | 'bare floor',
  folder: string,
  prepared: Prepared,
): Promise<MeasuredServer> {
  const file = name.replace(' ', '-');
  const dataFolder = copySeed(folder, file);
  const child = fork(join(import.meta.dirname, `${file}.ts`), { serialization: 'advanced', stdio: 'inherit' });
  child.send({ folder: dataFolder, prepared });
  const ports = await answerOf<{ httpPort: number; mllpPort: number }>(child);
  return {
    name,
    folder: dataFolder,
    ...ports,
    requestToken: undefined,
    pid: child.pid ?? 0,
    stop: () => stopChild(child),
  };
}

/** A floor of `bench/fhir.ts`; `database`: on PostgreSQL instead of a copy of the seeded folder. */
export async function startFhirFloor(
  kind: FhirFloorOrder['kind'],
  folder: string,
  { templates }: Prepared,
  database?: string,
): Promise<MeasuredServer> {
  const dataFolder = copySeed(folder, kind.replace(' ', '-'));
  const child = fork(join(import.meta.dirname, 'fhir-floor.ts'), { serialization: 'advanced', stdio: 'inherit' });
  const order: FhirFloorOrder = { kind, address: database ?? dataFolder, templates };
  child.send(order);
  const { httpPort, token } = await answerOf<{ httpPort: number; token: string }>(child);
  return {
    name: kind,
    folder: dataFolder,
    httpPort,
    mllpPort: 0,
    requestToken: async () => token,
    pid: child.pid ?? 0,
    stop: () => stopChild(child),
  };
}

/** The next message of a child process; rejects when it ends instead. */
export function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('a process of the benchmark ended'));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as T);
    });
  });
}

export function stopChild(child: ChildProcess): Promise<void> {
  return new Promise((settle) => {
    if (child.exitCode !== null || child.signalCode !== null) return settle();
    child.once('exit', () => settle());
    child.kill('SIGTERM');
  });
}

export async function untilReady(url: string, child: ChildProcess, lookMs = 20): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await delay(lookMs);
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Processor time that a process has used, in milliseconds; undefined where the system does not say. */
export function cpuMsOf(pid: number): number | undefined {
  const fields = procFile(pid, 'stat')?.split(') ')[1]?.split(' ');
  // Fields 14 and 15 of proc(5), in ticks of 10 ms.
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process in megabytes; undefined where the system does not say. */
export function residentMbOf(pid: number, what: 'VmRSS' | 'VmHWM' = 'VmRSS'): number | undefined {
  const line = procFile(pid, 'status')
    ?.split('\n')
    .find((one) => one.startsWith(`${what}:`));
  return line === undefined ? undefined : Number.parseInt(line.slice(what.length + 1), 10) / 1024;
}

function procFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}
