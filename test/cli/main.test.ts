import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS, helpOf, usage } from '../../src/cli/commands.ts';
import { EXAMPLE } from '../support/test-gateway.ts';
import { ginnel } from './support.ts';

let folder: string;
/** A configuration of another place, with its own mappings and data. */
let config: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ginnel-cli-'));
  config = join(folder, 'place.yaml');
  const text = readFileSync(EXAMPLE, 'utf8')
    .replace(/^data: .*$/m, `data: ${join(folder, 'data')}`)
    .replace(/^mappings: .*$/m, 'mappings: mappings');
  writeFileSync(config, text);
  cpSync(join(dirname(EXAMPLE), '../../mappings'), join(folder, 'mappings'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('ginnel', () => {
  it('without a command prints the usage and ends with 2; with help it ends with 0', async () => {
    expect(await ginnel([], {})).toEqual({ code: 2, out: usage(), err: '' });
    expect((await ginnel(['help'], {})).code).toBe(0);
    expect((await ginnel(['--help'], {})).out).toBe(usage());
    for (const { name } of COMMANDS) expect(usage()).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    expect(usage()).toContain('--config <file>');
  });

  it('ends with 2 for a command that there is not', async () => {
    const { code, err } = await ginnel(['serv'], {});
    expect(code).toBe(2);
    expect(err).toContain('There is no command "serv".');
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s --help tells of every option that it takes',
    async (name, command) => {
      const { code, out } = await ginnel([name, '--help'], {});
      expect([code, out]).toEqual([0, helpOf(command)]);
      const source = readFileSync(join(import.meta.dirname, `../../src/cli/${name}.ts`), 'utf8');
      const taken = [...source.matchAll(/'?([a-z][a-z-]*)'?: \{ type: '(?:string|boolean)'/g)].map(
        ([, option]) => option,
      );
      if (source.includes('ROOT_OPTIONS')) taken.push('mappings');
      // A switch may also be told in the negative.
      const told = [...new Set(command.options.map(([option]) => /^--(?:no-)?([a-z-]+)/.exec(option)?.[1]))];
      expect(told.toSorted()).toEqual([...new Set(taken)].toSorted());
      for (const option of taken) expect(out).toContain(`--${option}`);
    },
  );

  it.each(COMMANDS.map(({ name }) => [name]))('%s ends with 2 for an option it does not know', async (name) => {
    const { code, err } = await ginnel([name, '--nonsense'], {});
    expect(code).toBe(2);
    expect(err).toContain(`Usage: ginnel ${name}`);
  });
});

describe('--config', () => {
  it('names the configuration for every command, before the command or after it, and goes before GINNEL_CONFIG', async () => {
    for (const argv of [
      ['check', '--config', config],
      ['check', `--config=${config}`],
      ['--config', config, 'check'],
    ]) {
      const { code, out } = await ginnel(argv, { GINNEL_CONFIG: '/nowhere.yaml' });
      expect([argv, code, out.startsWith(`${config} is good`)]).toEqual([argv, 0, true]);
    }
    expect((await ginnel(['check'], { GINNEL_CONFIG: config })).out).toContain(config);
  });

  it('needs one file, once', async () => {
    for (const argv of [
      ['check', '--config'],
      ['check', '--config='],
      ['check', '--config', '--demo'],
      ['check', '--config', config, '--config', config],
    ]) {
      expect([argv, (await ginnel(argv, {})).code]).toEqual([argv, 2]);
    }
  });

  it('is where map, test and lint find the mappings', async () => {
    const lint = await ginnel(['lint', 'gp-json/referral', '--config', config], {});
    expect([lint.code, lint.out.includes('1 mappings: 0 errors')]).toEqual([0, true]);
    writeFileSync(
      join(folder, 'mappings/gp-json/referral/mapping.yaml'),
      readFileSync(join(folder, 'mappings/gp-json/referral/mapping.yaml'), 'utf8').replace('mapping: 1', 'mapping: 9'),
    );
    expect((await ginnel(['lint', 'gp-json/referral', '--config', config], {})).code).toBe(1);
    expect((await ginnel(['lint', 'gp-json/referral'], { GINNEL_CONFIG: config })).code).toBe(1);
    const elsewhere = join(dirname(EXAMPLE), '../../mappings');
    expect((await ginnel(['lint', 'gp-json/referral', '--config', config, '--mappings', elsewhere], {})).code).toBe(0);
    const check = await ginnel(['check', '--config', config], {});
    expect(check.code).toBe(1);
    expect(check.err).toMatch(/mapping\.yaml:\d+:\d+/);
  });

  it('is where the other commands find the data', async () => {
    for (const argv of [['messages'], ['dead-letters'], ['replay', '--refused']]) {
      const { code, err } = await ginnel([...argv, '--config', config], {});
      expect([argv, code]).toEqual([argv, 1]);
      expect(err).toContain(`There is no data folder at ${join(folder, 'data')}`);
    }
    const token = await ginnel(['token', 'neighbourhood-viewer', '--config', config], {});
    expect([token.code, token.err.includes(join(folder, 'data', 'demo'))]).toEqual([1, true]);
  });

  it('that cannot be used is told with its place', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'ginnel: 1\ntitle: x\npartners: {}\nporst: 1\n');
    const { code, err } = await ginnel(['check', '--config', bad], {});
    expect([code, err]).toEqual([1, 'error config-invalid: There is no member of this name here. [bad.yaml:4:8]\n']);
    expect((await ginnel(['check', '--config', join(folder, 'none.yaml')], {})).err).toContain('config-missing-file');
  });
});
