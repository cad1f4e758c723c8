/**
 * From the command to the first readable plan: how long `ginnel serve --demo` takes on an empty data folder until the
 * sample person's shared care plan holds her CarePlan, and how much memory the process then has. Run it with
 * `npx node bench/cold-start.ts [--quick]`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadDemoKey } from '../src/auth/demo-clients.ts';
import { requestToken } from '../src/auth/request-token.ts';
import { markdownTable, whole, writeSection } from './support/results.ts';
import { freePort, residentMbOf, stopChild, untilReady } from './support/servers.ts';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const STARTS = options.quick ? 2 : 7;
const COMMAND = resolve(import.meta.dirname, '../bin/ginnel.js');
const CLIENT = 'neighbourhood-viewer';
const PLAN = '/fhir/Patient/$shared-care-plan?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018';
const LOOK_MS = 10;
/** The day of messages that the demonstration sends has ended by then, and its garbage may be collected. */
const SETTLE_MS = 3_000;

interface Start {
  readonly readyMs: number;
  /** Undefined without the demonstration: nobody is known then. */
  readonly planMs: number | undefined;
  readonly residentMb: number | undefined;
  readonly mostMb: number | undefined;
}

const folder = mkdtempSync(join(tmpdir(), 'ginnel-start-'));
try {
  const starts: Start[] = [];
  for (let time = 0; time <= STARTS; time += 1) starts.push(await startOnce(true));
  const alone: Start[] = [];
  for (let time = 0; time < STARTS; time += 1) alone.push(await startOnce(false));
  report(starts, alone);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function report([first, ...starts]: readonly Start[], alone: readonly Start[]): void {
  const row = (
    what: string,
    unit: string,
    of: (start: Start) => number | undefined,
    list: readonly Start[] = starts,
  ): string[] => [
    what,
    first === undefined || list !== starts ? '–' : withUnit(of(first), unit),
    ...spread(list, of).map((value) => withUnit(value, unit)),
  ];
  const text = markdownTable(
    ['', 'the first start', 'median of the others', 'least', 'most'],
    [
      row('`serve --demo`: doors open (/health/ready)', 'ms', ({ readyMs }) => readyMs),
      row('`serve --demo`: first plan readable', 'ms', ({ planMs }) => planMs),
      row('`serve --demo`: resident memory after the day', 'MB', ({ residentMb }) => residentMb),
      row('`serve --demo`: resident memory at most', 'MB', ({ mostMb }) => mostMb),
      row('`serve`: doors open (/health/ready)', 'ms', ({ readyMs }) => readyMs, alone),
      row('`serve`: resident memory', 'MB', ({ residentMb }) => residentMb, alone),
    ],
  );
  process.stdout.write(`${text}\n`);
  if (options.quick) return;
  const how = `\`node bin/ginnel.js serve\`, ${STARTS} starts of each kind, each on an empty data folder; before the first of all, nothing was in
Node's compile cache. Time runs from the start of the process. The plan is readable when a token from the real token
endpoint reads it with its CarePlan in it, while the demonstration goes on sending. With \`--demo\` the process also is the
simulated partners and sends their day of messages.`;
  writeSection('Cold start', 'npx node bench/cold-start.ts', `${text}\n\n${how}`);
}

async function startOnce(demo: boolean): Promise<Start> {
  const data = mkdtempSync(join(folder, 'data-'));
  const [port, mllpPort] = [await freePort(), await freePort()];
  const baseUrl = `http://localhost:${port}`;
  const startedAt = performance.now();
  const child = spawn(process.execPath, [COMMAND, 'serve', demo ? '--demo' : '--no-demo'], {
    env: {
      ...process.env,
      GINNEL_DATA: data,
      PORT: String(port),
      MLLP_PORT: String(mllpPort),
      LOG_LEVEL: 'error',
      NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await untilReady(`${baseUrl}/health/ready`, child, LOOK_MS);
    const readyMs = performance.now() - startedAt;
    let planMs: number | undefined;
    if (demo) {
      const token = await viewerToken(data, baseUrl);
      while (!(await readsPlan(baseUrl, token))) await delay(LOOK_MS);
      planMs = performance.now() - startedAt;
    }
    await delay(SETTLE_MS);
    const pid = child.pid ?? 0;
    return { readyMs, planMs, residentMb: residentMbOf(pid), mostMb: residentMbOf(pid, 'VmHWM') };
  } finally {
    await stopChild(child);
  }
}

async function viewerToken(data: string, baseUrl: string): Promise<string> {
  const key = await loadDemoKey(data, CLIENT);
  if (key === undefined) throw new Error('the client has no key');
  const tokenUrl = `${baseUrl}/auth/token`;
  const answer = await requestToken({ tokenUrl, clientId: CLIENT, key, scope: 'system/*.rs' });
  if (!answer.ok) throw new Error(answer.issues.map((one) => one.text).join('; '));
  return answer.value.accessToken;
}

/** 404 while the person is not known yet; without a CarePlan until the team's message has come. */
async function readsPlan(baseUrl: string, token: string): Promise<boolean> {
  const response = await fetch(`${baseUrl}${PLAN}`, { headers: { Authorization: `Bearer ${token}` } });
  const body = await response.text();
  if (response.status !== 200 && response.status !== 404) throw new Error(`${response.status} ${body}`);
  return response.ok && body.includes('"resourceType":"CarePlan"');
}

/** Median, least and most. */
function spread(starts: readonly Start[], of: (start: Start) => number | undefined): (number | undefined)[] {
  const sorted = starts.flatMap((start) => of(start) ?? []).sort((one, other) => one - other);
  return [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)];
}

function withUnit(value: number | undefined, unit: string): string {
  return value === undefined ? '–' : `${whole(value)} ${unit}`;
}
