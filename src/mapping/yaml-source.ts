import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar, visit } from 'yaml';
import { type Issue, issue } from '../kernel/errors.ts';
import { failure, type Result, success } from '../kernel/result.ts';

/** A place in a file of a mapping; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A YAML file as nodes that know where they stand. */
export interface YamlSource {
  readonly file: string;
  readonly text: string;
  readonly root: Node;
  placeAt(offset: number): Place;
}

export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/**
 * Reads one YAML document. What makes YAML mean something else than it says is refused: anchors and aliases, merge
 * keys, tags, keys that stand twice, numbers that YAML would rewrite (`007`, `1.10`).
 */
export function readYamlSource(text: string, file: string): Result<YamlSource> {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const document = parseDocument(text, { lineCounter: lines, keepSourceTokens: false, version: '1.2', merge: false });
  const problems: Issue[] = [];
  const refuse = (offset: number, sentence: string) => {
    problems.push(issue('mapping-syntax', sentence, { mapping: formatPlace(placeAt(offset)) }));
  };
  for (const error of [...document.errors, ...document.warnings]) {
    refuse(error.pos[0], error.code === 'DUPLICATE_KEY' ? 'This key stands here twice.' : firstLine(error.message));
  }
  visit(document, {
    Node: (_key, node) => {
      const at = node.range?.[0] ?? 0;
      if (isAlias(node) || node.anchor !== undefined) refuse(at, 'Anchors and aliases are not used in mappings.');
      else if (node.tag !== undefined) refuse(at, 'Tags are not used in mappings.');
      else if (isScalar(node) && rewritesNumber(node)) refuse(at, 'YAML would rewrite this number: put it in quotes.');
    },
    Pair: (_key, pair) => {
      if (!isScalar(pair.key)) refuse(nodeStart(pair.key as Node | null), 'A key is a text.');
      else if (pair.key.value === '<<') refuse(nodeStart(pair.key), 'Merge keys are not used: write {% merge %}.');
    },
  });
  if (problems.length > 0) return failure(...problems);
  const root = document.contents;
  if (root === null) return failure(issue('mapping-syntax', 'The file is empty.', { mapping: `${file}:1:1` }));
  return success({ file, text, root, placeAt });
}

export function nodeStart(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0;
}

/** What a node is, for an error: `a list`. */
export function describeNode(node: Node | null | undefined): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  return 'a single value';
}

function firstLine(message: string): string {
  const line = message.split('\n')[0] ?? '';
  return `${line.replace(/ at line \d+, column \d+:?$/, '').replace(/[.:]$/, '')}.`;
}

function rewritesNumber(node: Scalar): boolean {
  return typeof node.value === 'number' && node.source !== undefined && node.source !== String(node.value);
}

/**
 * The text of a scalar with, for each of its characters, the offset in the file it came from. Escapes, folded lines and
 * indentation make the two differ; expressions inside need exact positions all the same.
 */
export function readScalarText(source: YamlSource, node: Scalar): { text: string; offsets: readonly number[] } {
  const text = String(node.value ?? '');
  const [start, end] = node.range ?? [0, 0];
  const offsets = alignOffsets(text, source.text, contentStart(source.text, start, node.type), end, node.type);
  return { text, offsets };
}

function contentStart(file: string, start: number, type: string | undefined): number {
  if (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') return start + 1;
  if (type === 'BLOCK_FOLDED' || type === 'BLOCK_LITERAL') return file.indexOf('\n', start) + 1;
  return start;
}

/** Walks the value and its spelling side by side; where they part, it skips indentation, folds and escapes. */
function alignOffsets(text: string, file: string, start: number, end: number, type: string | undefined): number[] {
  const offsets: number[] = [];
  let at = start;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (type === 'QUOTE_DOUBLE' && file.startsWith('\\\n', at)) at += 2;
    if (!/\s/.test(character)) while (at < end && /\s/.test(file.charAt(at))) at += 1;
    offsets.push(at);
    if (type === 'QUOTE_DOUBLE' && file.charAt(at) === '\\') at += escapeLength(file, at);
    else if (type === 'QUOTE_SINGLE' && file.startsWith("''", at)) at += 2;
    else at += 1;
  }
  offsets.push(Math.min(at, end));
  return offsets;
}

function escapeLength(file: string, at: number): number {
  const long: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 };
  return long[file.charAt(at + 1)] ?? 2;
}
