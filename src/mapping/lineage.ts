import type { Payload, SourcePosition, TreePath } from '../formats/format.ts';
import type { Assign } from './skeleton.ts';
import { pathsOf, Trace } from './trace.ts';
import type { Place } from './yaml-source.ts';

/** Where a value of the result comes from: the leaf of the mapping that gave it, and all that this leaf looked at. */
export interface Origin {
  /** Undefined for what is made of the origins of others. */
  readonly place: Place | undefined;
  readonly constant: boolean;
  readonly reads: readonly Read[];
  readonly variables: readonly VariableOrigin[];
  /** The holes of a text, the entry that a reference is to. */
  readonly parts: readonly Origin[];
  /** What no message says: `%messageId`, `%partner`. */
  readonly given: readonly string[];
}

export interface Read {
  readonly parent: object;
  readonly name: string;
  /** For an item of a list. */
  readonly index?: number | undefined;
}

interface VariableOrigin {
  /** Undefined for the variable of a loop. */
  readonly assign: Pick<Assign, 'name' | 'place'> | undefined;
  readonly items: readonly unknown[];
  readonly origin: Origin;
}

/** A member of a result: what gave it, and the very member of the message where it is a copy of one. */
interface Link {
  readonly origin: Origin;
  readonly exact?: Read | undefined;
}

/** What an origin comes down to: fields of the message, names that were assigned on the way, and what is given. */
export interface Sources {
  readonly paths: Map<string, TreePath>;
  readonly assigns: Map<string, Place>;
  readonly given: Set<string>;
}

type Frame = { reads: Read[]; variables: VariableOrigin[]; parts: Origin[]; given: string[] };

const GIVEN_NAMES: ReadonlySet<string> = new Set(['partner', 'messageId']);

/**
 * A trace that also remembers which leaf gave each member of the result. Results are known by the objects and lists
 * they stand in, so that it does not matter where a directive puts them later.
 */
export class LineageTrace extends Trace {
  private readonly frames: Frame[] = [];
  private readonly members = new Map<object, Map<string | number, Link>>();
  /** Objects and lists that one leaf gave whole. */
  private readonly wholes = new Map<object, Origin>();
  /** Objects and lists of the result that are copies, and of what. */
  private readonly copies = new Map<object, object>();
  private readonly variables = new Map<readonly unknown[], VariableOrigin>();
  private readonly current = new Map<string, readonly unknown[]>();
  private readonly entries = new Map<string, Origin>();
  private readonly pathOf: ReadonlyMap<object, TreePath>;
  private last: Origin | undefined;

  constructor(payload: Payload) {
    super(payload);
    this.pathOf = pathsOf(payload.tree);
  }

  protected override noteRead(parent: object, name: string): void {
    super.noteRead(parent, name);
    this.frames.at(-1)?.reads.push({ parent, name });
  }

  override onCopy(value: object, copy: object): void {
    super.onCopy(value, copy);
    this.copies.set(copy, value);
  }

  override onSet(name: string, items: readonly unknown[]): void {
    this.current.set(name, items);
  }

  override onVariable(name: string, items: readonly unknown[] | undefined): void {
    super.onVariable(name, items);
    const frame = this.frames.at(-1);
    const known = items === undefined ? undefined : this.variables.get(items);
    if (known !== undefined) frame?.variables.push(known);
    else if (GIVEN_NAMES.has(name)) frame?.given.push(`%${name}`);
  }

  override beginLeaf(): void {
    super.beginLeaf();
    this.frames.push(newFrame());
  }

  override endLeaf(place: Place, value: unknown): void {
    this.last = { ...(this.frames.pop() ?? newFrame()), place, constant: false };
    this.frames.at(-1)?.parts.push(this.last);
    if (typeof value === 'object' && value !== null) this.wholes.set(value, this.last);
  }

  override onConstant(place: Place): void {
    this.last = { ...newFrame(), place, constant: true };
  }

  override onMember(target: object, name: string): void {
    if (this.last !== undefined) this.link(target, name, { origin: this.last });
  }

  override onItems(list: readonly unknown[], value: unknown): void {
    if (!Array.isArray(value)) {
      if (value !== undefined && this.last !== undefined) this.link(list, list.length, { origin: this.last });
      return;
    }
    for (const [index] of value.entries()) {
      const link = this.linkOf(value, index);
      if (link !== undefined) this.link(list, list.length + index, link);
    }
  }

  override onMerge(target: object, value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    for (const name of Object.keys(value)) {
      const link = this.linkOf(value, name);
      if (link !== undefined) this.link(target, name, link);
    }
  }

  override lastOrigin(): object | undefined {
    return this.last;
  }

  override onEntry(name: string, value: object | undefined): void {
    if (value !== undefined) this.entries.set(name, value as Origin);
  }

  override onIdentifier(
    before: object,
    after: { identifier?: unknown },
    system: object | undefined,
    value: object | undefined,
  ): void {
    if (before !== after) this.onMerge(after, before);
    const { identifier } = after;
    const added: unknown = Array.isArray(identifier) ? identifier[0] : identifier;
    if (typeof added !== 'object' || added === null || this.members.has(added) || this.wholes.has(added)) return;
    // The identifier was not among what the mapping rendered: it is the entry's own.
    if (system !== undefined) this.link(added, 'system', { origin: system as Origin });
    if (value !== undefined) this.link(added, 'value', { origin: value as Origin });
  }

  override onReference(name: string): void {
    const entry = this.entries.get(name);
    if (entry !== undefined) this.frames.at(-1)?.parts.push(entry);
  }

  override watchAssign(assign: Pick<Assign, 'name' | 'place'>, run: () => void): void {
    this.frames.push(newFrame());
    super.watchAssign(assign, run);
    const origin: Origin = { ...(this.frames.pop() ?? newFrame()), place: undefined, constant: false };
    const items = this.current.get(assign.name);
    if (items !== undefined) this.variables.set(items, { assign, items, origin });
  }

  override beginLoop(list: readonly unknown[]): (at: number, variables: readonly string[]) => void {
    const origin = this.last ?? { ...newFrame(), place: undefined, constant: true };
    return (at, variables) => {
      const exact = readOfItem(list, at, origin);
      const one = exact === undefined ? origin : { ...newFrame(), reads: [exact], place: undefined, constant: false };
      for (const name of variables) {
        const items = this.current.get(name);
        if (items !== undefined) this.variables.set(items, { assign: undefined, items, origin: one });
      }
    };
  }

  /** What gave a member of a result, and the member of the message that it is a copy of. */
  linkOf(parent: object, name: string | number): Link | undefined {
    const link = this.members.get(parent)?.get(name);
    if (link !== undefined) return link;
    const origin = this.wholes.get(parent);
    if (origin === undefined) return undefined;
    const exact = this.exactOf(parent, name);
    if (exact !== undefined || !Array.isArray(parent)) return { origin, exact };
    return { origin, exact: readOfItem(parent, Number(name), origin) };
  }

  /** The same, below an object that came whole from an outer one. */
  exactOf(parent: object, name: string | number): Read | undefined {
    const source = this.copies.get(parent);
    if (source === undefined || !this.pathOf.has(source)) return undefined;
    if (!Array.isArray(source)) return { parent: source, name: String(name) };
    return { parent: source, name: String(sourceIndex(source, parent as unknown[], Number(name), this.copies)) };
  }

  wholeOf(value: object): Origin | undefined {
    return this.wholes.get(value);
  }

  /** Follows an origin through variables, texts and references to the fields of the message. */
  sourcesOf({ origin, exact }: Link): Sources {
    const sources: Sources = { paths: new Map(), assigns: new Map(), given: new Set() };
    if (exact === undefined) this.follow(origin, sources, new Set());
    else this.addRead(exact, sources, new Set());
    dropParents(sources.paths);
    return sources;
  }

  private follow(origin: Origin, sources: Sources, seen: Set<Origin>): void {
    if (seen.has(origin)) return;
    seen.add(origin);
    for (const read of origin.reads) this.addRead(read, sources, seen);
    for (const part of origin.parts) this.follow(part, sources, seen);
    for (const name of origin.given) sources.given.add(name);
    for (const variable of origin.variables) this.followVariable(variable, origin, sources, seen);
  }

  /** What was read from an object that a variable holds says more than where the variable was filled. */
  private followVariable(
    { assign, items, origin }: VariableOrigin,
    by: Origin,
    sources: Sources,
    seen: Set<Origin>,
  ): void {
    if (assign !== undefined) sources.assigns.set(assign.name, assign.place);
    const objects = items.filter((item) => typeof item === 'object' && item !== null);
    const isRead = objects.length > 0 && by.reads.some(({ parent }) => objects.includes(parent));
    if (isRead) return;
    const paths = objects.flatMap((item) => this.pathOf.get(item as object) ?? []);
    if (objects.length === items.length && paths.length > 0) {
      for (const item of objects) this.addPath(this.pathOf.get(item as object), sources);
    } else this.follow(origin, sources, seen);
  }

  private addRead({ parent, name, index }: Read, sources: Sources, seen: Set<Origin>): void {
    const path = this.pathOf.get(parent);
    if (path !== undefined) {
      const step = Array.isArray(parent) ? Number(name) : name;
      this.addPath(index === undefined ? [...path, step] : [...path, step, index], sources);
      return;
    }
    const link = this.linkOf(parent, name);
    if (link === undefined) return;
    if (link.exact === undefined) this.follow(link.origin, sources, seen);
    else this.addRead(link.exact, sources, seen);
  }

  private addPath(path: TreePath | undefined, sources: Sources): void {
    if (path !== undefined) sources.paths.set(JSON.stringify(path), path);
  }

  private link(parent: object, name: string | number, link: Link): void {
    const links = this.members.get(parent);
    if (links === undefined) this.members.set(parent, new Map([[name, link]]));
    else links.set(name, link);
  }
}

/** A field of the message as its format words it. */
export function locateAll(payload: Payload, { paths }: Sources): SourcePosition[] {
  return [...paths.values()].map((path) => payload.locate(path));
}

function newFrame(): Frame {
  return { reads: [], variables: [], parts: [], given: [] };
}

/** The item of a list of the message that a loop has reached, where the loop runs over that list as it stands. */
function readOfItem(list: readonly unknown[], at: number, { reads }: Origin): Read | undefined {
  for (const { parent, name } of reads) {
    const value = (parent as Record<string, unknown>)[name];
    if (list.length === 1 && value === list[0]) return { parent, name };
    if (!Array.isArray(value) || value.length !== list.length) continue;
    if (value.every((item, index) => item === list[index])) return { parent, name, index: at };
  }
  return undefined;
}

/** Copies leave out what is empty: the place in the list of the message that an item of the copy had. */
function sourceIndex(
  source: readonly unknown[],
  copy: readonly unknown[],
  index: number,
  copies: ReadonlyMap<object, object>,
): number {
  let from = -1;
  for (let at = 0; at <= index; at += 1) {
    const item = copy[at];
    const wanted = typeof item === 'object' && item !== null ? copies.get(item) : item;
    from = source.indexOf(wanted, from + 1);
  }
  return from;
}

/** The way to a field is not a field of its own. */
function dropParents(paths: Map<string, TreePath>): void {
  const parents = new Set<string>();
  for (const path of paths.values()) {
    for (let length = 0; length < path.length; length += 1) parents.add(JSON.stringify(path.slice(0, length)));
  }
  for (const key of parents) paths.delete(key);
}
