import type { EntryNode, MappingDocument } from './mapping-document.ts';
import type { Hole, Member, Skeleton } from './skeleton.ts';
import type { Place } from './yaml-source.ts';

/** What a mapping does at one place: gives a value, asks a question, or goes through a list. */
export type MappingPart =
  | { readonly kind: 'leaf'; readonly place: Place; readonly source: string | undefined }
  | { readonly kind: 'condition' | 'loop'; readonly place: Place; readonly hole: Hole; readonly role: Role };

/** `refuse` and `accept` are asked of every message; `if` where its map is reached. */
type Role = 'accept' | 'refuse' | 'if' | 'for' | 'remove';

/** Every leaf, condition and loop of a mapping, in the order they are written. */
export function* partsOfMapping({ accept, refuse, assigns, content }: MappingDocument): Generator<MappingPart> {
  if (accept !== undefined) yield conditionPart(accept, 'accept');
  for (const { when } of refuse) yield conditionPart(when, 'refuse');
  for (const { value } of assigns) yield* partsOf(value);
  if (content.kind === 'body') yield* partsOf(content.body);
  else yield* partsOfEntries(content.entries);
}

function* partsOfEntries(nodes: readonly EntryNode[]): Generator<MappingPart> {
  for (const node of nodes) {
    switch (node.kind) {
      case 'entry':
        for (const part of [node.name, node.system, node.value, node.resource]) yield* partsOf(part);
        for (const { when } of node.remove) yield conditionPart(when, 'remove');
        break;
      case 'if':
        yield conditionPart(node.condition, 'if');
        yield* partsOfEntries([...node.whenTrue, ...node.whenFalse]);
        break;
      case 'for':
        yield loopPart(node.loop.list);
        yield* partsOfEntries(node.body);
        break;
      case 'group':
        for (const { value } of node.assigns) yield* partsOf(value);
        yield* partsOfEntries(node.entries);
    }
  }
}

function* partsOf(node: Skeleton): Generator<MappingPart> {
  switch (node.kind) {
    case 'constant':
      if (node.value !== null) yield { kind: 'leaf', place: node.place, source: undefined };
      return;
    case 'one':
    case 'many':
      yield { kind: 'leaf', place: node.hole.place, source: node.hole.source };
      return;
    case 'text':
      yield { kind: 'leaf', place: node.place, source: undefined };
      return;
    case 'list':
      for (const item of node.items) yield* partsOf(item);
      return;
    case 'object':
      for (const { value } of node.assigns) yield* partsOf(value);
      for (const member of node.members) yield* partsOfMember(member);
  }
}

function* partsOfMember(member: Member): Generator<MappingPart> {
  switch (member.kind) {
    case 'key':
      if (member.key.kind !== 'constant') yield* partsOf(member.key);
      yield* partsOf(member.value);
      return;
    case 'if':
      yield conditionPart(member.condition, 'if');
      yield* partsOf(member.whenTrue);
      if (member.whenFalse !== undefined) yield* partsOf(member.whenFalse);
      return;
    case 'for':
      yield loopPart(member.list);
      yield* partsOf(member.body);
      return;
    case 'merge':
      yield* partsOf(member.value);
  }
}

function conditionPart(hole: Hole, role: Role): MappingPart {
  return { kind: 'condition', place: hole.place, hole, role };
}

function loopPart(hole: Hole): MappingPart {
  return { kind: 'loop', place: hole.place, hole, role: 'for' };
}
