import type { Segment } from './parse.ts';

/** One group of segments: lists of segments by their name, and of groups by theirs. */
export interface SegmentGroup {
  [name: string]: (Segment | SegmentGroup)[];
}

export type GroupNames = Readonly<Record<string, readonly string[]>>;

/**
 * Gathers the groups of a message (chapter 2, section 2.5.2): a group begins at each segment of its first name, and goes
 * on as long as segments of its other names follow. A group that stands in another is found there alone.
 */
export function gatherGroups(segments: readonly Segment[], groups: GroupNames): Map<string, SegmentGroup[]> {
  const inner = new Set(Object.values(groups).flatMap((names) => names.slice(1)));
  const found = new Map<string, SegmentGroup[]>();
  for (const name of Object.keys(groups)) {
    if (inner.has(name)) continue;
    const list: SegmentGroup[] = [];
    let at = 0;
    while (at < segments.length) {
      const read = readGroup(segments, at, name, groups);
      if (read !== undefined) list.push(read.group);
      at = read?.end ?? at + 1;
    }
    if (list.length > 0) found.set(name, list);
  }
  return found;
}

/** The group that begins at a segment; undefined where none of that name does. */
function readGroup(
  segments: readonly Segment[],
  start: number,
  name: string,
  groups: GroupNames,
): { readonly group: SegmentGroup; readonly end: number } | undefined {
  const [head, ...others] = groups[name] ?? [];
  const first = segments[start];
  if (head === undefined || first?.name !== head) return undefined;
  const group: SegmentGroup = { [head]: [first] };
  const add = (key: string, item: Segment | SegmentGroup) => {
    const list = group[key];
    if (list === undefined) group[key] = [item];
    else list.push(item);
  };
  let at = start + 1;
  for (let segment = segments[at]; segment !== undefined; segment = segments[at]) {
    const below = others.find((other) => groups[other]?.[0] === segment?.name);
    const read = below === undefined ? undefined : readGroup(segments, at, below, groups);
    if (below !== undefined && read !== undefined) {
      add(below, read.group);
      at = read.end;
    } else if (segment.name !== head && others.includes(segment.name)) {
      add(segment.name, segment);
      at += 1;
    } else break;
  }
  return { group, end: at };
}

/** What is wrong with the names of groups; undefined for nothing. */
export function wrongGroups(groups: GroupNames): string | undefined {
  for (const [name, names] of Object.entries(groups)) {
    if (!/^[a-z][A-Za-z0-9]*$/.test(name) || name === 'segments' || name === 'name') {
      return 'The name of a group begins with a small letter and is not segments or name.';
    }
    const [head, ...others] = names;
    if (head === undefined || !isSegmentName(head)) return 'A group begins with the name of a segment, such as PRD.';
    if (new Set(names).size < names.length) return 'A group names each of its segments once.';
    if (!others.every((other) => isSegmentName(other) || Object.hasOwn(groups, other))) {
      return 'A group holds segments, named by three capitals, and other groups of the same list.';
    }
    if (holdsItself(name, groups, [])) return 'A group cannot hold itself.';
  }
  return undefined;
}

function isSegmentName(name: string): boolean {
  return /^[A-Z][A-Z0-9]{2}$/.test(name);
}

function holdsItself(name: string, groups: GroupNames, above: readonly string[]): boolean {
  if (above.includes(name)) return true;
  return (groups[name] ?? []).some(
    (inner) => Object.hasOwn(groups, inner) && holdsItself(inner, groups, [...above, name]),
  );
}
