import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { eventually } from '../support/test-gateway.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ginnel-serve-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true });
});

interface Served {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

/** The machine's own Node where it is older than ours: it hands over to the one that npm has brought. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .map((place) => join(place, 'node'))
  .find(
    (file) =>
      existsSync(file) && Number(/^v(\d+)/.exec(execFileSync(file, ['--version'], { encoding: 'utf8' }))?.[1]) < 24,
  );

function serve(env: Record<string, string>, argv: readonly string[] = [], node = process.execPath): Served {
  const bin = resolve(import.meta.dirname, '../../bin/ginnel.js');
  const child = spawn(node, [bin, 'serve', ...argv], {
    env: { ...process.env, GINNEL_DATA: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    err += String(chunk);
  });
  const ended = new Promise<number | null>((settle) => child.on('exit', (code) => settle(code)));
  return { child, out: () => out, err: () => err, ended };
}

describe('ginnel serve', () => {
  it('says where it is, serves, tells the other commands, and ends with 0 on SIGTERM', async () => {
    const { child, out, err, ended } = serve({ PORT: '0', MLLP_PORT: '0' });
    const url = await eventually(() => /FHIR (http:\/\/localhost:\d+)\/fhir/.exec(out())?.[1], 20_000);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const file = join(folder, 'gateway.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ baseUrl: url, pid: child.pid });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    const lines = err()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { message: string });
    expect(lines.map(({ message }) => message)).toContain('gateway stopped');
  });

  it('takes a signal that comes twice in one moment, from a terminal and from npm, for one', async () => {
    const { child, out, err, ended } = serve({ PORT: '0', MLLP_PORT: '0' });
    await eventually(() => (out().includes('Ctrl-C') ? true : undefined), 20_000);
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(err()).toContain('gateway stopped');
  });

  it.skipIf(oldNode === undefined)('stops where the older Node that started it is told to', async () => {
    const { child, out, ended } = serve({ PORT: '0', MLLP_PORT: '0' }, [], oldNode);
    const url = await eventually(() => /FHIR (http:\/\/localhost:\d+)\/fhir/.exec(out())?.[1], 20_000);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });

  it('says which port is taken, HTTP or MLLP, and ends with 1 without a stack', async () => {
    const [port, mllpPort] = [await freePort(), await freePort()];
    const first = serve({ PORT: String(port), MLLP_PORT: String(mllpPort) });
    await eventually(() => (first.out().includes('Ctrl-C') ? true : undefined), 20_000);
    for (const [env, variable] of [
      [{ PORT: String(port), MLLP_PORT: '0' }, 'PORT'],
      [{ PORT: '0', MLLP_PORT: String(mllpPort) }, 'MLLP_PORT'],
    ] as const) {
      const second = serve(env);
      expect(await second.ended).toBe(1);
      expect(second.err()).toContain(`is taken by another process. Set ${variable} to a free one`);
      expect(second.err()).not.toContain('    at ');
    }
  });

  it('does not open to the network with demo keys', async () => {
    const { ended, err } = serve({ PORT: '0', MLLP_PORT: '0', GINNEL_HOST: '0.0.0.0' });
    expect(await ended).toBe(1);
    expect(err()).toContain('have demo keys');
    expect(existsSync(join(folder, 'gateway.json'))).toBe(false);
  });

  it('ends with 1 where the configuration is wrong', async () => {
    const { ended, err } = serve({}, ['--config', join(folder, 'none.yaml')]);
    expect(await ended).toBe(1);
    expect(err()).toContain('config-missing-file');
  });
});
