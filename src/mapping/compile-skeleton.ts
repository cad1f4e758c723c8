import type { Environment } from '../fhirpath/fhirpath.ts';
import { compileCondition, compileRemoval } from './conditions.ts';
import { attempt, guard, type Render } from './guard.ts';
import { compileMany, compileOne, compilePart, compileText, type Part, renderPart } from './leaf.ts';
import { compileLoop, variableSetter } from './loops.ts';
import { addTo, cutList, mergeInto, onlyItem, putInto, setMember, type Target, textOf } from './output.ts';
import { createRecord } from './record.ts';
import { countSteps, hostOf } from './run-host.ts';
import type { Scope } from './scope.ts';
import type { Shape } from './shape.ts';
import {
  type Assign,
  type ForMember,
  type IfMember,
  isNeeded,
  type KeyMember,
  type Member,
  type ObjectNode,
  type Skeleton,
} from './skeleton.ts';
import type { Place } from './yaml-source.ts';

/** Writes members into the object under construction; false where it lacks what it is dropped without. */
type Write = (root: unknown, env: Environment, target: Target) => boolean;

/** Compiles a skeleton to closures. What is wrong is added to the scope's issues. */
export function compileSkeleton(node: Skeleton, scope: Scope): Render {
  switch (node.kind) {
    case 'constant': {
      const value = node.value === null ? undefined : node.value;
      if (!scope.parts.track) return () => value;
      return (_root, env) => {
        hostOf(env).trace?.onConstant(node.place);
        return value;
      };
    }
    case 'one':
      return compileOne(node.hole, scope);
    case 'many':
      return compileMany(node.hole, scope);
    case 'text':
      return guard(scope.parts.track, node.place, compileText(node.parts, scope));
    case 'list':
      return compileList(node.items, scope);
    case 'object':
      return compileObject(node, scope);
  }
}

/** Lists inside lists are opened out, because FHIR has none; what is empty is left out. */
function compileList(nodes: readonly Skeleton[], scope: Scope): Render {
  const parts = nodes.map((node) => compilePart(node, scope, compileSkeleton));
  const needed = nodes.map(isNeeded);
  const { track } = scope.parts;
  return (root, env) => {
    countSteps(env, 1);
    // A trace tells the position of items from how long the list is by then.
    const list: unknown[] = track ? [] : new Array(parts.length);
    let length = 0;
    for (let at = 0; at < parts.length; at += 1) {
      const value = renderPart(parts[at] as Part, root, env);
      if (value === undefined && needed[at]) return undefined;
      if (track) hostOf(env).trace?.onItems(list, value);
      length = putInto(list, length, value);
    }
    return cutList(list, length);
  };
}

function compileObject(node: ObjectNode, outer: Scope): Render {
  const { assigns, scope } = compileAssigns(node.assigns, outer);
  const { members } = node;
  const [only] = members;
  // An object that is nothing but one directive is what the directive yields: a list, a text, an object.
  if (members.length === 1 && only !== undefined && only.kind !== 'key') {
    const render = compileDirective(only, scope);
    return withAssigns(assigns, render);
  }
  if (!scope.parts.track && members.every(isPlainMember)) return withAssigns(assigns, compileRecord(members, scope));
  const writes = members.map((member) => compileMember(member, scope));
  return withAssigns(assigns, (root, env) => {
    countSteps(env, 1);
    const target: Target = {};
    for (const write of writes) if (!write(root, env, target)) return undefined;
    for (const _ in target) return target;
    return undefined;
  });
}

type PlainMember = KeyMember & { readonly key: { readonly kind: 'constant' } };

function isPlainMember(member: Member): member is PlainMember {
  return member.kind === 'key' && member.key.kind === 'constant' && member.unless === undefined;
}

function compileRecord(members: readonly PlainMember[], scope: Scope): Render {
  return createRecord(
    members.map(({ key, place, value }) => ({
      name: memberName(String(key.value), place, scope),
      part: compilePart(value, scope, compileSkeleton),
      needed: isNeeded(value),
    })),
  );
}

function memberName(name: string, place: Place, scope: Scope): string {
  if (name === '__proto__') scope.refuse(place, 'A member cannot have this name.');
  return name;
}

function withAssigns(assigns: readonly ((root: unknown, env: Environment) => void)[], render: Render): Render {
  if (assigns.length === 0) return render;
  return (root, env) => {
    for (const assign of assigns) assign(root, env);
    return render(root, env);
  };
}

export interface CompiledAssigns {
  readonly assigns: readonly ((root: unknown, env: Environment) => void)[];
  readonly scope: Scope;
}

/** Assignments in order, each seeing those before it. */
export function compileAssigns(nodes: readonly Assign[], outer: Scope): CompiledAssigns {
  let scope = outer;
  const assigns = nodes.map((node) => {
    const { collect, shape } = compileCollection(node.value, scope);
    scope = scope.with(node.name, node.place, shape);
    const setItems = variableSetter(scope, node.name);
    return (root: unknown, env: Environment): void => {
      const { trace } = hostOf(env);
      if (trace === undefined) setItems(env, collect(root, env));
      // A copy, so that the trace can tell a variable from the one whose items it has.
      else trace.watchAssign(node, () => setItems(env, [...collect(root, env)]));
    };
  });
  return { assigns, scope };
}

interface Collection {
  readonly collect: (root: unknown, env: Environment) => readonly unknown[];
  readonly shape: Shape | undefined;
}

/**
 * What a variable holds. A value that is an expression alone is kept as it was found, not copied, so that what is read
 * from it later is still known to be the message's.
 */
function compileCollection(node: Skeleton, scope: Scope): Collection {
  if (node.kind === 'one' || node.kind === 'many') {
    const expression = scope.compile(node.hole);
    const render = guard(scope.parts.track, node.hole.place, (root, env) => {
      const items = expression.evaluate(root, env);
      if (node.kind === 'one' && items.length > 1) onlyItem(items);
      return items;
    });
    const collect: Collection['collect'] = (root, env) => (render(root, env) as readonly unknown[] | undefined) ?? [];
    return { collect, shape: expression.shape };
  }
  const render = compileSkeleton(node, scope);
  const collect: Collection['collect'] = (root, env) => {
    const value = render(root, env);
    if (value === undefined) return [];
    return Array.isArray(value) ? value : [value];
  };
  return { collect, shape: undefined };
}

function compileDirective(member: Exclude<Member, KeyMember>, scope: Scope): Render {
  switch (member.kind) {
    case 'if':
      return compileIf(member, scope);
    case 'for':
      return compileFor(member, scope);
    case 'merge':
      return compileMerge(member.value, member.place, scope);
  }
}

function compileMember(member: Member, scope: Scope): Write {
  if (member.kind === 'key') return compileKey(member, scope);
  const render = compileDirective(member, scope);
  return (root, env, target) => {
    const value = render(root, env);
    if (value !== undefined) attempt(env, member.place, () => mergeInto(target, value));
    hostOf(env).trace?.onMerge(target, value);
    return true;
  };
}

function compileKey(member: KeyMember, scope: Scope): Write {
  if (member.unless === undefined) return compileMemberOf(member, scope);
  const isRemoved = compileRemoval(member.unless, scope);
  const write = compileMemberOf(member, scope);
  return (root, env, target) => isRemoved(root, env) || write(root, env, target);
}

function compileMemberOf(member: KeyMember, scope: Scope): Write {
  const value = compileSkeleton(member.value, scope);
  const needed = isNeeded(member.value);
  const { track } = scope.parts;
  if (member.key.kind === 'constant') {
    const name = memberName(String(member.key.value), member.place, scope);
    return (root, env, target) => {
      const rendered = value(root, env);
      if (rendered === undefined) return !needed;
      target[name] = rendered;
      if (track) hostOf(env).trace?.onMember(target, name);
      return true;
    };
  }
  const key = compileSkeleton(member.key, scope);
  return (root, env, target) => {
    const name = key(root, env);
    if (name === undefined) return true;
    const rendered = value(root, env);
    if (rendered === undefined) return !needed;
    attempt(env, member.place, () => setMember(target, textOf(name), rendered));
    hostOf(env).trace?.onMember(target, String(name));
    return true;
  };
}

function compileIf(member: IfMember, scope: Scope): Render {
  const holds = compileCondition(member.condition, scope);
  const whenTrue = compileSkeleton(member.whenTrue, scope);
  const whenFalse = member.whenFalse === undefined ? undefined : compileSkeleton(member.whenFalse, scope);
  return (root, env) => {
    const answer = holds(root, env);
    if (answer === undefined) return undefined;
    return answer ? whenTrue(root, env) : whenFalse?.(root, env);
  };
}

function compileFor(member: ForMember, outer: Scope): Render {
  const loop = compileLoop(member, outer);
  const body = compileSkeleton(member.body, loop.scope);
  if (outer.parts.track) {
    return (root, env) => {
      const list: unknown[] = [];
      loop.each(root, env, () => {
        const value = body(root, env);
        hostOf(env).trace?.onItems(list, value);
        addTo(list, value);
      });
      return list.length === 0 ? undefined : list;
    };
  }
  const { slots } = loop.scope;
  const itemSlot = slots?.get(member.item);
  const indexSlot = member.index === undefined ? undefined : slots?.get(member.index);
  return (root, env) => {
    const { frame } = env;
    const items = loop.items(root, env);
    if (items.length === 0) return undefined;
    const list: unknown[] = new Array(items.length);
    let length = 0;
    for (let at = 0; at < items.length; at += 1) {
      countSteps(env, 1);
      if (frame !== undefined && itemSlot !== undefined) frame[itemSlot] = items[at];
      if (frame !== undefined && indexSlot !== undefined) frame[indexSlot] = at;
      length = putInto(list, length, body(root, env));
    }
    return cutList(list, length);
  };
}

function compileMerge(node: Skeleton, place: Place, scope: Scope): Render {
  const render = compileSkeleton(node, scope);
  return (root, env) => {
    const value = render(root, env);
    if (value === undefined) return undefined;
    const target: Target = {};
    attempt(env, place, () => {
      for (const part of Array.isArray(value) ? value : [value]) {
        mergeInto(target, part);
        hostOf(env).trace?.onMerge(target, part);
      }
    });
    return target;
  };
}
