import { type Issue, issue } from '../kernel/errors.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { CORE_BASE, withoutVersion } from './canonical.ts';
import { isOfChoice } from './compile-profile.ts';
import type { ProfileDefinition, ProfileElement } from './profile-definition.ts';

/** A StructureDefinition with a snapshot by its canonical: of R4, or one that was made before. */
export type ResolveSnapshot = (canonical: string) => readonly ProfileElement[] | undefined;

/** An element with its children, in their order, and its slices. Children are made when something is said of them. */
interface SnapshotNode {
  /** `identifier`; `value[x]` for a choice. */
  readonly name: string;
  readonly slice: string | undefined;
  element: ProfileElement;
  /** Undefined until it is known what they are. */
  children: SnapshotNode[] | undefined;
  readonly slices: SnapshotNode[];
}

/**
 * The snapshot of a profile: all elements of what it is based on, changed by what its differential says
 * (https://hl7.org/fhir/R4/profiling.html#snapshot). Children of data types, of profiles of these and of content
 * references stand there where the differential speaks of them. An element that cannot be found is an issue.
 */
export function generateSnapshot(definition: ProfileDefinition, resolve: ResolveSnapshot): Result<ProfileElement[]> {
  const base = resolve(withoutVersion(definition.baseDefinition ?? ''));
  if (base === undefined || base[0] === undefined) {
    return failure(
      issue('profile-violation', `${definition.name}: its base is not there: ${definition.baseDefinition}.`),
    );
  }
  const issues: Issue[] = [];
  const root = readTree(base, '');
  for (const element of definition.differential.element) {
    const id = element.id ?? (element.sliceName === undefined ? element.path : `${element.path}:${element.sliceName}`);
    const [, ...steps] = (id ?? '').split('.');
    let node: SnapshotNode | undefined = root;
    for (const step of steps) node = node === undefined ? undefined : findChild(node, step, root, resolve);
    if (node === undefined) issues.push(issue('profile-violation', `${definition.name}: there is no element ${id}.`));
    else node.element = applyDifferential(node.element, element);
  }
  if (issues.length > 0) return failure(...issues);
  const written: ProfileElement[] = [];
  writeTree(root, definition.type, definition.type, written);
  return success(written);
}

/** A snapshot's list as a tree; `root` is the id of the element that becomes its root, '' for the first. */
function readTree(elements: readonly ProfileElement[], root: string): SnapshotNode {
  const byId = new Map<string, SnapshotNode>();
  let top: SnapshotNode | undefined;
  for (const element of elements) {
    const id = element.id ?? element.path ?? '';
    if (root !== '' && id !== root && !id.startsWith(`${root}.`)) continue;
    const last = id.slice(id.lastIndexOf('.') + 1);
    const [name = '', slice] = last.split(':');
    const node: SnapshotNode = { name, slice, element, children: undefined, slices: [] };
    byId.set(id, node);
    if (top === undefined) {
      top = node;
      continue;
    }
    const parent = byId.get(id.slice(0, id.lastIndexOf('.')));
    const unsliced = slice === undefined ? undefined : byId.get(id.slice(0, -(slice.length + 1)));
    if (unsliced !== undefined) unsliced.slices.push(node);
    else if (parent !== undefined) parent.children = [...(parent.children ?? []), node];
  }
  return top ?? { name: '', slice: undefined, element: {}, children: undefined, slices: [] };
}

function copyTree(node: SnapshotNode, slice: string | undefined): SnapshotNode {
  return {
    name: node.name,
    slice,
    element: node.element,
    children: node.children?.map((child) => copyTree(child, child.slice)),
    slices: node.slices.map((one) => copyTree(one, one.slice)),
  };
}

/** The node of a step such as `identifier:nhsNumber`; a slice that is new is made from what it is a slice of. */
function findChild(
  parent: SnapshotNode,
  step: string,
  root: SnapshotNode,
  resolve: ResolveSnapshot,
): SnapshotNode | undefined {
  const [name = '', slice] = step.split(':');
  parent.children ??= childrenOf(parent.element, root, resolve);
  const child = parent.children.find((one) => one.name === name);
  if (child !== undefined) return slice === undefined ? child : findSlice(child, slice);
  // `valueQuantity` is short for the slice of that type of `value[x]`.
  const choice = parent.children.find((one) => one.name.endsWith('[x]') && isOfChoice(name, one.name));
  if (choice === undefined) return undefined;
  const isSliced = choice.element.slicing !== undefined;
  const found = findSlice(choice, name);
  // Where nobody spoke of slices, it says at once that no other type may stand there.
  if (!isSliced && found.element.type?.length === 1) choice.element = { ...choice.element, type: found.element.type };
  return found;
}

function findSlice(child: SnapshotNode, slice: string): SnapshotNode {
  const known = child.slices.find((one) => one.slice === slice);
  if (known !== undefined) return known;
  // A slice of a slice is made from that one.
  const around = slice.includes('/')
    ? child.slices.find((one) => one.slice === slice.slice(0, slice.lastIndexOf('/')))
    : undefined;
  const made = copyTree({ ...(around ?? child), slices: [] }, slice);
  const { slicing: _slicing, ...element } = made.element as ProfileElement & { mustSupport?: boolean };
  const type = element.type?.find(
    ({ code }) => slice === `${child.name.slice(0, -3)}${code.charAt(0).toUpperCase()}${code.slice(1)}`,
  );
  made.element = {
    ...element,
    sliceName: slice,
    min: 0,
    ...(child.name.endsWith('[x]') && type !== undefined ? { type: [type] } : {}),
  };
  const slicing = usualSlicing(child.name);
  if (slicing !== undefined && child.element.slicing === undefined) child.element = { ...child.element, slicing };
  child.slices.push(made);
  return made;
}

/** How elements are sliced whose slicing need not be said: extensions by url, choices by type. */
function usualSlicing(name: string): ProfileElement['slicing'] {
  const isExtension = name === 'extension' || name === 'modifierExtension';
  if (isExtension) return { discriminator: [{ type: 'value', path: 'url' }], rules: 'open' };
  return name.endsWith('[x]') ? { discriminator: [{ type: 'type', path: '$this' }], rules: 'open' } : undefined;
}

/** The elements below one that is not opened yet: those of its content reference, of its profile or of its type. */
function childrenOf(element: ProfileElement, root: SnapshotNode, resolve: ResolveSnapshot): SnapshotNode[] {
  if (element.contentReference !== undefined) {
    const path = element.contentReference.slice(element.contentReference.indexOf('#') + 1);
    let node: SnapshotNode | undefined = root;
    for (const step of path.split('.').slice(1)) node = node?.children?.find((one) => one.name === step);
    return (node?.children ?? []).map((child) => copyTree(child, child.slice));
  }
  const types = element.type ?? [];
  const [type] = types;
  if (type === undefined || types.length > 1) return [];
  const profile = type.profile?.length === 1 ? type.profile[0] : undefined;
  const found =
    (profile === undefined ? undefined : resolve(withoutVersion(profile))) ?? resolve(`${CORE_BASE}${type.code}`);
  return found === undefined ? [] : (readTree(found, '').children ?? []);
}

/** Parts of an element that a differential adds to; all others it replaces. */
const ADDED = new Set(['condition', 'alias', 'mapping', 'example', 'extension']);

function applyDifferential(element: ProfileElement, said: ProfileElement): ProfileElement {
  const result: Record<string, unknown> = { ...element };
  for (const [name, value] of Object.entries(said)) {
    if (name === 'id' || name === 'path' || name === 'base' || name === 'constraint') continue;
    const before = result[name];
    result[name] = ADDED.has(name) && Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }
  if (said.constraint !== undefined) {
    const keys = new Set(said.constraint.map(({ key }) => key));
    result.constraint = [...(element.constraint ?? []).filter(({ key }) => !keys.has(key)), ...said.constraint];
  }
  return result as ProfileElement;
}

function writeTree(node: SnapshotNode, id: string, path: string, into: ProfileElement[]): void {
  const { id: _id, path: _path, base, ...rest } = node.element;
  into.push({ id, path, ...rest, base: base ?? { path, min: rest.min ?? 0, max: rest.max ?? '*' } });
  for (const child of node.children ?? []) writeTree(child, `${id}.${child.name}`, `${path}.${child.name}`, into);
  for (const slice of node.slices) writeTree(slice, `${id}:${slice.slice}`, path, into);
}
