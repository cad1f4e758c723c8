import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { mappingsFolder } from './support.ts';

const YAML = `mapping: 1
direction: out
output: { format: json }
codes: { sex: codes/sex.csv }
body: { who: "{{ id }}", sex: "{{ gender.translate('sex', 'error').code }}" }
`;
const MAIN = resolve(import.meta.dirname, '../../bin/ginnel.js');

/** Collects what a process prints, and waits until it has printed something since it was last asked. */
function readOutput(child: ChildProcess): (wanted: RegExp) => Promise<string> {
  let text = '';
  let wake = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      wake();
    });
  }
  return async (wanted) => {
    while (!wanted.test(text)) await new Promise<void>((settle) => (wake = settle));
    const found = text;
    text = '';
    return found;
  };
}

it('ginnel map --watch runs again when the mapping, a code map or the input changes, until it is stopped', async () => {
  const root = mappingsFolder({
    'm/a/mapping.yaml': YAML,
    'm/a/codes/sex.csv': 'source,target_system,target_code,target_display,equivalence,note\nfemale,urn:s,F,,equal,\n',
    'in/input.json': '{"resourceType":"Patient","id":"p1","gender":"female"}',
  });
  const input = join(root, 'in/input.json');
  const child = spawn(process.execPath, [MAIN, 'map', 'm/a', input, '--mappings', root, '--watch']);
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<number | null>((settle) => child.once('exit', settle));
  const next = readOutput(child);
  const edit = (file: string, from: string, to: string) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
  const ready = /waiting for a change/;

  expect(await next(ready)).toContain('"who":"p1"');
  edit(join(root, 'm/a/mapping.yaml'), 'who:', 'person:');
  expect(await next(ready)).toContain('"person":"p1"');
  edit(join(root, 'm/a/codes/sex.csv'), ',F,', ',W,');
  expect(await next(ready)).toContain('"sex":"W"');
  // As many editors save: a new file takes the place of the old one.
  writeFileSync(`${input}.new`, '{"resourceType":"Patient","id":"p2","gender":"female"}');
  renameSync(`${input}.new`, input);
  expect(await next(ready)).toContain('"person":"p2"');
  edit(join(root, 'm/a/mapping.yaml'), '{{ id }}', '{{ idd( }}');
  expect(await next(ready)).toMatch(/error fhirpath-syntax.*\n-- refused/);
  edit(join(root, 'm/a/mapping.yaml'), '{{ idd( }}', '{{ id }}');
  expect(await next(ready)).toMatch(/"person":"p2"[\s\S]*-- good/);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
}, 20_000);
