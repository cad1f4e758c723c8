import type { Resource } from '@medplum/fhirtypes';
import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { Environment } from '../fhirpath/fhirpath.ts';
import { stableUuid } from '../kernel/ids.ts';
import { compileAssigns, compileSkeleton } from './compile-skeleton.ts';
import { compileCondition, compileRemoval } from './conditions.ts';
import { attempt, guard, type Render } from './guard.ts';
import { NO_IDENTIFIER_TYPES, withIdentifier } from './identifier-rules.ts';
import { compilePart, renderPart } from './leaf.ts';
import { compileLoop, setVariable } from './loops.ts';
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
export interface PendingEntry extends Omit<MappedEntry, 'resource'> {
  readonly place: Place;
  /** Undefined where it failed in a watched run. */
  readonly render: () => Resource | undefined;
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
const NO_VALUES: readonly (readonly unknown[])[] = [];

function compileLeaf(node: EntryLeaf, scope: Scope): Collect {
  const { place, write, union, fill } = node;
  const { locals } = scope;
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
    const identifier = { system: systemText, value: valueText };
    const values = locals.length === 0 ? NO_VALUES : locals.map((local) => env.variables.get(local) ?? []);
    const remove =
      removals.length === 0 ? NO_NAMES : removals.flatMap(({ elements, holds }) => (holds(root, env) ? elements : []));
    pending.push({
      name: nameText,
      write,
      union,
      fill,
      remove,
      identifier,
      fullUrl: `urn:uuid:${stableUuid(`${typeText}|${identifier.system}|${identifier.value}`)}`,
      place,
      render: () => {
        for (let at = 0; at < values.length; at += 1) setVariable(env, locals[at] as string, values[at] ?? []);
        const rendered = resource(root, env) as Resource | undefined;
        if (rendered === undefined) return undefined;
        if (trace === undefined) return withIdentifier(rendered, identifier);
        const settled = attempt(env, place, () => withIdentifier(rendered, identifier));
        if (settled !== undefined) trace.onIdentifier(rendered, settled, systemOrigin, valueOrigin);
        return settled;
      },
    });
  };
}

/** Undefined where it failed in a watched run. */
type RenderText = (root: unknown, env: Environment) => string | undefined;

/** A text that an entry cannot be without. */
function compileText(node: Skeleton, whenEmpty: string, scope: Scope): RenderText {
  if (node.kind === 'constant' && node.value !== null && !scope.parts.track) {
    const text = textOf(node.value);
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
