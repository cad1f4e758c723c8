import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatIssue, type Issue } from '../../src/kernel/errors.ts';
import { CASE_CONTEXT, runInBytes, runOutBytes } from '../../src/mapping/cases.ts';
import { compileSkeleton } from '../../src/mapping/compile-skeleton.ts';
import { createEnvironment } from '../../src/mapping/environment.ts';
import { bindFunctions, MAPPING_FUNCTIONS } from '../../src/mapping/functions.ts';
import { SkeletonReader } from '../../src/mapping/read-skeleton.ts';
import { Scope } from '../../src/mapping/scope.ts';
import { unreadFields } from '../../src/mapping/unread-fields.ts';
import { readYamlSource } from '../../src/mapping/yaml-source.ts';
import { loadText, mustLoad, parseText } from './support.ts';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/mapping.md'), 'utf8');

/** A fenced block: what it is, and its text. */
interface Block {
  readonly language: string;
  readonly role: string;
  readonly text: string;
  readonly line: number;
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+) (\S+)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? '',
    role: match[2] ?? '',
    text: match[3] ?? '',
    line: page.slice(0, match.index).split('\n').length,
  }));
}

/** A mapping or a skeleton, and the blocks after it up to its result. */
function examplesOf(blocks: readonly Block[]): Block[][] {
  const examples: Block[][] = [];
  for (const block of blocks) {
    if (block.role === 'mapping' || block.role === 'skeleton') examples.push([block]);
    else if (block.role !== 'message') examples.at(-1)?.push(block);
  }
  return examples;
}

const blocks = blocksOf(PAGE);
const message = JSON.parse(blocks.find(({ role }) => role === 'message')?.text ?? '{}') as unknown;

function runSkeleton(text: string): unknown {
  const source = readYamlSource(text, 'skeleton');
  if (!source.ok) throw new Error(source.issues.map(formatIssue).join('\n'));
  const reader = new SkeletonReader(source.value);
  const functions = bindFunctions({ codes: new Map(), hasEntry: () => false });
  const scope = Scope.outermost({ dialect: 'plain', functions, track: false, issues: [] });
  const render = compileSkeleton(reader.read(source.value.root), scope);
  expect([...reader.issues, ...scope.parts.issues]).toEqual([]);
  const env = createEnvironment(CASE_CONTEXT, new Map(), [], undefined, undefined);
  scope.layout.fill()(message, env);
  return render(message, env);
}

function wordIssues(issues: readonly Issue[]): string {
  return issues.map((one) => formatIssue(one).replace('mappings/a/b/', '')).join('\n');
}

/** What a mapping leaves unread of its input, as `ginnel map` prints it. */
function wordUnread(mapping: Block, input: Block | undefined): string {
  const loaded = mustLoad(mapping.text);
  const format = loaded.mapping.direction === 'in' ? loaded.mapping.input.format : 'fhir';
  return unreadFields(loaded, parseText(format, input?.text ?? ''), CASE_CONTEXT)
    .map(({ at, line, column }) => `unread ${at} (${line}:${column})`)
    .join('\n');
}

/** What a whole mapping gives, as text. */
function runMapping(mapping: Block, others: readonly Block[]): string {
  const files = Object.fromEntries(
    others.filter(({ role }) => role.includes('/')).map(({ role, text }) => [role, text]),
  );
  const read = loadText(mapping.text, files);
  if (!read.ok) return wordIssues(read.issues);
  const loaded = read.value.mapping;
  const input = Buffer.from(others.find(({ role }) => role === 'input')?.text ?? '');
  const result =
    loaded.direction === 'in'
      ? runInBytes(loaded, input, CASE_CONTEXT, () => [])
      : runOutBytes(loaded, input, CASE_CONTEXT);
  if (!result.ok) return wordIssues(result.issues);
  return Buffer.isBuffer(result.value) || result.value instanceof Uint8Array
    ? Buffer.from(result.value).toString('utf8')
    : JSON.stringify(result.value);
}

describe('docs/mapping.md', () => {
  const examples = examplesOf(blocks);

  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(8);
  });

  it.each(examples.map((example) => [example[0]?.line ?? 0, example] as const))(
    'the example at line %i is true',
    (_line, example) => {
      const [first, ...others] = example;
      const result = others.find(({ role }) => ['result', 'issues', 'unread'].includes(role));
      if (first === undefined || result === undefined) throw new Error('An example ends with its result.');
      if (result.role === 'unread') {
        const input = others.find(({ role }) => role === 'input');
        expect(wordUnread(first, input)).toBe(result.text.trim());
      } else if (first.role === 'skeleton') expect(runSkeleton(first.text)).toEqual(JSON.parse(result.text));
      else if (result.language === 'json')
        expect(JSON.parse(runMapping(first, others))).toEqual(JSON.parse(result.text));
      else expect(runMapping(first, others).trim()).toBe(result.text.trim());
    },
  );

  it('names the field that its first example leaves unread', () => {
    const [mapping, input] = examples[0] ?? [];
    const loaded = mustLoad(mapping?.text ?? '');
    const unread = unreadFields(loaded, parseText('json', input?.text ?? ''), CASE_CONTEXT);
    expect(unread.map(({ at, line, column }) => `unread ${at} (${line}:${column})`)).toHaveLength(1);
    for (const { at, line, column } of unread) expect(PAGE).toContain(`\`unread ${at} (${line}:${column})\``);
  });

  it('lists every function as the table in the code has it', () => {
    for (const { signature, sentence } of MAPPING_FUNCTIONS) {
      expect(PAGE).toContain(`| \`${signature.replaceAll('|', '\\|')}\` | ${sentence} |`);
    }
  });
});
