/**
 * The FHIR API on both stores against two floors, in one run: reads, searches, creates and transactions with token,
 * access decision, validation, history and audit. Each server is a process of its own with a copy of the same store; the
 * load comes from another. Run it with `npx node bench/fhir.ts [--quick] [--store sqlite|postgres] [--only work]`;
 * `--profile` leaves a CPU profile of Ginnel in the current folder.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { runSql, startTestPostgres } from '../test/support/postgres.ts';
import { measureInTurns, type Rounds, shareOf, summarise } from './support/measure.ts';
import { prepare } from './support/prepare.ts';
import { markdownTable, whole, writeSection } from './support/results.ts';
import { type MeasuredServer, residentMbOf, startFhirFloor, startGinnel } from './support/servers.ts';
import { FHIR_WORKS } from './support/works.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    only: { type: 'string' },
    store: { type: 'string' },
  },
});
const PERSONS = options.quick ? 40 : 200;
const ROUNDS: Rounds = options.quick ? { count: 3, ms: 400, warmUpMs: 500 } : { count: 7, ms: 500, warmUpMs: 1_000 };
const CONNECTIONS = [1, 16] as const;

/**
 * What is asked: of the fair floor, and of the bare floor on PostgreSQL, where another server's share of its bare floor
 * was measured with 16 connections. On SQLite the share of the bare floor has no bound.
 */
const TARGETS: Readonly<Record<string, { readonly fair: number; readonly bare: number }>> = {
  read: { fair: 0.5, bare: 4 * 0.13 },
  search: { fair: 0.5, bare: 4 * 0.12 },
  'create-service-request': { fair: 0.4, bare: 4 * 0.06 },
  'create-care-plan': { fair: 0.4, bare: 8 * 0.03 },
  transaction: { fair: 0.4, bare: 6 * 0.05 },
};

/** Where a server's store is, and what its audit holds. */
interface Site {
  readonly name: string;
  database(server: string): Promise<string | undefined>;
  countAudit(folder: string, database: string | undefined): Promise<number>;
  dispose(): Promise<void>;
}

const load = fork(join(import.meta.dirname, 'support/load.ts'), { serialization: 'advanced', stdio: 'inherit' });
try {
  const tables: string[] = [];
  for (const name of ['sqlite', 'postgres'] as const) {
    if (options.store !== undefined && options.store !== name) continue;
    tables.push(await measureStore(name));
  }
  const text = tables.join('\n\n');
  process.stdout.write(`\n${text}\n`);
  if (!options.quick && options.only === undefined && options.store === undefined) {
    writeSection('The FHIR API against two floors', 'npx node bench/fhir.ts', `${text}\n\n${explain()}`);
  }
} finally {
  load.kill();
}

async function measureStore(kind: 'sqlite' | 'postgres'): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-fhir-'));
  const servers: MeasuredServer[] = [];
  const site = kind === 'sqlite' ? sqliteSite() : await postgresSite();
  try {
    const seed = await site.database('seed');
    const prepared = await prepare(folder, PERSONS, {
      works: FHIR_WORKS,
      ...(seed === undefined ? {} : { database: seed }),
    });
    const database = await site.database('ginnel');
    const flags = options.profile
      ? ['--cpu-prof', `--cpu-prof-dir=${process.cwd()}`, `--cpu-prof-name=ginnel-${kind}.cpuprofile`]
      : [];
    const ginnel = await startGinnel(folder, prepared, { flags, ...(database === undefined ? {} : { database }) });
    servers.push(ginnel);
    servers.push(await startFhirFloor('fair floor', folder, prepared, await site.database('fair')));
    servers.push(await startFhirFloor('bare floor', folder, prepared, await site.database('bare')));
    const before = await site.countAudit(ginnel.folder, database);
    let answered = 0;
    let first = 100_000;
    const rows: string[][] = [];
    for (const work of FHIR_WORKS.filter(({ name }) => options.only === undefined || options.only === name)) {
      for (const connections of CONNECTIONS) {
        const order = { work: work.name, connections, people: prepared.people, first };
        const { figures, next } = await measureInTurns(load, servers, order, ROUNDS);
        first = next;
        const [own, fair, bare] = figures;
        if (own === undefined || fair === undefined || bare === undefined) throw new Error('a server was not measured');
        // One event for each, for a transaction's creates are one patient's; and one for the token.
        answered += own.answered + 1;
        const [ofFair, ofBare] = [shareOf(own, fair), shareOf(own, bare)];
        const { perSecond, p50, p99, cpuUs } = summarise(own);
        const row = [
          work.title,
          String(connections),
          ...[whole(perSecond), p50, p99, cpuUs],
          ...[whole(summarise(fair).perSecond), summarise(fair).cpuUs],
          ...[whole(summarise(bare).perSecond), summarise(bare).cpuUs],
          ...[percent(ofFair), percent(ofBare)],
          connections === 1 ? '' : judge(work.name, kind, ofFair, ofBare),
        ];
        rows.push(row);
        process.stdout.write(`${site.name}: ${row.join('  ')}\n`);
      }
    }
    const memory = residentMbOf(ginnel.pid, 'VmHWM');
    await Promise.all(servers.map((server) => server.stop()));
    const audited = (await site.countAudit(ginnel.folder, database)) - before;
    if (audited !== answered) throw new Error(`${answered} events were to be audited, and ${audited} were`);
    const head = ['work', 'connections', 'Ginnel /s', 'p50 ms', 'p99 ms', 'CPU µs', 'fair floor /s'];
    const table = markdownTable(
      [...head, 'CPU µs', 'bare floor /s', 'CPU µs', 'of the fair floor', 'of the bare floor', 'asked, and met'],
      rows,
    );
    const peak = memory === undefined ? '' : ` Resident memory was ${whole(memory)} MB at most.`;
    return `${site.name}:\n\n${table}\n\nThe audit holds an event for every answer.${peak}`;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await site.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(work: string, kind: 'sqlite' | 'postgres', ofFair: number, ofBare: number): string {
  const asked = TARGETS[work];
  if (asked === undefined) return '';
  const fair = `${percent(asked.fair)} ${ofFair >= asked.fair ? 'yes' : 'NO'}`;
  return kind === 'sqlite' ? fair : `${fair}; ${percent(asked.bare)} ${ofBare >= asked.bare ? 'yes' : 'NO'}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function sqliteSite(): Site {
  return {
    name: 'SQLite',
    database: async () => undefined,
    countAudit: async (folder) => {
      const database = new DatabaseSync(join(folder, 'ginnel.db'), { readOnly: true });
      const count = Number(database.prepare('SELECT count(*) AS n FROM audit').get()?.n);
      database.close();
      return count;
    },
    dispose: async () => {},
  };
}

/** As the tests start it, but as durable as it comes. The servers' databases are copies of the seeded one. */
async function postgresSite(): Promise<Site> {
  const server = await startTestPostgres({ durable: true });
  let seed: string | undefined;
  return {
    name: 'PostgreSQL',
    database: async () => {
      if (seed === undefined) {
        seed = await server.createBareDatabase();
        return seed;
      }
      return server.createBareDatabase(new URL(seed).pathname.slice(1));
    },
    countAudit: async (_folder, database = '') =>
      Number((await runSql(database, 'SELECT count(*)::int AS n FROM audit'))[0]?.n),
    dispose: () => server.stop(),
  };
}

function explain(): string {
  return `Medians of ${ROUNDS.count} rounds of ${ROUNDS.ms / 1000} s after a warm-up; the servers take turns, and a share is the median of the rounds'
shares. Ginnel is \`ginnel serve\` as it comes, with everything on: token, access decision, validation, index, history, routing and
audit; that of a write in its commit, that of a read within 100 ms. The fair floor is express 5, a token that is verified (and then remembered until it
expires), and the very rows that Ginnel writes and reads for the same request, prepared once, each request a transaction
of its own; on PostgreSQL its statements are pipelined. It does not move the head of the audit's hash chain. The bare floor
is node:http, JSON.parse, JSON.stringify and one INSERT or SELECT for each resource. Both databases flush every commit. What is
asked is, of the fair floor, 50 % for read and search and 40 % for create and transaction; of the bare floor on PostgreSQL, 4
times (CarePlan 8, transaction 6) the share of another FHIR server that was measured on such a machine with 16 connections.`;
}
