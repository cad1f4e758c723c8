/**
 * The whole gateway against two floors, in one run: the message path from a door to the durable commit, and the FHIR
 * API. Each server is a process of its own with a copy of the same store, the load comes from another; the servers take
 * turns in short rounds, so that the drift of the machine meets all alike. Every answer's status and content is looked
 * at, and in the end each store is counted. Run it with `npx node bench/gateway.ts [--quick]`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import type { LoadOrder, LoadResult } from './support/load.ts';
import { type Prepared, prepare } from './support/prepare.ts';
import { markdownTable, whole, writeSection } from './support/results.ts';
import { answerOf, cpuMsOf, type MeasuredServer, residentMbOf, startFloor, startGinnel } from './support/servers.ts';
import { WORKS, type Work } from './support/works.ts';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const PERSONS = options.quick ? 40 : 200;
const ROUNDS = options.quick ? 3 : 9;
const ROUND_MS = options.quick ? 300 : 600;
const WARM_UP_MS = options.quick ? 400 : 1_000;
const CONNECTIONS = [1, 16] as const;

/** What was measured of one server at one work. */
interface Figures {
  readonly perSecond: number[];
  readonly latencies: Float64Array[];
  cpuMs: number;
  requests: number;
}

/** Requests that each server has answered, by work: what its store must hold in the end. */
type Tally = Map<string, number>;

const folder = mkdtempSync(join(tmpdir(), 'ginnel-bench-'));
const load = fork(join(import.meta.dirname, 'support/load.ts'), { serialization: 'advanced', stdio: 'inherit' });
const servers: MeasuredServer[] = [];
const tallies = new Map<string, Tally>();
try {
  const prepared = await prepare(folder, PERSONS);
  servers.push(await startGinnel(folder, prepared));
  servers.push(await startFloor('fair floor', folder, prepared));
  servers.push(await startFloor('bare floor', folder, prepared));
  const before = servers.map(countRows);
  const text = await measureAll(prepared);
  const [ginnel] = servers;
  const memory = ginnel === undefined ? undefined : residentMbOf(ginnel.pid, 'VmHWM');
  for (const server of servers) await server.stop();
  const last = `${checkStores(before)}${memory === undefined ? '' : ` Ginnel's resident memory was ${whole(memory)} MB at most.`}`;
  process.stdout.write(`\n${text}\n\n${last}\n`);
  if (!options.quick && options.only === undefined) {
    writeSection('The gateway against two floors', 'npx node bench/gateway.ts', `${text}\n\n${explain()}\n${last}`);
  }
} finally {
  load.kill();
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}

async function measureAll(prepared: Prepared): Promise<string> {
  const rows: string[][] = [];
  let first = 100_000;
  for (const work of WORKS.filter(({ name }) => options.only === undefined || options.only === name)) {
    for (const connections of CONNECTIONS) {
      const tokens = await requestTokens();
      const figures = servers.map((): Figures => ({ perSecond: [], latencies: [], cpuMs: 0, requests: 0 }));
      for (let round = 0; round <= ROUNDS; round += 1) {
        let most = 0;
        for (const at of orderOf(round)) {
          const server = servers[at];
          const into = figures[at];
          if (server === undefined || into === undefined) continue;
          const durationMs = round === 0 ? WARM_UP_MS : ROUND_MS;
          const cpuBefore = cpuMsOf(server.pid) ?? 0;
          const result = await runLoad(load, {
            work,
            connections,
            durationMs,
            first,
            server,
            prepared,
            token: tokens[at] ?? '',
          });
          most = Math.max(most, result.latencies.length);
          tally(server, work.name, result.latencies.length);
          if (round === 0) continue;
          into.cpuMs += (cpuMsOf(server.pid) ?? 0) - cpuBefore;
          into.requests += result.latencies.length;
          into.perSecond.push((result.latencies.length * 1000) / result.elapsedMs);
          into.latencies.push(result.latencies);
        }
        first += most;
      }
      const row = describe(work, connections, figures);
      rows.push(row);
      process.stdout.write(`${row.join('  ')}\n`);
    }
  }
  const head = [
    'work',
    'connections',
    'Ginnel /s',
    'p50 ms',
    'p99 ms',
    'CPU µs',
    'fair floor /s',
    'p50 ms',
    'p99 ms',
    'CPU µs',
    'bare floor /s',
    'of the fair floor',
    'of the bare floor',
  ];
  return markdownTable(head, rows);
}

/** Of each server; issuing one is audited like an access. */
function requestTokens(): Promise<string[]> {
  return Promise.all(
    servers.map(async (server) => {
      if (server.requestToken === undefined) return 'none';
      tally(server, 'token', 1);
      return server.requestToken();
    }),
  );
}

/** Each server goes first in turn. */
function orderOf(round: number): number[] {
  return servers.map((_, at) => (at + round) % servers.length);
}

async function runLoad(
  child: ChildProcess,
  {
    work,
    server,
    prepared,
    ...order
  }: Pick<LoadOrder, 'connections' | 'durationMs' | 'first' | 'token'> & {
    work: Work;
    server: MeasuredServer;
    prepared: Prepared;
  },
): Promise<LoadResult> {
  const { httpPort, mllpPort } = server;
  const full: LoadOrder = { ...order, work: work.name, httpPort, mllpPort, people: prepared.people };
  child.send(full);
  const result = await answerOf<LoadResult>(child);
  if (result.fault !== undefined) throw new Error(`${server.name}, ${work.title}: ${result.fault}`);
  return result;
}

function describe(work: Work, connections: number, figures: readonly Figures[]): string[] {
  const [ginnel, fair, bare] = figures.map((one) => {
    const sorted = Float64Array.from(one.latencies.flatMap((list) => [...list])).sort();
    const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
    return {
      rounds: one.perSecond,
      perSecond: median(one.perSecond),
      p50: at(0.5),
      p99: at(0.99),
      cpu: one.cpuMs === 0 ? '–' : whole((one.cpuMs * 1000) / one.requests),
    };
  });
  if (ginnel === undefined || fair === undefined || bare === undefined) throw new Error('a server was not measured');
  const share = (floor: readonly number[]): string => {
    const ofRounds = ginnel.rounds.map((perSecond, at) => perSecond / (floor[at] ?? Number.NaN));
    return `${(100 * median(ofRounds)).toFixed(0)} %`;
  };
  return [
    work.title,
    String(connections),
    whole(ginnel.perSecond),
    ginnel.p50,
    ginnel.p99,
    ginnel.cpu,
    whole(fair.perSecond),
    fair.p50,
    fair.p99,
    fair.cpu,
    whole(bare.perSecond),
    share(fair.rounds),
    share(bare.rounds),
  ];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}

function explain(): string {
  return `Medians of ${ROUNDS} rounds of ${ROUND_MS / 1000} s after a warm-up; the servers take turns, and a share is the median of the rounds'
shares. CPU is the server's processor time for a request: where that times the rate is well below a second, the server
waited, for the disk or for the load generator. Ginnel is \`ginnel serve\`
with the Stockport example: token, mapping, validation, routing, audit. Deliveries are written to the outbox and not
sent. The fair floor is express 5 and the very statements that Ginnel's store ran for the same request, recorded in the
same run, prepared once, each request a transaction of its own; reading includes the audit event that Ginnel writes
for an access. The bare floor is node:http, JSON.parse, JSON.stringify and one INSERT or SELECT. All use SQLite with
synchronous=FULL. A request that fails a check of status or content ends the run without figures.`;
}

function tally(server: MeasuredServer, work: string, requests: number): void {
  const of = tallies.get(server.name) ?? new Map<string, number>();
  of.set(work, (of.get(work) ?? 0) + requests);
  tallies.set(server.name, of);
}

interface RowCounts {
  readonly messages: number;
  readonly audit: number;
}

function countRows({ folder: data }: MeasuredServer): RowCounts {
  const database = new DatabaseSync(join(data, 'ginnel.db'), { readOnly: true });
  const count = (table: string): number => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
  const counts = { messages: count('message'), audit: count('audit') };
  database.close();
  return counts;
}

/** Everything that was answered is in the store, once. */
function checkStores(before: readonly RowCounts[]): string {
  for (const [at, server] of servers.entries()) {
    if (server.name === 'bare floor') continue;
    const answered = tallies.get(server.name) ?? new Map<string, number>();
    const messages = ['referral-many', 'referral-one', 'admission'].reduce((sum, n) => sum + (answered.get(n) ?? 0), 0);
    const all = [...answered.values()].reduce((sum, n) => sum + n, 0);
    const after = countRows(server);
    const grown = {
      messages: after.messages - (before[at]?.messages ?? 0),
      audit: after.audit - (before[at]?.audit ?? 0),
    };
    if (grown.messages !== messages || grown.audit !== all) {
      throw new Error(
        `${server.name} answered ${messages} messages of ${all}, but holds ${grown.messages} of ${grown.audit}`,
      );
    }
  }
  return 'Every answer of Ginnel and of the fair floor was found in its store afterwards, once.';
}
