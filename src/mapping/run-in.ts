import type { Environment } from '../fhirpath/fhirpath.ts';
import type { Payload } from '../formats/format.ts';
import { hasErrors, type Issue, issue } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { CodeMap } from './codes.ts';
import { type PendingEntry, renderResource } from './compile-entries.ts';
import type { Program } from './compile-mapping.ts';
import { createEnvironment } from './environment.ts';
import type { MappedEntry, MappingContext } from './mapping.ts';
import { indexReferences } from './resolve-references.ts';
import { hostOf, type RunHost } from './run-host.ts';
import type { Trace } from './trace.ts';
import { formatPlace } from './yaml-source.ts';

/** Runs a map into FHIR over one payload. With a trace, errors are gathered there; without, the first one is thrown. */
export function runProgramIn(
  program: Program,
  payload: Payload,
  context: MappingContext,
  codes: ReadonlyMap<string, CodeMap>,
  trace?: Trace,
): Result<MappedEntry[]> {
  const root = payload.tree;
  const env = createEnvironment(context, codes, [], resolveWithin(root, trace), trace);
  program.fill(root, env);
  const refused = program.admit(root, env);
  if (refused.length > 0) return failure(...refused);
  for (const assign of program.assigns) assign(root, env);
  const pending: PendingEntry[] = [];
  if (program.content.kind === 'entries') program.content.collect(root, env, pending);
  hostOf(env).entriesFailed = (trace?.issues.length ?? 0) > 0;
  const found = renderEntries(pending, root, env);
  const issues = trace === undefined ? found.issues : [...trace.issues, ...found.issues];
  if (hasErrors(issues)) return failure(...issues);
  if (found.entries.length === 0)
    return failure(issue('mapping-failed', 'The mapping yields no entry for this message.'));
  return success(found.entries);
}

/** Makes names known to `ref()`, renders the resources, and joins entries that say the same of the same thing. */
function renderEntries(
  pending: readonly PendingEntry[],
  root: unknown,
  env: Environment,
): { entries: MappedEntry[]; issues: Issue[] } {
  const issues: Issue[] = [];
  const isFew = pending.length <= FEW_ENTRIES;
  hostOf(env).references = isFew ? nameAmong(pending, issues) : nameByIndex(pending, issues);
  const entries: MappedEntry[] = [];
  const index = isFew ? undefined : new Map<string, MappedEntry>();
  for (const one of pending) {
    const resource = renderResource(one, root, env);
    if (resource === undefined) continue;
    one.entry.resource = resource;
    const entry = one.entry as MappedEntry;
    const before = index === undefined ? findSame(entries, entry) : index.get(entry.fullUrl);
    if (before === undefined) {
      entries.push(entry);
      index?.set(entry.fullUrl, entry);
    } else if (contentOf(before) !== contentOf(entry)) {
      issues.push(
        issue(
          'mapping-failed',
          'Two entries of this message have the same type and identifier and different content.',
          { mapping: formatPlace(one.leaf.place) },
        ),
      );
    }
  }
  return { entries, issues };
}

/** Up to here it is quicker to look at all entries than to make an index of names and URLs. */
const FEW_ENTRIES = 8;

/** The URL of an entry by its name. */
type References = NonNullable<RunHost['references']>;

/** Two entries of one name are one thing, or an issue; the last of the name is the one that is referred to. */
function nameAmong(pending: readonly PendingEntry[], issues: Issue[]): References {
  for (let at = 1; at < pending.length; at += 1) {
    const one = pending[at] as PendingEntry;
    const known = urlAmong(pending, one.entry.name, at);
    if (known !== undefined && known !== one.entry.fullUrl) issues.push(sameName(one));
  }
  return { get: (name) => urlAmong(pending, name, pending.length) };
}

function urlAmong(pending: readonly PendingEntry[], name: string, end: number): string | undefined {
  for (let at = end - 1; at >= 0; at -= 1) {
    const { entry } = pending[at] as PendingEntry;
    if (entry.name === name) return entry.fullUrl;
  }
  return undefined;
}

function nameByIndex(pending: readonly PendingEntry[], issues: Issue[]): References {
  const references = new Map<string, string>();
  for (const one of pending) {
    const { name, fullUrl } = one.entry;
    const known = references.get(name);
    if (known !== undefined && known !== fullUrl) issues.push(sameName(one));
    references.set(name, fullUrl);
  }
  return references;
}

function sameName({ leaf }: PendingEntry): Issue {
  return issue('mapping-failed', 'Two entries of this message have the same name and are not the same thing.', {
    mapping: formatPlace(leaf.place),
  });
}

/** The entry before this one that has its URL; what is of another type has another URL. */
function findSame(entries: readonly MappedEntry[], { fullUrl, resource }: MappedEntry): MappedEntry | undefined {
  for (const one of entries) {
    if (one.resource.resourceType === resource.resourceType && one.fullUrl === fullUrl) return one;
  }
  return undefined;
}

/** What two entries must share to be one: how they are written, and their resource whatever the order of its members. */
function contentOf({ write, union, fill, remove, resource }: MappedEntry): string {
  return canonicalText([write, union, fill, remove, resource]);
}

function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    isJsonObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  );
}

/** `resolve()` in a Bundle that came as a payload finds its entries; what is found has been looked for by its URL. */
function resolveWithin(root: unknown, trace: Trace | undefined): Environment['resolve'] {
  if (!isJsonObject(root) || root.resourceType !== 'Bundle' || !Array.isArray(root.entry)) return undefined;
  const { entry } = root;
  let find: ReturnType<typeof indexReferences> | undefined;
  return (reference) => {
    find ??= indexReferences(
      entry.flatMap((one) => (isJsonObject(one) ? [{ fullUrl: one.fullUrl, resource: one.resource }] : [])),
    );
    const found = find(reference);
    if (trace !== undefined && found !== undefined) {
      const holder: unknown = entry.find((one) => isJsonObject(one) && one.resource === found);
      if (isJsonObject(holder)) trace.onLook(holder, 'fullUrl');
    }
    return found;
  };
}
