import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** `bench/results.md`: one section for each bench file, each with its command, machine and date. */

const FILE = join(import.meta.dirname, '../results.md');
const HEAD = `# Results
Figures drift between machines and between hours; **ratios within one run are what counts**. \`npm run bench\` makes all
of this anew.
`;

/** Replaces the section of this title, and leaves the others. */
export function writeSection(title: string, command: string, text: string): void {
  const before = existsSync(FILE) ? readFileSync(FILE, 'utf8') : HEAD;
  const section = `## ${title}\n\`${command}\`, ${machine()}\n\n${text.trim()}\n`;
  const [head = HEAD, ...sections] = before.split(/^(?=## )/m);
  const others = sections.map((one) => one.trimEnd());
  const at = others.findIndex((one) => one.startsWith(`## ${title}\n`));
  if (at === -1) others.push(section.trimEnd());
  else others[at] = section.trimEnd();
  writeFileSync(FILE, `${[head.trimEnd(), ...others].join('\n\n')}\n`);
}

function machine(): string {
  const [first, ...others] = cpus();
  return `${others.length + 1} cores of ${first?.model.trim() ?? 'an unknown processor'}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const align = head.map((_, at) => (at === 0 ? '---' : '--:'));
  return [head, align, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** In a section's line and on the screen: `1,234`. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}
