import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runCommand } from '../../src/main.ts';
import { mappingsFolder } from './support.ts';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/mapping.md'), 'utf8');

/** Commands of the section on tools, each with what it is said to print. */
function sessionsOf(page: string): { readonly argv: string[]; readonly printed: string }[] {
  const blocks = [...page.matchAll(/^```console tools\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
  return blocks.flatMap((block) =>
    block
      .split(/^\$ ginnel /m)
      .slice(1)
      .map((part) => {
        const [line = '', ...rest] = part.split('\n');
        return { argv: line.split(' '), printed: rest.join('\n') };
      }),
  );
}

it('every command on the page prints what the page says', async () => {
  const samples = new Map(
    [...PAGE.matchAll(/^```json (\w+\.json)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]),
  );
  expect([...samples.keys()]).toEqual(['referral.json', 'routed.json']);
  const root = mappingsFolder(Object.fromEntries(samples));
  const mappings = join(root, 'mappings');
  mkdirSync(mappings);
  const sessions = sessionsOf(PAGE);
  expect(sessions.map(({ argv }) => argv[0])).toEqual(['new', 'new', 'map', 'map', 'lint', 'test', 'keep', 'diff']);
  for (const { argv, printed } of sessions) {
    const said: string[] = [];
    const collect = (text: string) => void said.push(text);
    const args = argv.map((one) => (samples.has(one) ? join(root, one) : one));
    const code = await runCommand([...args, '--mappings', mappings], { env: {}, out: collect, err: collect });
    expect([argv.join(' '), code, said.join('')]).toEqual([argv.join(' '), 0, printed]);
  }
});

it('every tool for mappings has its place on the page', () => {
  for (const name of ['map', 'test', 'lint', 'diff', 'keep', 'new']) {
    expect(COMMANDS.map((command) => command.name)).toContain(name);
    expect(PAGE).toContain(`**\`ginnel ${name}`);
  }
});
