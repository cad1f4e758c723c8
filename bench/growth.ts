/**
 * Whether cost grows with the store: create, read and search by patient with 1,000,000 resources against the same with
 * 10,000, on both stores. Two gateways that differ in nothing but what they hold take turns in short rounds. Run it with
 * `npx node bench/growth.ts [--quick] [--store sqlite|postgres]`; filling the large ones takes minutes and 10 GB of disk.
 */
import { fork } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/load-config.ts';
import { openTables, startGateway } from '../src/gateway.ts';
import { silentLog } from '../src/kernel/log.ts';
import { startTestPostgres } from '../test/support/postgres.ts';
import { openHttp } from './support/connection.ts';
import { idOfPerson } from './support/growth-people.ts';
import { measureInTurns, type Rounds, shareOf, summarise } from './support/measure.ts';
import { multiplyPerson } from './support/multiply.ts';
import { tokenFor, writeConfig } from './support/prepare.ts';
import { markdownTable, whole, writeSection } from './support/results.ts';
import { type MeasuredServer, startGinnel } from './support/servers.ts';
import { createServiceRequest, FHIR_WORKS, httpBytes, SEARCH_RESULTS } from './support/works.ts';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, store: { type: 'string' } },
});
const RESOURCES_OF_PERSON = SEARCH_RESULTS + 1;
const SMALL = 10_000;
const LARGE = options.quick ? 100_000 : 1_000_000;
/** What it may cost more in the large store. */
const GROWTH_MAX = 1.5;
const ROUNDS: Rounds = options.quick ? { count: 5, ms: 300, warmUpMs: 1_000 } : { count: 15, ms: 500, warmUpMs: 4_000 };
const WORKS = FHIR_WORKS.filter(({ name }) => ['read', 'search', 'create-service-request'].includes(name));
const CONNECTIONS = [1, 16] as const;

const load = fork(join(import.meta.dirname, 'support/load.ts'), { serialization: 'advanced', stdio: 'inherit' });
try {
  const rows: string[][] = [];
  for (const kind of ['sqlite', 'postgres'] as const) {
    if (options.store === undefined || options.store === kind) rows.push(...(await measureStore(kind)));
  }
  const head = ['store', 'work', 'connections', `${whole(SMALL)} /s`, `${whole(LARGE)} /s`, 'p99 ms', 'p99 ms'];
  const text = markdownTable([...head, 'times as long', `within ${GROWTH_MAX}`], rows);
  process.stdout.write(`\n${text}\n`);
  if (!options.quick && options.store === undefined) {
    writeSection('Cost against the size of the store', 'npx node bench/growth.ts', `${text}\n\n${explain()}`);
  }
} finally {
  load.kill();
}

async function measureStore(kind: 'sqlite' | 'postgres'): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-growth-'));
  const servers: MeasuredServer[] = [];
  const postgres = kind === 'postgres' ? await startTestPostgres({ durable: true }) : undefined;
  try {
    const configFile = writeConfig(folder);
    const seed = await postgres?.createBareDatabase();
    await seedPerson(writeConfig(folder, { seesAll: true }), join(folder, 'seed'), seed);
    const template = seed === undefined ? undefined : new URL(seed).pathname.slice(1);
    const people = [SMALL, LARGE].map((resources) => Math.round(resources / RESOURCES_OF_PERSON));
    for (const count of people) {
      const data = join(folder, `of-${count}`);
      cpSync(join(folder, 'seed'), data, { recursive: true });
      const database = await postgres?.createBareDatabase(template);
      const startedAt = performance.now();
      const tables = await openTables(database ?? data);
      await multiplyPerson(tables, count);
      await tables.close();
      const seconds = (performance.now() - startedAt) / 1_000;
      process.stdout.write(`${kind}: ${whole(count * RESOURCES_OF_PERSON)} resources in ${seconds.toFixed(0)} s\n`);
      servers.push(
        await startGinnel(folder, { configFile }, { data, ...(database === undefined ? {} : { database }) }),
      );
    }
    const rows: string[][] = [];
    let first = 100_000;
    for (const work of WORKS) {
      for (const connections of CONNECTIONS) {
        const order = { work: work.name, connections, people: [], first };
        const { figures, next } = await measureInTurns(load, servers, order, ROUNDS, people);
        first = next;
        const [small, large] = figures;
        if (small === undefined || large === undefined) throw new Error('a server was not measured');
        const times = shareOf(small, large);
        const [ofSmall, ofLarge] = [summarise(small), summarise(large)];
        const row = [
          kind === 'sqlite' ? 'SQLite' : 'PostgreSQL',
          work.title,
          String(connections),
          ...[whole(ofSmall.perSecond), whole(ofLarge.perSecond), ofSmall.p99, ofLarge.p99],
          ...[times.toFixed(2), times <= GROWTH_MAX ? 'yes' : 'NO'],
        ];
        rows.push(row);
        process.stdout.write(`${row.join('  ')}\n`);
      }
    }
    return rows;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first person and her requests, through the API, under ids of ours. */
async function seedPerson(configFile: string, dataFolder: string, database = ''): Promise<void> {
  const env = { PORT: '0', MLLP_PORT: '0', GINNEL_DATA: dataFolder, DATABASE_URL: database };
  const gateway = await startGateway(loadConfig(configFile, env), silentLog, { demoKeys: true });
  try {
    const token = await tokenFor(dataFolder, gateway.baseUrl);
    const http = await openHttp(gateway.httpPort);
    const id = idOfPerson(0);
    const put = async (resource: { readonly resourceType: string; readonly id: string }): Promise<void> => {
      const path = `/fhir/${resource.resourceType}/${resource.id}`;
      const body = JSON.stringify(resource);
      const request = { method: 'PUT', path, contentType: 'application/fhir+json', body } as const;
      const answer = await http.send(httpBytes(request, '', token));
      if (answer.status !== 201) throw new Error(`seeding failed: ${answer.status} ${answer.body}`);
    };
    const identifier = [{ system: 'https://bench.example/person', value: id }];
    const name = [{ family: `Family ${id}`, given: ['Zoe'] }];
    await put({ resourceType: 'Patient', id, ...{ identifier, name, gender: 'female', birthDate: '1949-03-02' } });
    for (let at = 0; at < SEARCH_RESULTS; at += 1) {
      const made = JSON.parse(createServiceRequest(at, id).body ?? '') as { readonly resourceType: string };
      const own = [{ system: 'https://bench.example/request', value: `B-${id}-${at}` }];
      await put({ ...made, id: `${id}-${at}`, ...{ identifier: own, note: [{ text: 'A rail at the stairs.' }] } });
    }
    http.close();
  } finally {
    await gateway.stop();
  }
}

function explain(): string {
  return `Each person is a Patient and ${SEARCH_RESULTS} ServiceRequests, at random over the whole store; the rows are those that the API wrote
for the first person, multiplied in the database. Medians of ${ROUNDS.count} rounds of ${ROUNDS.ms / 1000} s after a warm-up; "times as long" is the
median of the rounds' ratios. Token, access decision, validation and audit are on; both databases flush every commit.`;
}
