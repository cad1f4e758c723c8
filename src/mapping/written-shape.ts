import { constantMember, type Member, type ObjectNode, type Skeleton } from './skeleton.ts';
import type { Place } from './yaml-source.ts';

/** What a skeleton may write at one element of a result, all its branches taken together. */
export interface Written {
  readonly place: Place;
  /** An expression or a computed key may write anything here. */
  open: boolean;
  readonly values: WrittenValue[];
  readonly members: Map<string, Written>;
  /** Whole resources, each by itself: those of a Bundle, or of the branches of a directive, are not to be mixed. */
  readonly resources: Written[];
}

/** A value that is known before any message has come: a constant, or a target of a code map. */
export type WrittenValue =
  | { readonly kind: 'constant'; readonly value: string | number | boolean; readonly place: Place }
  | { readonly kind: 'codes'; readonly map: string; readonly as: CodesAs; readonly place: Place };

type CodesAs = 'code' | 'Coding' | 'CodeableConcept';

/** The resources that a skeleton may write; the one that it is, where it is put together of parts. */
export function resourcesOf(node: Skeleton): readonly Written[] {
  const written = newWritten(node.place);
  gather(node, written);
  return written.resources.length > 0 ? written.resources : [written];
}

/** Whether any branch may write something here. */
export function canWrite({ open, values, members, resources }: Written): boolean {
  return open || values.length + resources.length > 0 || [...members.values()].some(canWrite);
}

function newWritten(place: Place): Written {
  return { place, open: false, values: [], members: new Map(), resources: [] };
}

function gather(node: Skeleton, into: Written): void {
  switch (node.kind) {
    case 'constant':
      if (node.value !== null) into.values.push({ kind: 'constant', value: node.value, place: node.place });
      return;
    case 'text':
      into.open = true;
      return;
    case 'one':
    case 'many':
      gatherExpression(node.hole.source, node.hole.place, into);
      return;
    case 'list':
      for (const item of node.items) gather(item, into);
      return;
    case 'object': {
      const isResource = constantMember(node, 'resourceType')?.kind === 'constant';
      if (!isResource) gatherMembers(node, into);
      else {
        const resource = newWritten(node.place);
        gatherMembers(node, resource);
        into.resources.push(resource);
      }
    }
  }
}

function gatherMembers(node: ObjectNode, into: Written): void {
  for (const member of node.members) gatherMember(member, into);
}

/** An expression that ends in a code map can give nothing but what the map has. */
function gatherExpression(source: string, place: Place, into: Written): void {
  const match = /\.(translate|translateConcept)\(\s*'([^']*)'\s*,\s*'(?:error|default)'\s*\)(\.code)?$/.exec(source);
  const [, name, map, code] = match ?? [];
  if (map === undefined || /[|&+]|iif\(/.test(source.slice(0, match?.index))) {
    into.open = true;
    return;
  }
  if (name === 'translateConcept' && code !== undefined) into.open = true;
  else into.values.push({ kind: 'codes', map, as: asOf(name, code), place });
}

function asOf(name: string | undefined, code: string | undefined): CodesAs {
  if (name === 'translateConcept') return 'CodeableConcept';
  return code === undefined ? 'Coding' : 'code';
}

function gatherMember(member: Member, into: Written): void {
  switch (member.kind) {
    case 'key': {
      if (member.key.kind !== 'constant') {
        into.open = true;
        return;
      }
      const name = String(member.key.value);
      const child = into.members.get(name) ?? newWritten(member.place);
      into.members.set(name, child);
      gather(member.value, child);
      return;
    }
    case 'if':
      gather(member.whenTrue, into);
      if (member.whenFalse !== undefined) gather(member.whenFalse, into);
      return;
    case 'for':
      gather(member.body, into);
      return;
    case 'merge':
      gatherParts(member.value, into);
  }
}

/** Parts of one object, of which one may say what type it is. */
function gatherParts(node: Skeleton, into: Written): void {
  if (node.kind === 'list') for (const item of node.items) gatherParts(item, into);
  else if (node.kind === 'object') gatherMembers(node, into);
  else gather(node, into);
}
