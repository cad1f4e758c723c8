import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { Payload, SourcePosition, TreePath } from '../formats/format.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import type { Assign } from './skeleton.ts';
import { formatPlace, type Place } from './yaml-source.ts';

/** More issues than this are not told of one message. */
const ISSUES_MAX = 20;

/** Ends a watched run that has gathered as many issues as are told. */
export class EnoughIssues extends Error {}

/** One member that an expression read. */
interface Read {
  readonly parent: object;
  readonly name: string;
}

/**
 * Watches a run: which members of the message were read, and which expressions failed over which of them. It is how an
 * issue gets its position in the message, and how unread fields are found.
 */
export class Trace {
  readonly issues: Issue[] = [];
  private readonly payload: Payload | undefined;
  private readonly readNames = new Map<object, Set<string>>();
  private readonly copied = new Set<object>();
  private readonly origins = new Map<string, Read>();
  private paths: Map<object, TreePath> | undefined;
  /** Reads since the current leaf of the skeleton began. */
  private reads: Read[] = [];
  private usedVariable: string | undefined;
  private readonly spoiled = new Set<string>();
  /** Whether the current leaf failed, or used a value that is missing because another leaf failed. */
  private leafSpoiled = false;
  private spoiledLeaves = 0;

  constructor(payload: Payload | undefined) {
    this.payload = payload;
  }

  /** For `Environment.onRead`, which calls it without the trace. */
  readonly onRead = (parent: object, name: string): void => this.noteRead(parent, name);

  protected noteRead(parent: object, name: string): void {
    this.onLook(parent, name);
    this.reads.push({ parent, name });
  }

  /** For `Environment.onLook`: the member is not unread any more, and no value comes from it. */
  readonly onLook = (parent: object, name: string): void => {
    const names = this.readNames.get(parent);
    if (names === undefined) this.readNames.set(parent, new Set([name]));
    else names.add(name);
  };

  /** An object that went into the result whole: all that is in it counts as read. */
  onCopy(value: object, _copy: object): void {
    this.copied.add(value);
  }

  onVariable(name: string, _items: readonly unknown[] | undefined): void {
    this.usedVariable = name;
    if (this.spoiled.has(name)) this.spoilLeaf();
  }

  /** A variable holds these items from now on. */
  onSet(_name: string, _items: readonly unknown[]): void {}

  beginLeaf(): void {
    this.reads = [];
    this.usedVariable = undefined;
    this.leafSpoiled = false;
  }

  /** The leaf has given a value, or nothing; for an expression that gives many, the list of them. */
  endLeaf(_place: Place, _value: unknown): void {}

  /** What the mapping itself says is the next value of the result. */
  onConstant(_place: Place): void {}

  /** The value that was rendered last has become this member. */
  onMember(_target: object, _name: string): void {}

  /** A rendered value is about to be added to a list, opened out where it is a list itself. */
  onItems(_list: readonly unknown[], _value: unknown): void {}

  /** The members of a rendered object have become members of another. */
  onMerge(_target: object, _value: unknown): void {}

  /** Where the value that was rendered last comes from; whoever asks gives it back to `onEntry` or `onIdentifier`. */
  lastOrigin(): object | undefined {
    return undefined;
  }

  /** An entry is known by its name and by the value of its identifier. */
  onEntry(_name: string, _value: object | undefined): void {}

  /** An entry’s resource is now another object, which has the entry’s identifier. */
  onIdentifier(_before: object, _after: object, _system: object | undefined, _value: object | undefined): void {}

  /** A loop begins over the items of the leaf before; what is given back is told which variables hold which item. */
  beginLoop(_items: readonly unknown[]): ((at: number, variables: readonly string[]) => void) | undefined {
    return undefined;
  }

  /** `ref()` has asked for the entry of this name. */
  onReference(_name: string): void {}

  /** Runs an assignment and remembers where its value came from, for expressions that read nothing else. */
  watchAssign({ name }: Pick<Assign, 'name' | 'place'>, run: () => void): void {
    const before = this.spoiledLeaves;
    run();
    const last = this.reads.at(-1) ?? this.origin();
    if (last === undefined) this.origins.delete(name);
    else this.origins.set(name, last);
    if (this.spoiledLeaves > before) this.spoiled.add(name);
    else this.spoiled.delete(name);
  }

  /**
   * Keeps the issue of a failed leaf. A leaf that fails because another did is passed over: mending the first mends it.
   * So is one that finds the same fault at the same place of the message.
   * `ItemError` names the value it failed over, which is looked for, never told.
   */
  fail(error: EvaluationError, place: Place): void {
    if (this.leafSpoiled) return;
    this.spoilLeaf();
    const culprit = error instanceof ItemError ? error.item : undefined;
    const found = { ...this.locateRead(culprit), mapping: formatPlace(place) };
    const same = (one: Issue) =>
      one.code === error.code &&
      one.at === found.at &&
      (one.mapping === found.mapping || (found.at !== undefined && one.text === error.text));
    if (!this.issues.some(same)) this.issues.push(issue(error.code, error.text, found));
    if (this.issues.length >= ISSUES_MAX) throw new EnoughIssues();
  }

  wasRead(parent: object, name: string): boolean {
    return this.copied.has(parent) || this.readNames.get(parent)?.has(name) === true;
  }

  private spoilLeaf(): void {
    this.leafSpoiled = true;
    this.spoiledLeaves += 1;
  }

  private origin(): Read | undefined {
    return this.usedVariable === undefined ? undefined : this.origins.get(this.usedVariable);
  }

  /** The last member the leaf read, or rather the last whose value is the one that it failed over. */
  private locateRead(culprit: unknown): Partial<SourcePosition> {
    const holds = ({ parent, name }: Read) => {
      const value = memberOf(parent, name);
      return value === culprit || (Array.isArray(value) && value.includes(culprit));
    };
    const read = (culprit === undefined ? undefined : this.reads.findLast(holds)) ?? this.reads.at(-1) ?? this.origin();
    if (read === undefined || this.payload === undefined) return {};
    this.paths ??= pathsOf(this.payload.tree);
    const path = this.paths.get(read.parent);
    if (path === undefined) return {};
    const value = memberOf(read.parent, read.name);
    const index = Array.isArray(value) && culprit !== undefined ? value.indexOf(culprit) : -1;
    return this.payload.locate(index < 0 ? [...path, read.name] : [...path, read.name, index]);
  }
}

/** The variables of a watched run: reading one is seen. */
export class WatchedVariables extends Map<string, readonly unknown[]> {
  private readonly trace: Trace;

  constructor(trace: Trace, variables: Iterable<readonly [string, readonly unknown[]]>) {
    super();
    this.trace = trace;
    for (const [name, items] of variables) this.set(name, items);
  }

  override get(name: string): readonly unknown[] | undefined {
    const items = super.get(name);
    this.trace.onVariable(name, items);
    return items;
  }

  override set(name: string, items: readonly unknown[]): this {
    this.trace.onSet(name, items);
    return super.set(name, items);
  }
}

/** An `EvaluationError` that knows which item it failed over, so that its place in the message can be found. */
export class ItemError extends EvaluationError {
  readonly item: unknown;

  constructor(error: EvaluationError, item: unknown) {
    super(error.code, error.text);
    this.item = item;
  }
}

function memberOf(parent: object, name: string): unknown {
  return (parent as Record<string, unknown>)[name];
}

/** The path of every object and list of a tree. */
export function pathsOf(tree: unknown): Map<object, TreePath> {
  const paths = new Map<object, TreePath>();
  const walk = (value: unknown, path: TreePath): void => {
    if (typeof value !== 'object' || value === null) return;
    paths.set(value, path);
    if (Array.isArray(value)) value.forEach((item, index) => void walk(item, [...path, index]));
    else for (const [name, member] of Object.entries(value)) walk(member, [...path, name]);
  };
  walk(tree, []);
  return paths;
}
