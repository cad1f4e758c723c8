import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { eventually } from '../support/test-gateway.ts';

/**
 * Every command that the README and the docs print is run, in a shell, against the demonstration that `npm start` runs.
 * `npm ci` and `npm test` themselves are what `.ci/run` does; that it does is checked here.
 */
const root = resolve(import.meta.dirname, '../..');

/** Lines of the `sh` blocks of a page. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap((block) =>
    (block[1] ?? '').split('\n').filter(Boolean),
  );
}

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
/** Pages whose commands their own tests run. */
const ELSEWHERE = new Set(['docs/mapping.md', 'docs/fhirpath.md']);
const commands = pages
  .filter((page) => !ELSEWHERE.has(page))
  .flatMap((page) => commandsOf(page).map((command): [string, string] => [page, command]));

/** Exit code 1 says that messages are still refused: nobody has mended them. */
const EXPECTED_CODES: Record<string, number> = { 'npx ginnel replay --refused': 1 };
/** A fresh machine may have no curl; what its command asks for is asked for by fetch as well. */
const hasCurl = spawnSync('curl', ['--version']).error === undefined;

const INSTALLS = new Set(['npm ci && npm start', 'npm ci && npm test']);

describe('the commands of the docs', () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'ginnel-docs-'));
  let demo: ChildProcess;
  let port = 0;
  let mllpPort = 0;
  let screen = '';

  const environment = (): NodeJS.ProcessEnv => {
    const { COUNCIL_URL: _c, EQUIPMENT_URL: _e, COMMUNITY_URL: _m, ...inherited } = process.env;
    return { ...inherited, PORT: String(port), MLLP_PORT: String(mllpPort), GINNEL_DATA: dataFolder, NO_COLOR: '1' };
  };

  beforeAll(async () => {
    port = await freePort();
    mllpPort = await freePort();
    demo = spawn('npm', ['start'], {
      cwd: root,
      env: environment(),
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    demo.stdout?.on('data', (chunk: Buffer) => {
      screen += chunk.toString('utf8');
    });
    await eventually(() => (screen.includes('Serving until Ctrl-C') ? true : undefined), 30_000);
  });

  afterAll(async () => {
    // npm does not pass signals on to what it started in every version: the whole group is told.
    if (demo.pid !== undefined) process.kill(-demo.pid, 'SIGTERM');
    await eventually(() => (demo.exitCode === null && demo.signalCode === null ? undefined : true));
    rmSync(dataFolder, { recursive: true, force: true });
  });

  it('finds commands to run', () => {
    expect(commands.length).toBeGreaterThan(12);
    expect(commands.some(([page]) => page === 'docs/operations.md')).toBe(true);
  });

  it('`npm start` shows the whole day in one screen, as it was expected to end', () => {
    expect(screen).toContain('all as expected');
    expect(screen.split('\n').length).toBeLessThan(56);
    for (const line of screen.split('\n').slice(0, 35)) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('`.ci/run` installs and runs the test command of the README', () => {
    const script = readFileSync(join(root, '.ci/run'), 'utf8');
    expect(script).toMatch(/^npm ci$/m);
    expect(script).toMatch(/^npm test$/m);
  });

  it.each(
    commands.filter(
      ([, command]) =>
        !INSTALLS.has(command) && command !== 'npx ginnel serve' && (hasCurl || !command.startsWith('curl')),
    ),
  )('%s: %s', async (_page, command) => {
    const { code, out, err } = await runShell(command.replaceAll('localhost:8080', `localhost:${port}`));
    const expected = EXPECTED_CODES[command] ?? 0;
    expect({ code, err: code === expected ? '' : err }).toEqual({ code: expected, err: '' });
    expect(out.length).toBeGreaterThan(0);
  });

  it('the address of the README’s curl command answers the plan to any client with the token', async () => {
    const address = commands.find(([, command]) => command.startsWith('curl'))?.[1].match(/'(http[^']+)'/)?.[1] ?? '';
    const token = (await runShell('npx ginnel token neighbourhood-viewer')).out.trim();
    const answer = await fetch(address.replace('localhost:8080', `localhost:${port}`), {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect([answer.status, ((await answer.json()) as { type: string }).type]).toEqual([200, 'document']);
  });

  it('docs/operations.md: npx ginnel serve, until SIGTERM', async () => {
    const own = mkdtempSync(join(tmpdir(), 'ginnel-serve-'));
    const env = {
      ...environment(),
      PORT: String(await freePort()),
      MLLP_PORT: String(await freePort()),
      GINNEL_DATA: own,
    };
    const child = spawn('npx', ['ginnel', 'serve'], {
      cwd: root,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let out = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8');
    });
    await eventually(() => (out.includes('Ctrl-C stops') ? true : undefined), 20_000);
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await eventually(() => (child.exitCode === null && child.signalCode === null ? undefined : true));
    rmSync(own, { recursive: true, force: true });
  });

  it('the token stands alone on standard output, the plan holds what the issue asks for, the council’s XML is its own', async () => {
    const token = await runShell('npx ginnel token neighbourhood-viewer');
    expect(token.out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const plan = JSON.parse((await runShell('npx ginnel plan 9990000018 --json')).out);
    const types = plan.entry.map((entry: { resource: { resourceType: string } }) => entry.resource.resourceType);
    for (const type of ['Composition', 'Patient', 'CarePlan', 'CareTeam', 'ServiceRequest'])
      expect(types).toContain(type);
    expect(JSON.stringify(plan)).toContain('768820003');
    expect((await runShell('npx ginnel received stockport-council')).out).toMatch(/^<\?xml/);
  });

  function runShell(command: string): Promise<{ code: number; out: string; err: string }> {
    return new Promise((settle) => {
      execFile('sh', ['-c', command], { cwd: root, env: environment(), maxBuffer: 1 << 24 }, (fault, out, err) => {
        settle({ code: fault === null ? 0 : Number(fault.code ?? 1), out, err });
      });
    });
  }
});
