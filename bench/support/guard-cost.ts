import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GUARD_PARTS, type GuardedOrder, type GuardPart } from './guarded-server.ts';
import type { LoadOrder, LoadResult } from './load.ts';
import { type Prepared, prepare } from './prepare.ts';
import { markdownTable, whole } from './results.ts';
import { answerOf, cpuMsOf, stopChild } from './servers.ts';
import { WORKS } from './works.ts';

/**
 * What token check, access decision and audit cost of a request: the same gateway with them, without them, and without
 * each of them alone, in a process with a copy of the same store each, taking turns in short rounds.
 */

const MEASURED = ['read', 'search', 'create-service-request'];
const CONNECTIONS = [1, 16];
/** With all, without any, and without each part alone. */
const SIDES: readonly (readonly GuardPart[])[] = [[], GUARD_PARTS, ...GUARD_PARTS.map((part) => [part])];

export interface GuardCostOptions {
  readonly persons: number;
  readonly rounds: number;
  readonly roundMs: number;
  /** Of the works by name, those alone. */
  readonly only?: string | undefined;
}

interface Side {
  readonly child: ChildProcess;
  readonly httpPort: number;
}

interface Figures {
  readonly perSecond: number[];
  cpuMs: number;
  requests: number;
}

export async function measureGuard(options: GuardCostOptions): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-bench-guard-'));
  const load = fork(join(import.meta.dirname, 'load.ts'), { serialization: 'advanced', stdio: 'inherit' });
  const sides: Side[] = [];
  try {
    const prepared = await prepare(folder, options.persons);
    for (const without of SIDES) sides.push(await start({ folder, prepared, without }));
    const rows: string[][] = [];
    let first = 200_000;
    const measured = options.only === undefined ? MEASURED : [options.only];
    for (const work of WORKS.filter(({ name }) => measured.includes(name))) {
      for (const connections of CONNECTIONS) {
        const figures = sides.map((): Figures => ({ perSecond: [], cpuMs: 0, requests: 0 }));
        const tokens = await Promise.all(sides.map(askToken));
        for (let round = 0; round <= options.rounds; round += 1) {
          let most = 0;
          for (const at of round % 2 === 0 ? SIDES.keys() : [...SIDES.keys()].reverse()) {
            const side = sides[at] as Side;
            const order = { work: work.name, connections, first, token: tokens[at] ?? '', durationMs: options.roundMs };
            const { result, cpuMs } = await run(load, side, order, prepared);
            most = Math.max(most, result.latencies.length);
            if (round > 0) add(figures[at] as Figures, result, cpuMs);
          }
          first += most;
        }
        const row = describe(work.title, connections, figures);
        process.stdout.write(`${row.join('  ')}\n`);
        rows.push(row);
      }
    }
    const head = [
      'request',
      'connections',
      'guarded /s',
      'CPU µs',
      'unguarded /s',
      'CPU µs',
      'share of CPU',
      'share of time',
      ...GUARD_PARTS.map((part) => `${part} µs`),
    ];
    return markdownTable(head, rows);
  } finally {
    load.kill();
    await Promise.all(sides.map(({ child }) => stopChild(child)));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(order: GuardedOrder): Promise<Side> {
  const file = join(import.meta.dirname, 'guarded-server.ts');
  const child = fork(file, { serialization: 'advanced', stdio: 'inherit' });
  child.send(order);
  const { httpPort } = await answerOf<{ httpPort: number }>(child);
  return { child, httpPort };
}

function askToken({ child }: Side): Promise<string> {
  child.send('token');
  return answerOf<string>(child);
}

async function run(
  load: ChildProcess,
  { child, httpPort }: Side,
  order: Omit<LoadOrder, 'httpPort' | 'mllpPort' | 'people'>,
  { people }: Prepared,
): Promise<{ readonly result: LoadResult; readonly cpuMs: number }> {
  const before = cpuMsOf(child.pid ?? 0) ?? 0;
  load.send({ ...order, httpPort, mllpPort: 0, people } satisfies LoadOrder);
  const result = await answerOf<LoadResult>(load);
  if (result.fault !== undefined) throw new Error(`${order.work}: ${result.fault}`);
  return { result, cpuMs: (cpuMsOf(child.pid ?? 0) ?? 0) - before };
}

function add(into: Figures, { latencies, elapsedMs }: LoadResult, cpuMs: number): void {
  into.perSecond.push((latencies.length * 1000) / elapsedMs);
  into.requests += latencies.length;
  into.cpuMs += cpuMs;
}

function describe(title: string, connections: number, figures: readonly Figures[]): string[] {
  const [guarded, unguarded, ...partial] = figures as [Figures, Figures, ...Figures[]];
  const cpuOf = ({ cpuMs, requests }: Figures): number => (cpuMs * 1000) / requests;
  const cpu = [guarded, unguarded].map(cpuOf);
  const [on = 0, off = 0] = cpu;
  const shares = guarded.perSecond.map((perSecond, at) => 1 - perSecond / (unguarded.perSecond[at] ?? Number.NaN));
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  return [
    title,
    String(connections),
    whole(median(guarded.perSecond)),
    whole(on),
    whole(median(unguarded.perSecond)),
    whole(off),
    percent(1 - off / on),
    percent(median(shares)),
    // What is saved without it; together they save more or less than all at once, for they share work.
    ...partial.map((one) => whole(on - cpuOf(one))),
  ];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}
