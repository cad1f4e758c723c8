import type { Environment } from '../fhirpath/fhirpath.ts';
import type { Payload } from '../formats/format.ts';
import { hasErrors, type Issue, issue } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { CodeMap } from './codes.ts';
import type { PendingEntry } from './compile-entries.ts';
import type { Program } from './compile-mapping.ts';
import { createEnvironment } from './environment.ts';
import type { MappedEntry, MappingContext } from './mapping.ts';
import { indexReferences } from './resolve-references.ts';
import { hostOf } from './run-host.ts';
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
  const refused = program.admit(root, env);
  if (refused.length > 0) return failure(...refused);
  for (const assign of program.assigns) assign(root, env);
  const pending: PendingEntry[] = [];
  if (program.content.kind === 'entries') program.content.collect(root, env, pending);
  hostOf(env).entriesFailed = (trace?.issues.length ?? 0) > 0;
  const found = renderEntries(pending, env);
  const issues = trace === undefined ? found.issues : [...trace.issues, ...found.issues];
  if (hasErrors(issues)) return failure(...issues);
  if (found.entries.length === 0)
    return failure(issue('mapping-failed', 'The mapping yields no entry for this message.'));
  return success(found.entries);
}

/** Makes names known to `ref()`, renders the resources, and joins entries that say the same of the same thing. */
function renderEntries(
  pending: readonly PendingEntry[],
  env: Environment,
): { entries: MappedEntry[]; issues: Issue[] } {
  const references = new Map<string, string>();
  const issues: Issue[] = [];
  for (const { name, fullUrl, place } of pending) {
    const known = references.get(name);
    if (known !== undefined && known !== fullUrl) {
      issues.push(
        issue('mapping-failed', 'Two entries of this message have the same name and are not the same thing.', {
          mapping: formatPlace(place),
        }),
      );
    }
    references.set(name, fullUrl);
  }
  hostOf(env).references = references;
  const entries: MappedEntry[] = [];
  const findSame = pending.length > FEW_ENTRIES ? findByIndex() : findAmong(entries);
  for (const { place, render, name, fullUrl, write, identifier, union, fill, remove } of pending) {
    const resource = render();
    if (resource === undefined) continue;
    const entry: MappedEntry = { name, fullUrl, resource, write, identifier, union, fill, remove };
    const before = findSame(entry);
    if (before === undefined) entries.push(entry);
    else if (contentOf(before) !== contentOf(entry)) {
      issues.push(
        issue(
          'mapping-failed',
          'Two entries of this message have the same type and identifier and different content.',
          {
            mapping: formatPlace(place),
          },
        ),
      );
    }
  }
  return { entries, issues };
}

/** Up to here it is quicker to look at all entries than to make an index of URLs that are as long as each other. */
const FEW_ENTRIES = 8;

/** Finds the entry before this one that has its URL. */
type FindSame = (entry: MappedEntry) => MappedEntry | undefined;

function findAmong(entries: readonly MappedEntry[]): FindSame {
  return ({ fullUrl, resource }) => {
    for (const one of entries) {
      // What is of another type has another URL.
      if (one.resource.resourceType === resource.resourceType && one.fullUrl === fullUrl) return one;
    }
    return undefined;
  };
}

function findByIndex(): FindSame {
  const index = new Map<string, MappedEntry>();
  return (entry) => {
    const before = index.get(entry.fullUrl);
    if (before === undefined) index.set(entry.fullUrl, entry);
    return before;
  };
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
