import type { Environment } from '../fhirpath/fhirpath.ts';
import { guard } from './guard.ts';
import { countSteps, hostOf } from './run-host.ts';
import type { Scope } from './scope.ts';
import type { ForMember } from './skeleton.ts';

/** Gives a variable its items. */
export type SetVariable = (env: Environment, items: readonly unknown[]) => void;

/** Names are unique along their scope, so that one frame or map serves the whole run and nothing need be put back. */
export function variableSetter({ slots }: Scope, name: string): SetVariable {
  const slot = slots?.get(name);
  if (slot === undefined) return (env, items) => (env.variables as Map<string, readonly unknown[]>).set(name, items);
  return ({ frame }, items) => {
    if (frame !== undefined) frame[slot] = items.length === 1 ? items[0] : items;
  };
}

/** Notes what the variables of a scope hold, and gives back what puts it back: a resource is rendered after its loop has gone on. */
export function variableKeeper(scope: Scope): ((env: Environment) => () => void) | undefined {
  const { locals } = scope;
  if (locals.length === 0) return undefined;
  const setters = locals.map((local) => variableSetter(scope, local));
  const slots = locals.map((local) => scope.slots?.get(local));
  return (env) => {
    const values = locals.map((local, at) => itemsHeld(env, local, slots[at]));
    return () => {
      for (let at = 0; at < values.length; at += 1) setters[at]?.(env, values[at] ?? NOTHING);
    };
  };
}

function itemsHeld(env: Environment, name: string, slot: number | undefined): readonly unknown[] | undefined {
  if (slot === undefined) return env.variables.get(name);
  const held = env.frame?.[slot];
  return held === undefined || Array.isArray(held) ? held : [held];
}

export interface CompiledLoop {
  readonly scope: Scope;
  items(root: unknown, env: Environment): readonly unknown[];
  each(root: unknown, env: Environment, run: () => void): void;
}

export function compileLoop(member: ForMember, outer: Scope): CompiledLoop {
  const expression = outer.compile(member.list);
  const list = guard(outer.parts.track, member.list.place, expression.find);
  const { index, item } = member;
  const scope = (index === undefined ? outer : outer.with(index, member.place)).with(
    item,
    member.place,
    expression.shape,
  );
  const setItem = variableSetter(scope, item);
  const setIndex = index === undefined ? undefined : variableSetter(scope, index);
  const itemsOf = (root: unknown, env: Environment): readonly unknown[] => {
    const found = list(root, env);
    return Array.isArray(found) ? found : found === undefined ? NOTHING : [found];
  };
  const enter = (env: Environment, items: readonly unknown[], at: number): void => {
    countSteps(env, 1);
    setIndex?.(env, [at]);
    setItem(env, [items[at]]);
  };
  return {
    scope,
    items: itemsOf,
    each(root, env, run) {
      const items = itemsOf(root, env);
      const loop = hostOf(env).trace?.beginLoop(items);
      for (let at = 0; at < items.length; at += 1) {
        enter(env, items, at);
        loop?.(at, index === undefined ? [item] : [item, index]);
        run();
      }
    },
  };
}

const NOTHING: readonly unknown[] = [];
