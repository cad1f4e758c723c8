import type { Payload, SourcePosition, TreePath } from '../formats/format.ts';
import { readRouted } from './cases.ts';
import { namesInResource, namesOnPath, startsWithPath } from './field-path.ts';
import type { LoadedMapping } from './load-mapping.ts';
import type { MappingContext } from './mapping.ts';
import { pathsOf, Trace } from './trace.ts';
import { watchRun } from './watch-run.ts';

/**
 * The fields of a message that hold something and that no expression read, in the order of the message: what the
 * mapping loses. A field that was only asked for (`exists()`) counts as read; the members of an object that was only
 * asked for do not. What the mapping ignores, with a reason, is not told. Of a map out of FHIR, the elements of the
 * routed resource and of those it refers to.
 */
export function unreadFields(loaded: Watchable, payload: Payload, context: MappingContext): SourcePosition[] {
  return findUnread(loaded, payload, context).map((path) => payload.locate(path));
}

type Watchable = Pick<LoadedMapping, 'mapping' | 'document' | 'watched' | 'codes'>;

/** The same, by their paths in the tree. */
export function findUnread(loaded: Watchable, payload: Payload, context: MappingContext): TreePath[] {
  const trace = new Trace(payload);
  // A run that fails has read less; what it did not read is reported all the same.
  watchRun(loaded, payload, context, trace);
  const paths = loaded.mapping.direction === 'in' ? unreadPaths(payload, trace) : unreadElements(payload, trace);
  const { ignore } = loaded.document;
  const namesOf = loaded.mapping.direction === 'in' ? namesOnPath : namesInResource;
  if (ignore.length === 0) return paths;
  return paths.filter((path) => !ignore.some((field) => startsWithPath(namesOf(path, payload), field.path)));
}

function unreadElements({ tree }: Payload, trace: Trace): TreePath[] {
  const paths = pathsOf(tree);
  const walk = new UnreadWalk(trace, () => false);
  for (const resource of readRouted(tree).resources) {
    for (const [name, member] of Object.entries(resource)) {
      // What a resource is called, and what the store says of it, is no content of it.
      if (name === 'resourceType' || name === 'id' || name === 'meta') continue;
      walk.visit(member, [...(paths.get(resource) ?? []), name], trace.wasRead(resource, name));
    }
  }
  return walk.found;
}

function unreadPaths({ tree, format }: Payload, trace: Trace): TreePath[] {
  const walk = new UnreadWalk(trace, format === 'hl7v2' ? isHl7v2Structure : () => false);
  walk.visit(tree, [], false);
  return walk.found;
}

/** Gathers the paths of what holds something and was not read. */
class UnreadWalk {
  readonly found: TreePath[] = [];
  private readonly trace: Trace;
  private readonly isStructure: (parent: object, name: string) => boolean;
  private readonly seen = new Set<object>();

  constructor(trace: Trace, isStructure: (parent: object, name: string) => boolean) {
    this.trace = trace;
    this.isStructure = isStructure;
  }

  /** `path` is one list for the whole walk, longer while it is deeper: only what is found is copied. */
  visit(value: unknown, path: (string | number)[], wasRead: boolean): void {
    if (typeof value !== 'object' || value === null) {
      if (!wasRead && !isBlank(value)) this.found.push([...path]);
      return;
    }
    // HL7 v2 trees hold each segment twice, in order and by name.
    if (this.seen.has(value)) return;
    this.seen.add(value);
    if (Array.isArray(value)) {
      for (let at = 0; at < value.length; at += 1) {
        path.push(at);
        this.visit(value[at], path, wasRead);
        path.pop();
      }
      return;
    }
    for (const name of Object.keys(value)) {
      if (this.isStructure(value, name)) continue;
      path.push(name);
      this.visit((value as Record<string, unknown>)[name], path, this.trace.wasRead(value, name));
      path.pop();
    }
  }
}

function isBlank(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && value.trim() === '');
}

/** A segment's name, and the delimiters that MSH-1 and MSH-2 declare, are how the message is written, not what it says. */
function isHl7v2Structure(parent: object, name: string): boolean {
  if (name === 'name') return true;
  return 'name' in parent && parent.name === 'MSH' && (name === '1' || name === '2');
}
