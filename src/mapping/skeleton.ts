import type { Place } from './yaml-source.ts';

/**
 * The skeleton of a result as it was read: constants, and holes with FHIRPath in them. FPML's spelling
 * (https://github.com/beda-software/FHIRPathMappingLanguage).
 */
export type Skeleton = ConstantNode | TextNode | OneNode | ManyNode | ListNode | ObjectNode;

/** An expression between `{{` and `}}`, `{[` and `]}` or in a directive. */
export interface Hole {
  readonly source: string;
  readonly place: Place;
  /** `{{! … }}`: where it finds nothing, the map it stands in is dropped, whatever else that has. */
  readonly needed?: boolean | undefined;
}

export interface ConstantNode {
  readonly kind: 'constant';
  readonly value: string | number | boolean | null;
  readonly place: Place;
}

/** Text with holes: `Patient/{{ id }}`. */
export interface TextNode {
  readonly kind: 'text';
  readonly parts: readonly (string | Hole)[];
  readonly place: Place;
}

/** `"{{ expr }}"`: the one value. */
export interface OneNode {
  readonly kind: 'one';
  readonly hole: Hole;
  readonly place: Place;
}

/** `"{[ expr ]}"`: all values, as a list. */
export interface ManyNode {
  readonly kind: 'many';
  readonly hole: Hole;
  readonly place: Place;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Skeleton[];
  readonly place: Place;
}

export interface ObjectNode {
  readonly kind: 'object';
  /** `{% assign %}`: named values, in order, that this object and what is in it may use. */
  readonly assigns: readonly Assign[];
  readonly members: readonly Member[];
  readonly place: Place;
}

export interface Assign {
  readonly name: string;
  readonly value: Skeleton;
  readonly place: Place;
}

export type Member = KeyMember | IfMember | ForMember | MergeMember;

export interface KeyMember {
  readonly kind: 'key';
  /** A constant, or text with holes. */
  readonly key: ConstantNode | TextNode | OneNode;
  readonly value: Skeleton;
  readonly place: Place;
  /** Not written where this finds true or HL7's `""`: the element is being deleted. */
  readonly unless?: Hole | undefined;
}

/** `{% if condition %}` and the `{% else %}` that follows it. */
export interface IfMember {
  readonly kind: 'if';
  readonly condition: Hole;
  readonly whenTrue: Skeleton;
  readonly whenFalse: Skeleton | undefined;
  readonly place: Place;
}

/** `{% for item in list %}`, `{% for index, item in list %}`. */
export interface ForMember {
  readonly kind: 'for';
  readonly index: string | undefined;
  readonly item: string;
  readonly list: Hole;
  readonly body: Skeleton;
  readonly place: Place;
}

/** `{% merge %}`: objects whose members become members of this one. */
export interface MergeMember {
  readonly kind: 'merge';
  readonly value: Skeleton;
  readonly place: Place;
}

/** The key of an object whose member has a constant name; undefined where it has none. */
export function constantMember(node: ObjectNode, name: string): Skeleton | undefined {
  for (const member of node.members) {
    if (member.kind === 'key' && member.key.kind === 'constant' && member.key.value === name) return member.value;
  }
  return undefined;
}

/** Whether the map that a value stands in is dropped with it: the value, or an item of it, is a needed hole. */
export function isNeeded(node: Skeleton): boolean {
  switch (node.kind) {
    case 'one':
    case 'many':
      return node.hole.needed === true;
    case 'text':
      return node.parts.some((part) => typeof part !== 'string' && part.needed === true);
    case 'list':
      return node.items.some(isNeeded);
    default:
      return false;
  }
}

/** Every hole of a skeleton, in the order they are written. */
export function* holesOf(node: Skeleton): Generator<Hole> {
  switch (node.kind) {
    case 'constant':
      return;
    case 'text':
      for (const part of node.parts) if (typeof part !== 'string') yield part;
      return;
    case 'one':
    case 'many':
      yield node.hole;
      return;
    case 'list':
      for (const item of node.items) yield* holesOf(item);
      return;
    case 'object':
      for (const assign of node.assigns) yield* holesOf(assign.value);
      for (const member of node.members) yield* holesOfMember(member);
  }
}

function* holesOfMember(member: Member): Generator<Hole> {
  switch (member.kind) {
    case 'key':
      yield* holesOf(member.key);
      yield* holesOf(member.value);
      return;
    case 'if':
      yield member.condition;
      yield* holesOf(member.whenTrue);
      if (member.whenFalse !== undefined) yield* holesOf(member.whenFalse);
      return;
    case 'for':
      yield member.list;
      yield* holesOf(member.body);
      return;
    case 'merge':
      yield* holesOf(member.value);
  }
}
