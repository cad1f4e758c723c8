import type { Environment } from '../fhirpath/fhirpath.ts';
import { guard, type Render } from './guard.ts';
import { copyValue, isShort, onlyItem, textOf } from './output.ts';
import type { Scope } from './scope.ts';
import type { Hole, Skeleton } from './skeleton.ts';

/**
 * A value of a skeleton as what stands around it renders it: a constant, an expression that finds one value, or
 * anything else. The first two are most of all values, and cost no closure of their own.
 */
export interface Part {
  readonly constant: unknown;
  readonly find: Render | undefined;
  readonly render: Render;
}

/** Compiles a value as a part, by `compile` where it is neither a constant nor one hole, or where the run is watched. */
export function compilePart(node: Skeleton, scope: Scope, compile: (node: Skeleton, scope: Scope) => Render): Part {
  if (scope.parts.track) return { constant: undefined, find: undefined, render: compile(node, scope) };
  if (node.kind === 'constant') return { constant: node.value ?? undefined, find: undefined, render: renderNothing };
  if (node.kind === 'one') return compileHole(node.hole, scope);
  return { constant: undefined, find: undefined, render: compile(node, scope) };
}

function compileHole(hole: Hole, scope: Scope): Part {
  return { constant: undefined, find: scope.compile(hole).find, render: renderNothing };
}

export function renderPart(part: Part, root: unknown, env: Environment): unknown {
  if (part.constant !== undefined) return part.constant;
  return part.find === undefined ? part.render(root, env) : settle(part.find(root, env), env);
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
    const copies: unknown[] = [];
    for (const item of Array.isArray(found) ? found : [found]) {
      const copy = copyValue(item, env);
      if (copy !== undefined) copies.push(copy);
    }
    return copies.length === 0 ? undefined : copies;
  });
}

export function compileText(texts: readonly (string | Hole)[], scope: Scope): Render {
  const parts = texts.map((text): Part => {
    if (typeof text === 'string') return { constant: text, find: undefined, render: renderNothing };
    if (!scope.parts.track) return compileHole(text, scope);
    return { constant: undefined, find: undefined, render: compileOne(text, scope) };
  });
  return (root, env) => {
    let text = '';
    for (let at = 0; at < parts.length; at += 1) {
      const value = renderPart(parts[at] as Part, root, env);
      if (value === undefined) return undefined;
      text += typeof value === 'string' ? value : textOf(value);
    }
    return text;
  };
}
