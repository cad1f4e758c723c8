import type { ChildProcess } from 'node:child_process';
import type { LoadOrder, LoadResult } from './load.ts';
import { whole } from './results.ts';
import { answerOf, cpuMsOf, type MeasuredServer } from './servers.ts';

/** Servers in turn, in short rounds, so that the drift of the machine meets all alike. */

/** What was measured of one server at one work. */
export interface Figures {
  readonly perSecond: number[];
  readonly latencies: Float64Array[];
  cpuMs: number;
  requests: number;
  /** Also those of the warm-up. */
  answered: number;
}

export interface Rounds {
  readonly count: number;
  readonly ms: number;
  readonly warmUpMs: number;
}

export async function measureInTurns(
  load: ChildProcess,
  servers: readonly MeasuredServer[],
  order: Pick<LoadOrder, 'work' | 'connections' | 'people' | 'first'>,
  rounds: Rounds,
  /** Of each server, where they do not hold the same people. */
  grown: readonly number[] = [],
): Promise<{ readonly figures: Figures[]; readonly next: number }> {
  const tokens = await Promise.all(servers.map((server) => server.requestToken?.() ?? 'none'));
  const figures = servers.map((): Figures => ({ perSecond: [], latencies: [], cpuMs: 0, requests: 0, answered: 0 }));
  let first = order.first;
  for (let round = 0; round <= rounds.count; round += 1) {
    let most = 0;
    for (let turn = 0; turn < servers.length; turn += 1) {
      const at = (turn + round) % servers.length;
      const [server, into] = [servers[at], figures[at]];
      if (server === undefined || into === undefined) continue;
      const before = cpuMsOf(server.pid) ?? 0;
      const { httpPort, mllpPort } = server;
      const durationMs = round === 0 ? rounds.warmUpMs : rounds.ms;
      const people = grown[at] === undefined ? {} : { grown: grown[at] };
      const full: LoadOrder = { ...order, ...people, first, httpPort, mllpPort, durationMs, token: tokens[at] ?? '' };
      load.send(full);
      const result = await answerOf<LoadResult>(load);
      if (result.fault !== undefined) throw new Error(`${server.name}, ${order.work}: ${result.fault}`);
      most = Math.max(most, result.latencies.length);
      into.answered += result.latencies.length;
      if (round === 0) continue;
      into.cpuMs += (cpuMsOf(server.pid) ?? 0) - before;
      into.requests += result.latencies.length;
      into.perSecond.push((result.latencies.length * 1000) / result.elapsedMs);
      into.latencies.push(result.latencies);
    }
    first += most;
  }
  return { figures, next: first };
}

export interface Summary {
  readonly perSecond: number;
  readonly p50: string;
  readonly p99: string;
  readonly cpuUs: string;
}

export function summarise({ perSecond, latencies, cpuMs, requests }: Figures): Summary {
  const sorted = Float64Array.from(latencies.flatMap((list) => [...list])).sort();
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return {
    perSecond: median(perSecond),
    p50: at(0.5),
    p99: at(0.99),
    cpuUs: cpuMs === 0 ? '–' : whole((cpuMs * 1000) / requests),
  };
}

/** The median of the rounds' shares. */
export function shareOf(one: Figures, other: Figures): number {
  return median(one.perSecond.map((perSecond, at) => perSecond / (other.perSecond[at] ?? Number.NaN)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}
