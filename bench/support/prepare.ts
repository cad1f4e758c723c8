import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { loadDemoKey } from '../../src/auth/demo-clients.ts';
import { requestToken } from '../../src/auth/request-token.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { startGateway } from '../../src/gateway.ts';
import { silentLog } from '../../src/kernel/log.ts';
import type { SqlValue, Statement } from '../../src/store/sql/statement.ts';
import type { Commit, Store } from '../../src/store/store.ts';
import { type Answer, openHttp, openMllp } from './connection.ts';
import { planAll } from './plan-all.ts';
import {
  createServiceRequest,
  httpBytes,
  mdtOutcome,
  nhsNumber,
  referral,
  requestBytes,
  SEARCH_RESULTS,
  type SeededPerson,
  WORKS,
  type Work,
  type WorkRequest,
} from './works.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../examples/stockport-together/ginnel.yaml');
export const BENCH_CLIENT = 'bench';
/** The client of the benchmark may do everything to everybody; that is asked for and decided all the same. */
const ACCESS = `types: ['*'], for: all, interactions: [read, search, create, update, delete]`;

/** A parameter of a recorded statement: the same in every request, or one of those that each request has anew. */
export type TemplateParam =
  | { readonly same: SqlValue }
  | { readonly fresh: number; readonly pattern: string }
  /** A number that grows with each request. */
  | { readonly from: number };

/** What one request of a work writes: the statements Ginnel's store ran, and which parameters change with the request. */
export type Template = readonly { readonly text: string; readonly params: readonly TemplateParam[] }[];

export interface Prepared {
  readonly configFile: string;
  readonly people: readonly SeededPerson[];
  /** By name of the work; of a work that reads, it is the audit event of the access. */
  readonly templates: Readonly<Record<string, Template>>;
  /** Practitioners, roles and organisations in everybody's plan, as references. */
  readonly directory: readonly string[];
}

/**
 * Fills a store through the gateway's own doors and records what each kind of work writes, so that every server
 * starts from the same store and the floors write the same rows. Deliveries are written and stay: the partners are
 * paused, so that what is measured ends with the commit.
 */
export async function prepare(
  folder: string,
  persons: number,
  { works = WORKS, database }: { readonly works?: readonly Work[]; readonly database?: string } = {},
): Promise<Prepared> {
  const configFile = writeConfig(folder);
  const dataFolder = join(folder, 'seed');
  const config = loadConfig(configFile, {
    PORT: '0',
    MLLP_PORT: '0',
    GINNEL_DATA: dataFolder,
    DATABASE_URL: database ?? '',
  });
  // Each request is to be seen with the audit that it writes.
  const gateway = await startGateway({ ...config, audit: { reads: 'durable' } }, silentLog, { demoKeys: true });
  try {
    for (const partner of config.partners.keys()) {
      await gateway.store.setPartnerState({ partner, paused: true, openUntil: null });
    }
    const commits = recordCommits(gateway.store);
    const token = await tokenFor(dataFolder, gateway.baseUrl);
    const http = await openHttp(gateway.httpPort);
    const mllp = await openMllp(gateway.mllpPort);
    const send = async (request: WorkRequest, status: number): Promise<Answer> => {
      const answer = await http.send(httpBytes(request, '', token));
      if (answer.status !== status) throw new Error(`seeding failed: ${answer.status} ${answer.body}`);
      return answer;
    };
    const people: SeededPerson[] = [];
    for (let n = 0; n < persons; n += 1) people.push(await seedPerson(n, send));

    const templates: Record<string, Template> = {};
    let directory: readonly string[] = [];
    let n = persons;
    for (const work of works) {
      const recorded: Commit[] = [];
      // The first of a kind may also write what the others find there.
      for (let time = 0; time < 3; time += 1) {
        const bytes = requestBytes(work, n, { token, people });
        const answer = await (work.transport === 'http' ? http : mllp).send(bytes);
        if (!work.accepts(answer, n, people)) throw new Error(`${work.name}: ${answer.status} ${answer.body}`);
        if (work.name === 'plan') directory = directoryOf(answer.body);
        const commit = commits.at(-1);
        if (commit === undefined) throw new Error('nothing was committed');
        recorded.push(commit);
        n += 1;
      }
      templates[work.name] = makeTemplate(recorded.slice(1).map(planAll));
    }
    http.close();
    mllp.close();
    return { configFile, people, templates, directory };
  } finally {
    await gateway.stop();
  }
}

/** A store of its own for one server, as `prepare` has left it. */
export function copySeed(folder: string, name: string): string {
  const copy = join(folder, name);
  cpSync(join(folder, 'seed'), copy, { recursive: true });
  return copy;
}

export async function tokenFor(dataFolder: string, baseUrl: string): Promise<string> {
  const key = await loadDemoKey(dataFolder, BENCH_CLIENT);
  if (key === undefined) throw new Error('the client has no key');
  const tokenUrl = `${baseUrl}/auth/token`;
  const answer = await requestToken({ tokenUrl, clientId: BENCH_CLIENT, key, scope: 'intake system/*.cruds' });
  if (!answer.ok) throw new Error(answer.issues.map(({ text }) => text).join('; '));
  return answer.value.accessToken;
}

/**
 * The Stockport example, with a client that may do everything that is measured. `seesAll`: also what is confidential, as
 * it must be to choose the ids of what it creates.
 */
export function writeConfig(folder: string, { seesAll = false } = {}): string {
  const file = join(folder, seesAll ? 'ginnel-all.yaml' : 'ginnel.yaml');
  const labels = seesAll ? ', labels: [R, V]' : '';
  const client = `  ${BENCH_CLIENT}: { partner: heaton-practice, scopes: [intake, system/*.cruds], keys: { demo: true }, access: [{ ${ACCESS}${labels} }] }`;
  const text = readFileSync(EXAMPLE, 'utf8')
    .replace(/^mappings: .*$/m, `mappings: ${resolve(dirname(EXAMPLE), '../../mappings')}`)
    .replace(/^clients:$/m, `clients:\n${client}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, text);
  return file;
}

function recordCommits(store: Store): Commit[] {
  const commits: Commit[] = [];
  const commit = store.commit.bind(store);
  Object.assign(store, {
    commit: (one: Commit) => {
      commits.push(one);
      return commit(one);
    },
  });
  return commits;
}

async function seedPerson(
  n: number,
  send: (request: WorkRequest, status: number) => Promise<Answer>,
): Promise<SeededPerson> {
  const { created } = JSON.parse((await send(referral(n, n), 200)).body) as { created: string[] };
  await send(mdtOutcome(n, n), 200);
  const idOf = (type: string): string | undefined =>
    created.find((reference) => reference.startsWith(`${type}/`))?.split('/')[1];
  const id = idOf('Patient');
  const serviceRequest = idOf('ServiceRequest');
  if (id === undefined || serviceRequest === undefined) throw new Error('a referral created no request');
  const serviceRequests = [serviceRequest];
  for (let at = 1; at < SEARCH_RESULTS; at += 1) {
    const answer = await send(createServiceRequest(900_000_000 + n * SEARCH_RESULTS + at, id), 201);
    serviceRequests.push((JSON.parse(answer.body) as { id: string }).id);
  }
  return { id, nhsNumber: nhsNumber(n), serviceRequests };
}

function directoryOf(plan: string): string[] {
  const { entry } = JSON.parse(plan) as { entry: { resource: { resourceType: string; id: string } }[] };
  return entry
    .filter(({ resource }) => ['Practitioner', 'PractitionerRole', 'Organization'].includes(resource.resourceType))
    .map(({ resource }) => `${resource.resourceType}/${resource.id}`);
}

/** What is equal in two requests of one kind is the same in all; what differs is made anew for each. */
function makeTemplate(recorded: readonly (readonly Statement[])[]): Template {
  const [one, other] = recorded;
  if (one === undefined || other === undefined || one.length !== other.length) {
    throw new Error('two requests of one kind wrote different statements');
  }
  const fresh = new Map<string, number>();
  return other.map(({ text, params }, at) => {
    if (one[at]?.text !== text) throw new Error('two requests of one kind wrote different statements');
    return {
      text,
      params: params.map((value, index): TemplateParam => {
        const before = one[at]?.params[index];
        if (typeof value === 'number' && value !== before) return { from: value };
        if (typeof value !== 'string' || value === before) return { same: value };
        if (!fresh.has(value)) fresh.set(value, fresh.size);
        return { fresh: fresh.get(value) ?? 0, pattern: value };
      }),
    };
  });
}
