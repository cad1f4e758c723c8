import type { Environment } from '../fhirpath/fhirpath.ts';
import { guard } from './guard.ts';
import { countSteps, hostOf } from './run-host.ts';
import type { Scope } from './scope.ts';
import type { ForMember } from './skeleton.ts';

/** Names are unique along their scope, so that one map serves the whole run and nothing need be put back. */
export function setVariable(env: Environment, name: string, items: readonly unknown[]): void {
  (env.variables as Map<string, readonly unknown[]>).set(name, items);
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
  const itemsOf = (root: unknown, env: Environment): readonly unknown[] => {
    const found = list(root, env);
    return Array.isArray(found) ? found : found === undefined ? NOTHING : [found];
  };
  const enter = (env: Environment, items: readonly unknown[], at: number): void => {
    countSteps(env, 1);
    if (index !== undefined) setVariable(env, index, [at]);
    setVariable(env, item, [items[at]]);
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
