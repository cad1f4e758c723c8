/**
 * Every benchmark in turn, each in a process of its own; what they find is kept in `bench/results.md`. Run it with
 * `npm run bench`, or `npm run bench -- --quick` for a short look that keeps nothing.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeSection } from './support/results.ts';

interface Bench {
  readonly file: string;
  /** Title of its section; undefined where it writes its own. */
  readonly title?: string;
  readonly quick: readonly string[];
}

const BENCHES: readonly Bench[] = [
  { file: 'gateway.ts', quick: ['--quick'] },
  { file: 'fhir.ts', quick: ['--quick'] },
  { file: 'growth.ts', quick: ['--quick'] },
  { file: 'cold-start.ts', quick: ['--quick'] },
  { file: 'store.ts', title: 'The stores against bare statements', quick: ['1500'] },
  { file: 'auth.ts', title: 'Tokens against the bare signature', quick: ['400'] },
  { file: 'mapping.ts', title: 'Mapping against JavaScript by hand', quick: ['250'] },
  { file: 'validate.ts', title: 'Validation against validateResource', quick: ['5'] },
  { file: 'fhirpath.ts', title: 'FHIRPath against another interpreter', quick: ['100'] },
];

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });

for (const { file, title, quick } of BENCHES) {
  process.stdout.write(`\n## bench/${file}\n`);
  const { code, output } = await run(file, options.quick ? quick : []);
  if (code !== 0) {
    process.exitCode = 1;
    process.stderr.write(`bench/${file} ended with ${code}\n`);
  } else if (title !== undefined && !options.quick) {
    writeSection(title, `npx node bench/${file}`, `\`\`\`\n${output.trim()}\n\`\`\``);
  }
}

function run(file: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, file), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
