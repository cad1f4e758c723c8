import type { Environment, KeptPath } from '../fhirpath/fhirpath.ts';
import { findKeptText } from '../fhirpath/find-path.ts';
import { guard, type Render } from './guard.ts';
import { copyValue, cutList, isShort, onlyItem, textOf } from './output.ts';
import { countSteps } from './run-host.ts';
import type { Scope } from './scope.ts';
import type { Hole, Skeleton } from './skeleton.ts';

/**
 * A value of a skeleton as what stands around it renders it: a constant, a path to a text of the message, an expression
 * that finds one value, or anything else. The first two are most of all values, and cost no call.
 */
export interface Part {
  readonly constant: unknown;
  readonly kept: KeptPath | undefined;
  readonly find: Render | undefined;
  readonly render: Render;
  /** The value stands alone in a list. */
  readonly isList: boolean;
}

/** Compiles a value as a part, by `compile` where it is neither a constant nor one hole, or where the run is watched. */
export function compilePart(node: Skeleton, scope: Scope, compile: (node: Skeleton, scope: Scope) => Render): Part {
  if (scope.parts.track) return partOf(compile(node, scope));
  if (node.kind === 'constant') return constantPart(scope.layout.constant(node.value ?? undefined));
  if (node.kind === 'one') return compileHole(node.hole, scope);
  const [only] = node.kind === 'list' ? node.items : [];
  if (node.kind === 'list' && node.items.length === 1 && only !== undefined) {
    const part = compilePart(only, scope, compile);
    if (!part.isList) return { ...part, isList: true };
  }
  return partOf(compile(node, scope));
}

/** What a bound call over one input costs, and the copy of an object that it would else be. */
const BOUND_STEPS = 3;

function compileHole(hole: Hole, scope: Scope): Part {
  const { find, kept, bound } = scope.compile(hole);
  if (bound !== undefined) {
    return partOf((root, env) => {
      if (Array.isArray(root)) return settle(find(root, env), env);
      countSteps(env, BOUND_STEPS);
      return bound(env);
    });
  }
  return { constant: undefined, kept, find, render: renderNothing, isList: false };
}

function constantPart(constant: unknown): Part {
  return { constant, kept: undefined, find: undefined, render: renderNothing, isList: false };
}

function partOf(render: Render): Part {
  return { constant: undefined, kept: undefined, find: undefined, render, isList: false };
}

export function renderPart(part: Part, root: unknown, env: Environment): unknown {
  return part.isList ? listWith(renderAlone(part, root, env), env) : renderAlone(part, root, env);
}

function renderAlone(part: Part, root: unknown, env: Environment): unknown {
  const { constant, kept, find } = part;
  if (constant !== undefined) return constant;
  if (kept !== undefined) {
    const text = findKeptText(kept, env);
    if (text !== undefined) return isShort(text) ? text : copyValue(text, env);
  }
  return find === undefined ? part.render(root, env) : settle(find(root, env), env);
}

/** A list that a part of the skeleton has made is this list already; one that the mapping found is copied by then. */
function listWith(value: unknown, env: Environment): unknown {
  countSteps(env, 1);
  if (value === undefined) return undefined;
  return Array.isArray(value) ? (value.length === 0 ? undefined : value) : [value];
}

function renderNothing(): undefined {}

/** What an expression found, as the one value it stands for. */
function settle(found: unknown, env: Environment): unknown {
  if (typeof found === 'string' && isShort(found)) return found;
  return found === undefined ? undefined : copyValue(Array.isArray(found) ? onlyItem(found) : found, env);
}

export function compileOne(hole: Hole, scope: Scope): Render {
  const { find } = scope.compile(hole);
  return guard(scope.parts.track, hole.place, (root, env) => settle(find(root, env), env));
}

export function compileMany(hole: Hole, scope: Scope): Render {
  const { find } = scope.compile(hole);
  return guard(scope.parts.track, hole.place, (root, env) => {
    const found = find(root, env);
    if (found === undefined) return undefined;
    if (!Array.isArray(found)) {
      const copy = copyValue(found, env);
      return copy === undefined ? undefined : [copy];
    }
    const copies: unknown[] = new Array(found.length);
    let length = 0;
    for (const item of found) {
      const copy = copyValue(item, env);
      if (copy !== undefined) {
        copies[length] = copy;
        length += 1;
      }
    }
    return cutList(copies, length);
  });
}

export function compileText(texts: readonly (string | Hole)[], scope: Scope): Render {
  const parts = texts.map((text): Part => {
    if (typeof text === 'string') return constantPart(text);
    return scope.parts.track ? partOf(compileOne(text, scope)) : compileHole(text, scope);
  });
  return (root, env) => {
    let text: string | undefined;
    for (let at = 0; at < parts.length; at += 1) {
      const value = renderAlone(parts[at] as Part, root, env);
      if (value === undefined) return undefined;
      const piece = typeof value === 'string' ? value : textOf(value);
      text = text === undefined ? piece : text + piece;
    }
    return text ?? '';
  };
}
