import type { SourcePosition, TreePath } from '../format.ts';
import { positionAt } from '../text.ts';
import type { Delimiters } from './delimiters.ts';
import { type Hl7v2Tree, type Segment, type SegmentText, splitSegments } from './parse.ts';

/**
 * `PID-3[2].4`, in the words of HL7 v2: repetitions counted from 1 and only named from the second on, the segment
 * counted (`OBX[2]-5.1`) where its name stands more than once.
 */
export function createHl7v2Locate(
  text: string,
  tree: Hl7v2Tree,
  delimiters: Delimiters,
): (path: TreePath) => SourcePosition {
  let texts: readonly SegmentText[] | undefined;
  return (path) => {
    texts ??= splitSegments(text);
    const { segment, inside } = findSegment(tree, path);
    const segmentText = segment && texts[tree.segments?.indexOf(segment) ?? -1];
    if (segment === undefined || segmentText === undefined) return { at: 'MSH', line: 1, column: 1 };
    const steps = existingSteps(segment, inside);
    const place = placeInSegment(segmentText.raw, steps, delimiters);
    return { at: wordPlace(tree, segment, steps), ...positionAt(text, segmentText.offset + place) };
  };
}

/** The first segment on a path, through groups where it goes that way, and the rest of the path. */
function findSegment(tree: Hl7v2Tree, path: TreePath): { segment: Segment | undefined; inside: TreePath } {
  let value: unknown = tree;
  for (const [index, step] of path.entries()) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) break;
    value = (value as Record<string | number, unknown>)[step];
    if (tree.segments?.includes(value as Segment)) return { segment: value as Segment, inside: path.slice(index + 1) };
  }
  // A list of segments or groups is where its first segment is.
  while (typeof value === 'object' && value !== null && !tree.segments?.includes(value as Segment)) {
    value = Object.values(value)[0];
  }
  return { segment: typeof value === 'object' ? (value as Segment) : undefined, inside: [] };
}

/** Field, repetition (0-based), component, subcomponent: as many as the tree has. */
function existingSteps(segment: Segment, inside: TreePath): number[] {
  const steps: number[] = [];
  let value: unknown = segment;
  for (const step of inside.slice(0, 4)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) break;
    const number = Number(step);
    if (!Number.isInteger(number)) break;
    steps.push(number);
    value = (value as Record<string | number, unknown>)[step];
  }
  return steps;
}

function wordPlace(tree: Hl7v2Tree, segment: Segment, steps: readonly number[]): string {
  const [field, repetition, component, subcomponent] = steps;
  const sameName = tree[segment.name] ?? [];
  let words = segment.name;
  if (sameName.length > 1) words += `[${sameName.indexOf(segment) + 1}]`;
  if (field !== undefined) words += `-${field}`;
  if (repetition !== undefined && repetition > 0) words += `[${repetition + 1}]`;
  if (component !== undefined) words += `.${component}`;
  if (subcomponent !== undefined) words += `.${subcomponent}`;
  return words;
}

/** Offset within the segment's text. */
function placeInSegment(raw: string, steps: readonly number[], delimiters: Delimiters): number {
  const [field, repetition = 0, component = 1, subcomponent = 1] = steps;
  if (field === undefined) return 0;
  const start = raw.length - raw.trimStart().length;
  const isMsh = raw.startsWith('MSH', start);
  if (isMsh && field <= 2) return start + 2 + field;
  const fieldStart = nthStart(raw, start, raw.length, isMsh ? field - 1 : field, delimiters.field);
  const fieldEnd = endOf(raw, fieldStart, raw.length, delimiters.field);
  const repetitionStart = nthStart(raw, fieldStart, fieldEnd, repetition, delimiters.repetition);
  const repetitionEnd = endOf(raw, repetitionStart, fieldEnd, delimiters.repetition);
  const componentStart = nthStart(raw, repetitionStart, repetitionEnd, component - 1, delimiters.component);
  const componentEnd = endOf(raw, componentStart, repetitionEnd, delimiters.component);
  return nthStart(raw, componentStart, componentEnd, subcomponent - 1, delimiters.subcomponent);
}

/** Where the text after the nth separator starts. */
function nthStart(raw: string, start: number, end: number, count: number, separator: string): number {
  let at = start;
  for (let seen = 0; seen < count; seen += 1) {
    const next = raw.indexOf(separator, at);
    if (next === -1 || next >= end) return at;
    at = next + 1;
  }
  return at;
}

function endOf(raw: string, start: number, end: number, separator: string): number {
  const next = raw.indexOf(separator, start);
  return next === -1 || next > end ? end : next;
}
