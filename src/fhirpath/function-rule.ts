import { type CallNode, type Node, partsOf } from './ast.ts';
import { countOf, type Items } from './items.ts';
import type { Reading } from './navigate.ts';
import { type Closure, type Scope, spend } from './scope.ts';

/** One function of the standard. */
export interface FunctionRule {
  readonly minArguments: number;
  readonly maxArguments: number;
  readonly compile: (call: Call) => Closure;
}

/** A call as a function's `compile` sees it. */
export interface Call {
  readonly node: CallNode;
  readonly reading: Reading;
  /** The collection the function is called on; `$this` for a bare call. */
  readonly input: Closure;
  readonly args: readonly Closure[];
  /** The arguments' syntax, for functions that look at it: literals, types, `sort(-name)`. */
  readonly nodes: readonly Node[];
  /** Notes a problem at load. */
  readonly refuse: (text: string, at: number) => void;
  readonly compile: (node: Node) => Closure;
}

export type FunctionTable = Readonly<Record<string, FunctionRule>>;

/** A function of its input alone. */
export function plain(apply: (input: Items, scope: Scope) => Items): FunctionRule {
  return {
    minArguments: 0,
    maxArguments: 0,
    compile:
      ({ input }) =>
      (focus, scope) => {
        const items = input(focus, scope);
        spend(scope, 1 + countOf(items));
        return apply(items, scope);
      },
  };
}

/** A function of its input and evaluated arguments, which see the same `$this` as the call. */
export function withArguments(
  minArguments: number,
  maxArguments: number,
  apply: (input: Items, args: readonly Items[], scope: Scope) => Items,
): FunctionRule {
  return {
    minArguments,
    maxArguments,
    compile: ({ input, args }) => {
      const [first] = args;
      if (args.length === 1 && first !== undefined) {
        return (focus, scope) => {
          const items = input(focus, scope);
          spend(scope, 1 + countOf(items));
          return apply(items, [first(focus, scope)], scope);
        };
      }
      return (focus, scope) => {
        const items = input(focus, scope);
        spend(scope, 1 + countOf(items));
        return apply(
          items,
          args.map((argument) => argument(focus, scope)),
          scope,
        );
      };
    },
  };
}

/** A function that does more than look at evaluated arguments. */
export function perItem(
  minArguments: number,
  maxArguments: number,
  compile: (input: Closure, args: readonly Closure[], call: Call) => Closure,
): FunctionRule {
  return { minArguments, maxArguments, compile: (call) => compile(call.input, call.args, call) };
}

/** Calls `visit` for each item with the result of the argument, until it returns false; sets `$index`. */
type Loop = (items: Items, scope: Scope, visit: (result: Items, item: unknown) => boolean) => void;

/** A loop over items with one argument evaluated for each; a scope of its own is made only where `$index` is used. */
export function loopOver(argument: Closure, node: Node): Loop {
  const indexed = mentionsIndex(node);
  return (items, scope, visit) => {
    if (items === undefined) return;
    const inner = indexed ? { ...scope } : scope;
    const list = Array.isArray(items) ? items : [items];
    spend(scope, 1 + list.length);
    for (let index = 0; index < list.length; index += 1) {
      if (indexed) inner.index = index;
      if (!visit(argument(list[index], inner), list[index])) return;
    }
  };
}

/** True where the node or a part of it is `$index`. */
function mentionsIndex(node: Node): boolean {
  return node.kind === 'index' || partsOf(node).some(mentionsIndex);
}
