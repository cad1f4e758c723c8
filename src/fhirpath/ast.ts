import type { Decimal } from './decimal.ts';
import type { Quantity } from './quantity.ts';
import type { Temporal } from './temporal.ts';

/** The syntax tree of an expression. `at` is the 0-based offset of the token that names the node. */
export type Node =
  | LiteralNode
  | { readonly kind: 'empty'; readonly at: number }
  | { readonly kind: 'this' | 'index' | 'total'; readonly at: number }
  | { readonly kind: 'variable'; readonly name: string; readonly at: number }
  | MemberNode
  | CallNode
  | { readonly kind: 'item'; readonly from: Node; readonly index: Node; readonly at: number }
  | { readonly kind: 'sign'; readonly operator: '+' | '-'; readonly operand: Node; readonly at: number }
  | BinaryNode
  | TypeNode;

interface LiteralNode {
  readonly kind: 'literal';
  readonly value: string | number | boolean | Decimal | Temporal | Quantity;
  readonly at: number;
}

/** `from.name`, or a bare `name` that starts a path. */
export interface MemberNode {
  readonly kind: 'member';
  readonly from: Node | undefined;
  readonly name: string;
  readonly at: number;
}

export interface CallNode {
  readonly kind: 'call';
  readonly from: Node | undefined;
  readonly name: string;
  readonly args: readonly Node[];
  readonly at: number;
}

export interface BinaryNode {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Node;
  readonly right: Node;
  readonly at: number;
}

/** `operand is Type`, `operand as Type`. */
interface TypeNode {
  readonly kind: 'type';
  readonly operator: 'is' | 'as';
  readonly operand: Node;
  readonly type: TypeName;
  readonly at: number;
}

/** `Quantity`, `FHIR.Quantity`, `System.String`. */
export interface TypeName {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly at: number;
}

export type BinaryOperator =
  | '*'
  | '/'
  | 'div'
  | 'mod'
  | '+'
  | '-'
  | '&'
  | '|'
  | '<='
  | '<'
  | '>'
  | '>='
  | '='
  | '~'
  | '!='
  | '!~'
  | 'in'
  | 'contains'
  | 'and'
  | 'or'
  | 'xor'
  | 'implies';

/** The nodes directly below a node. */
export function partsOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'member':
      return node.from === undefined ? [] : [node.from];
    case 'call':
      return node.from === undefined ? node.args : [node.from, ...node.args];
    case 'item':
      return [node.from, node.index];
    case 'sign':
    case 'type':
      return [node.operand];
    case 'binary':
      return [node.left, node.right];
    default:
      return [];
  }
}
