import type { Resource } from '@medplum/fhirtypes';
import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { Environment } from '../fhirpath/fhirpath.ts';
import { stableUuid } from '../kernel/ids.ts';
import { compileAssigns, compileSkeleton } from './compile-skeleton.ts';
import { compileCondition, compileRemoval } from './conditions.ts';
import { attempt, guard, type Render } from './guard.ts';
import { type AddIdentifier, identifierAdder, NO_IDENTIFIER_TYPES } from './identifier-rules.ts';
import { compilePart, renderPart } from './leaf.ts';
import { compileLoop, variableKeeper } from './loops.ts';
import type { MappedEntry } from './mapping.ts';
import type { EntryLeaf, EntryNode } from './mapping-document.ts';
import { textOf } from './output.ts';
import { hostOf } from './run-host.ts';
import type { Scope } from './scope.ts';
import { constantMember, type Skeleton } from './skeleton.ts';
import type { Place } from './yaml-source.ts';

/**
 * An entry whose identity is known and whose resource is still to be rendered: first all names are gathered, then the
 * resources, because a resource may refer to an entry that stands below it.
 */
export interface PendingEntry {
  readonly entry: Omit<MappedEntry, 'resource'> & { resource: Resource | undefined };
  readonly leaf: CompiledLeaf;
  /** Sets the variables that the resource reads to what they were when the entry was met. */
  readonly putBack: (() => void) | undefined;
  readonly systemOrigin: object | undefined;
  readonly valueOrigin: object | undefined;
}

/** What all entries that one place of the mapping yields have in common. */
export interface CompiledLeaf {
  readonly place: Place;
  readonly resource: Render;
  readonly addIdentifier: AddIdentifier;
}

/** The resource of an entry. Undefined where it failed in a watched run. */
export function renderResource(pending: PendingEntry, root: unknown, env: Environment): Resource | undefined {
  const { entry, leaf, systemOrigin, valueOrigin } = pending;
  pending.putBack?.();
  const rendered = leaf.resource(root, env) as Resource | undefined;
  if (rendered === undefined) return undefined;
  const { trace } = hostOf(env);
  if (trace === undefined) return leaf.addIdentifier(rendered, entry.identifier);
  const settled = attempt(env, leaf.place, () => leaf.addIdentifier(rendered, entry.identifier));
  if (settled !== undefined) trace.onIdentifier(rendered, settled, systemOrigin, valueOrigin);
  return settled;
}

/** Adds the entries that this message has. */
export type Collect = (root: unknown, env: Environment, pending: PendingEntry[]) => void;

export function compileEntries(nodes: readonly EntryNode[], scope: Scope): Collect {
  const collects = nodes.map((node) => compileEntry(node, scope));
  const [only] = collects;
  if (collects.length === 1 && only !== undefined) return only;
  return (root, env, pending) => {
    for (const collect of collects) collect(root, env, pending);
  };
}

function compileEntry(node: EntryNode, scope: Scope): Collect {
  switch (node.kind) {
    case 'entry':
      return compileLeaf(node, scope);
    case 'group': {
      const { assigns, scope: inner } = compileAssigns(node.assigns, scope);
      const entries = compileEntries(node.entries, inner);
      return (root, env, pending) => {
        for (const assign of assigns) assign(root, env);
        entries(root, env, pending);
      };
    }
    case 'if': {
      const holds = compileCondition(node.condition, scope);
      const whenTrue = compileEntries(node.whenTrue, scope);
      const whenFalse = compileEntries(node.whenFalse, scope);
      return (root, env, pending) => {
        const answer = holds(root, env);
        if (answer === undefined) return;
        if (answer) whenTrue(root, env, pending);
        else whenFalse(root, env, pending);
      };
    }
    case 'for': {
      const loop = compileLoop(node.loop, scope);
      const body = compileEntries(node.body, loop.scope);
      return (root, env, pending) => loop.each(root, env, () => body(root, env, pending));
    }
  }
}

const NO_NAMES: readonly string[] = [];

function compileLeaf(node: EntryLeaf, scope: Scope): Collect {
  const { place, write, union, fill } = node;
  const keep = variableKeeper(scope);
  const name = compileText(node.name, 'The name of the entry is empty.', scope);
  const system = compileText(node.system, 'The system of the entry’s identifier is empty.', scope);
  const value = compileText(
    node.value,
    'The value of the entry’s identifier is empty: what the entry is cannot be told.',
    scope,
  );
  const resource = guard(scope.parts.track, place, compileResource(node.resource, scope));
  const removals = node.remove.map(({ elements, when }) => ({ elements, holds: compileRemoval(when, scope) }));
  const type = staticType(node.resource);
  if (type !== undefined && NO_IDENTIFIER_TYPES.has(type)) {
    scope.refuse(place, `A ${type} has no identifier in R4, so an entry cannot be one.`);
  }
  const fixedIdentity =
    type !== undefined && node.system.kind === 'constant' ? `${type}|${node.system.value}|` : undefined;
  const leaf: CompiledLeaf = { place, resource, addIdentifier: identifierAdder(type) };
  return (root, env, pending) => {
    const { trace } = hostOf(env);
    const nameText = name(root, env);
    const systemText = system(root, env);
    const systemOrigin = trace?.lastOrigin();
    const valueText = value(root, env);
    const valueOrigin = trace?.lastOrigin();
    if (nameText === undefined || systemText === undefined || valueText === undefined) return;
    const typeText = type ?? probeType(resource, root, env);
    if (typeText === undefined) return;
    trace?.onEntry(nameText, valueOrigin);
    const putBack = keep?.(env);
    pending.push({
      entry: {
        name: nameText,
        fullUrl: `urn:uuid:${stableUuid(fixedIdentity === undefined ? `${typeText}|${systemText}|${valueText}` : fixedIdentity + valueText)}`,
        resource: undefined,
        write,
        identifier: { system: systemText, value: valueText },
        union,
        fill,
        remove: removals.length === 0 ? NO_NAMES : namesRemoved(removals, root, env),
      },
      leaf,
      putBack,
      systemOrigin,
      valueOrigin,
    });
  };
}

interface Removal {
  readonly elements: readonly string[];
  readonly holds: (root: unknown, env: Environment) => boolean;
}

function namesRemoved(removals: readonly Removal[], root: unknown, env: Environment): string[] {
  return removals.flatMap(({ elements, holds }) => (holds(root, env) ? elements : []));
}

/** Undefined where it failed in a watched run. */
type RenderText = (root: unknown, env: Environment) => string | undefined;

/** A text that an entry cannot be without. */
function compileText(node: Skeleton, whenEmpty: string, scope: Scope): RenderText {
  if (node.kind === 'constant' && node.value !== null && !scope.parts.track) {
    const text = scope.layout.constant(textOf(node.value));
    return () => text;
  }
  const part = compilePart(node, scope, compileSkeleton);
  return (root, env) => {
    const value = renderPart(part, root, env);
    if (typeof value === 'string') return value;
    if (value !== undefined) return textOf(value);
    const error = new EvaluationError('value-required', whenEmpty);
    const { trace } = hostOf(env);
    if (trace === undefined) throw error;
    trace.fail(error, node.place);
    return undefined;
  };
}

function compileResource(node: Skeleton, scope: Scope): Render {
  const render = compileSkeleton(node, scope);
  return (root, env) => {
    const value = render(root, env);
    if (typeof value === 'object' && value !== null && typeof (value as Partial<Resource>).resourceType === 'string') {
      return value;
    }
    throw new EvaluationError('mapping-failed', 'The resource of an entry is an object with a resourceType.');
  };
}

/** The type where the mapping writes it as a constant, which is the rule. */
function staticType(node: Skeleton): string | undefined {
  const type = node.kind === 'object' ? constantMember(node, 'resourceType') : undefined;
  return type?.kind === 'constant' && typeof type.value === 'string' ? type.value : undefined;
}

/** The type of a resource that is an expression: it is rendered once to see, while references are still unknown. */
function probeType(resource: Render, root: unknown, env: Environment): string | undefined {
  return (resource(root, env) as Resource | undefined)?.resourceType;
}
