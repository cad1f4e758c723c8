import { isResourceType } from '../fhirpath/fhir-types.ts';
import { explainMember } from '../fhirpath/static-type.ts';
import { jsonNames } from './fhir-shape.ts';
import type { EntryLeaf, EntryNode, Removal } from './mapping-document.ts';
import type { SkeletonReader } from './read-skeleton.ts';
import { constantMember, isNeeded, type KeyMember, type Member, type ObjectNode, type Skeleton } from './skeleton.ts';
import type { Place } from './yaml-source.ts';

const ENTRY_KEYS = ['name', 'write', 'union', 'fill', 'remove', 'identifier', 'resource'] as const;
const WRITES = ['create', 'replace', 'merge'] as const;

/** Reads what stands in `entries`: maps that are entries, and directives around them. */
export function readEntries(node: Skeleton, reader: SkeletonReader): EntryNode[] {
  if (node.kind === 'list') return node.items.flatMap((item) => readEntries(item, reader));
  if (node.kind !== 'object') {
    reader.refuse(node.place, `An entry is a map of ${ENTRY_KEYS.join(', ')}.`);
    return [];
  }
  const entries = readMap(node, reader);
  return node.assigns.length === 0 ? entries : [{ kind: 'group', assigns: node.assigns, entries }];
}

function readMap(node: ObjectNode, reader: SkeletonReader): EntryNode[] {
  const keys = node.members.filter((member) => member.kind === 'key');
  if (keys.length > 0) {
    const other = node.members.find((member) => member.kind !== 'key');
    if (other !== undefined)
      reader.refuse(other.place, 'A directive stands around a whole entry or inside its resource.');
    const entry = readEntry(node, keys, reader);
    return entry === undefined ? [] : [entry];
  }
  return node.members.flatMap((member): EntryNode[] => {
    switch (member.kind) {
      case 'if': {
        const { condition, whenTrue, whenFalse } = member;
        const otherwise = whenFalse === undefined ? [] : readEntries(whenFalse, reader);
        return [{ kind: 'if', condition, whenTrue: readEntries(whenTrue, reader), whenFalse: otherwise }];
      }
      case 'for':
        return [{ kind: 'for', loop: member, body: readEntries(member.body, reader) }];
      default:
        reader.refuse(member.place, 'Entries cannot be merged; merge inside their resource.');
        return [];
    }
  });
}

function readEntry(node: ObjectNode, keys: readonly KeyMember[], reader: SkeletonReader): EntryLeaf | undefined {
  const { place } = node;
  const before = reader.issues.length;
  for (const { key, place: at } of keys) {
    if (key.kind !== 'constant' || !(ENTRY_KEYS as readonly string[]).includes(String(key.value))) {
      reader.refuse(at, `An entry has no such key; it has ${ENTRY_KEYS.join(', ')}.`);
    }
  }
  const member = (name: (typeof ENTRY_KEYS)[number]): Skeleton => {
    const value = constantMember(node, name);
    if (value === undefined) reader.refuse(place, `The entry has no ${name}.`);
    return value ?? { kind: 'constant', value: null, place };
  };
  const [name, identifier, resource] = [member('name'), member('identifier'), member('resource')];
  const write = readWrite(member('write'), reader);
  const union = readNames('union', constantMember(node, 'union'), write, reader);
  const type = constantType(resource);
  const fill = readNames('fill', constantMember(node, 'fill'), write, reader).flatMap((element) =>
    readElement(element, type, constantMember(node, 'fill')?.place ?? place, reader),
  );
  const both = fill.find((element) => union.includes(element));
  if (both !== undefined) reader.refuse(place, `${both} cannot be both joined (union) and filled.`);
  const remove = readRemovals(constantMember(node, 'remove'), type, write, reader);
  const [system, value] = readIdentifier(identifier, reader);
  for (const part of [name, system, value]) {
    if (isNeeded(part)) reader.refuse(part.place, 'An entry that a message may lack stands in {% if … %}.');
  }
  if (reader.issues.length > before) return undefined;
  const kept = remove.reduce(withoutRemoved, resource);
  return { kind: 'entry', name, write, union, fill, remove, system, value, resource: kept, place };
}

function readWrite(node: Skeleton, reader: SkeletonReader): EntryLeaf['write'] {
  const write = node.kind === 'constant' ? WRITES.find((one) => one === node.value) : undefined;
  if (write === undefined) reader.refuse(node.place, `How an entry is written is one of ${WRITES.join(', ')}.`);
  return write ?? 'create';
}

function readNames(
  key: 'union' | 'fill',
  node: Skeleton | undefined,
  write: EntryLeaf['write'],
  reader: SkeletonReader,
): string[] {
  if (node === undefined) return [];
  if (write !== 'merge') reader.refuse(node.place, `Only an entry that is merged has ${key}.`);
  const items = node.kind === 'list' ? node.items : [];
  const names = items.map((item) => (item.kind === 'constant' ? item.value : undefined));
  if (names.length === 0 || names.some((name) => typeof name !== 'string')) {
    reader.refuse(node.place, `${key} is a list of element names.`);
  }
  return names.map(String);
}

function readRemovals(
  node: Skeleton | undefined,
  type: string | undefined,
  write: EntryLeaf['write'],
  reader: SkeletonReader,
): Removal[] {
  if (node === undefined) return [];
  if (write !== 'merge') reader.refuse(node.place, 'Only an entry that is merged has remove.');
  if (node.kind !== 'object' || node.assigns.length > 0) {
    reader.refuse(node.place, 'remove is a map from an element to the expression that asks for its deletion.');
    return [];
  }
  return node.members.flatMap((member): Removal[] => {
    const { place } = member;
    if (member.kind !== 'key' || member.key.kind !== 'constant' || member.value.kind !== 'one') {
      reader.refuse(place, 'remove is a map from an element to the expression that asks for its deletion.');
      return [];
    }
    const elements = readElement(String(member.key.value), type, place, reader);
    return [{ elements, when: member.value.hole, place }];
  });
}

/** The names an element has in JSON: itself, or the spellings of a choice. */
function readElement(name: string, type: string | undefined, place: Place, reader: SkeletonReader): string[] {
  if (['resourceType', 'id', 'meta', 'identifier'].includes(name)) {
    reader.refuse(place, `The ${name} of a resource is not up to a message.`);
  }
  const names = type === undefined ? [name] : jsonNames(type, name);
  if (names === undefined) reader.refuse(place, explainMember(new Set([type ?? '']), name));
  return names ?? [];
}

function constantType(resource: Skeleton): string | undefined {
  const type = resource.kind === 'object' ? constantMember(resource, 'resourceType') : undefined;
  const name = type?.kind === 'constant' ? String(type.value) : '';
  return isResourceType(name) ? name : undefined;
}

/** The resource's skeleton, where the elements are not even rendered that are being deleted. */
function withoutRemoved(node: Skeleton, { elements, when }: Pick<Removal, 'elements' | 'when'>): Skeleton {
  const inside = (part: Skeleton) => withoutRemoved(part, { elements, when });
  if (node.kind === 'list') return { ...node, items: node.items.map(inside) };
  if (node.kind !== 'object') return node;
  const members = node.members.map((member): Member => {
    switch (member.kind) {
      case 'key':
        return member.key.kind === 'constant' && elements.includes(String(member.key.value).replace(/^_/, ''))
          ? { ...member, unless: when }
          : member;
      case 'if':
        return {
          ...member,
          whenTrue: inside(member.whenTrue),
          whenFalse: member.whenFalse === undefined ? undefined : inside(member.whenFalse),
        };
      case 'merge':
        return { ...member, value: inside(member.value) };
      default:
        return member;
    }
  });
  return { ...node, members };
}

function readIdentifier(node: Skeleton, reader: SkeletonReader): [Skeleton, Skeleton] {
  const none: Skeleton = { kind: 'constant', value: null, place: node.place };
  const system = node.kind === 'object' ? constantMember(node, 'system') : undefined;
  const value = node.kind === 'object' ? constantMember(node, 'value') : undefined;
  const alone = node.kind === 'object' && node.members.length === 2 && node.assigns.length === 0;
  if (system === undefined || value === undefined || !alone) {
    reader.refuse(node.place, 'The identifier of an entry is a map of system and value.');
  }
  return [system ?? none, value ?? none];
}
