import { choiceKeys } from '../fhirpath/fhir-types.ts';
import type { CompiledExpression } from '../fhirpath/fhirpath.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import type { JsonValue } from '../kernel/json.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { CORE_BASE, lastStep, withoutVersion } from './canonical.ts';
import type { ValueSetCodes } from './definitions.ts';
import { type Discriminator, discriminatorOf } from './discriminator.ts';
import type { ProfileDefinition, ProfileElement } from './profile-definition.ts';

/** A profile, ready to be asked about resources. */
export interface CompiledProfile {
  readonly url: string;
  readonly name: string;
  readonly type: string;
  readonly root: ProfileNode;
  /** What it says and we cannot check, in words: value sets that cannot be listed, other discriminators. */
  readonly unchecked: readonly string[];
}

/** What a profile says about one element. `rule` is how an issue names it: the element's id without
 * the type, and with a dot before the name of a slice. */
export interface ProfileNode {
  readonly rule: string;
  /** What the profile calls it, for a person to read. */
  short: string | undefined;
  min: number;
  /** Infinity for `*`. */
  max: number;
  fixed: JsonValue | undefined;
  pattern: JsonValue | undefined;
  binding: { readonly url: string; readonly codes: ValueSetCodes } | undefined;
  /** Types that a reference may be to; undefined for any. */
  targets: ReadonlySet<string> | undefined;
  /** Types that a choice, or a resource in a resource, may have; undefined for any. */
  types: ReadonlySet<string> | undefined;
  /** Profiles of its type, one of which it keeps: those of extensions above all. */
  profiles: readonly string[];
  discriminators: readonly Discriminator[];
  /** No item may be outside of the slices. */
  closed: boolean;
  readonly invariants: ProfileInvariant[];
  /** By the name of the element; `value[x]` for a choice. */
  readonly children: Map<string, ProfileNode>;
  readonly slices: Map<string, ProfileNode>;
}

export interface ProfileInvariant {
  readonly key: string;
  readonly severity: 'error' | 'warning';
  readonly human: string;
  readonly expression: CompiledExpression;
  /** Whether it breaks where it has no answer, and not only where it is false. */
  readonly strict: boolean;
}

export interface ProfileParts {
  /** File name, for positions. */
  readonly file: string;
  /** Whether what cannot be checked is an error: of our own profiles, no rule is silently without effect. */
  readonly strict: boolean;
  valueSet(url: string): ValueSetCodes | undefined;
  /** The type that a profile is for; undefined for one that is not known. */
  typeOf(profile: string): string | undefined;
  compile(source: string): Result<CompiledExpression>;
}

/**
 * A profile as a tree of elements and slices: what its differential says, on top of what those of the profiles say that
 * it is based on (`chain`, the base first). What R4 itself says is checked before and not repeated.
 */
export function compileProfile(chain: readonly ProfileDefinition[], parts: ProfileParts): Result<CompiledProfile> {
  const definition = chain.at(-1);
  if (definition === undefined)
    return failure(issue('config-invalid', 'There is no profile.', { mapping: parts.file }));
  const issues: Issue[] = [];
  const unchecked: string[] = [];
  const report = (id: string, text: string): void => {
    if (parts.strict)
      issues.push(issue('config-invalid', `${definition.name}, ${id}: ${text}`, { mapping: parts.file }));
    else unchecked.push(`${id}: ${text}`);
  };
  const root = newNode('');
  for (const element of chain.flatMap((one) => one.differential.element)) {
    const [type, ...steps] = idOf(element).split('.');
    if (type !== definition.type) {
      report(idOf(element), `an element of a profile on ${definition.type} begins with that name.`);
      continue;
    }
    let node = root;
    for (const step of steps) node = childOf(node, step);
    fillNode(node, element, parts, (text) => report(idOf(element), text));
  }
  if (issues.length > 0) return failure(...issues);
  return success({ url: definition.url, name: definition.name, type: definition.type, root, unchecked });
}

/** Most publishers write ids; where there is none, the path and the name of the slice say the same. */
function idOf({ id, path = '', sliceName }: ProfileElement): string {
  return id ?? (sliceName === undefined ? path : `${path}:${sliceName}`);
}

function newNode(rule: string): ProfileNode {
  return {
    rule,
    short: undefined,
    min: 0,
    max: Number.POSITIVE_INFINITY,
    fixed: undefined,
    pattern: undefined,
    binding: undefined,
    targets: undefined,
    types: undefined,
    profiles: [],
    discriminators: [],
    closed: false,
    invariants: [],
    children: new Map(),
    slices: new Map(),
  };
}

/** `identifier` or, for a slice, `identifier:nhsNumber`. The slice of a choice by type is that type: `valueQuantity`. */
function childOf(parent: ProfileNode, step: string): ProfileNode {
  const [name = '', slice] = step.split(':');
  const prefix = parent.rule === '' ? '' : `${parent.rule}.`;
  const isTypeSlice = slice !== undefined && name.endsWith('[x]') && isOfChoice(slice, name);
  const own = isTypeSlice ? slice : name;
  const child = parent.children.get(own) ?? newNode(`${prefix}${own}`);
  parent.children.set(own, child);
  if (slice === undefined) narrowChoice(parent, name, prefix);
  if (slice === undefined || isTypeSlice) return child;
  const sliced = child.slices.get(slice) ?? newNode(`${prefix}${name}.${slice}`);
  child.slices.set(slice, sliced);
  return sliced;
}

/** `valueQuantity` alone, where nobody spoke of slices, says at once that `value[x]` is of no other type. */
function narrowChoice(parent: ProfileNode, name: string, prefix: string): void {
  for (let at = 1; at < name.length; at += 1) {
    const choice = `${name.slice(0, at)}[x]`;
    const found = /[A-Z]/.test(name.charAt(at))
      ? choiceKeys(name.slice(0, at))?.find(({ key }) => key === name)
      : undefined;
    if (found === undefined || parent.children.has(choice)) continue;
    const narrowed = newNode(`${prefix}${choice}`);
    narrowed.types = new Set([found.type]);
    parent.children.set(choice, narrowed);
  }
}

/** Whether a member is one of a choice: `valueQuantity` of `value[x]`. */
export function isOfChoice(member: string, choice: string): boolean {
  const base = choice.slice(0, -'[x]'.length);
  return member.length > base.length && member.startsWith(base) && /^[A-Z]/.test(member.slice(base.length));
}

function fillNode(
  node: ProfileNode,
  element: ProfileElement,
  parts: ProfileParts,
  report: (text: string) => void,
): void {
  node.short = element.short ?? node.short;
  node.min = element.min ?? node.min;
  if (element.max !== undefined) node.max = element.max === '*' ? Number.POSITIVE_INFINITY : Number(element.max);
  for (const [name, value] of Object.entries(element)) {
    if (/^fixed[A-Z]/.test(name)) node.fixed = value as JsonValue;
    if (/^pattern[A-Z]/.test(name)) node.pattern = value as JsonValue;
  }
  fillSlicing(node, element, report);
  fillTypes(node, element, parts);
  const url = element.binding?.strength === 'required' ? element.binding.valueSet : undefined;
  if (url !== undefined) {
    const codes = parts.valueSet(withoutVersion(url));
    if (codes === undefined) report(`the value set ${url} is not among those that can be listed.`);
    else node.binding = { url: withoutVersion(url), codes };
  }
  for (const { key, severity, human, expression: source } of element.constraint ?? []) {
    if (source === undefined || node.invariants.some((one) => one.key === key)) continue;
    const compiled = parts.compile(source);
    if (compiled.ok) node.invariants.push({ key, severity, human, expression: compiled.value, strict: parts.strict });
    else report(`the rule ${key} cannot be asked: ${compiled.issues.map(({ text }) => text).join(' ')}`);
  }
}

function fillSlicing(node: ProfileNode, { slicing }: ProfileElement, report: (text: string) => void): void {
  if (slicing === undefined) return;
  const found: Discriminator[] = [];
  for (const { type, path } of slicing.discriminator ?? []) {
    const discriminator = discriminatorOf(type, path);
    if (discriminator === undefined)
      report(`a discriminator by ${type} at ${path} is not supported; use value or pattern.`);
    else found.push(discriminator);
  }
  // One that is not understood could put an item into the wrong slice, so that none of its slices is asked.
  if (found.length === (slicing.discriminator?.length ?? 0)) node.discriminators = found;
  if (slicing.rules === 'closed') node.closed = true;
}

function fillTypes(node: ProfileNode, { type: types }: ProfileElement, { typeOf }: ProfileParts): void {
  if (types === undefined) return;
  node.types = new Set(types.map(({ code }) => code));
  node.profiles = types.flatMap(({ profile }) => profile ?? []).map(withoutVersion);
  const targets = types.flatMap(({ targetProfile }) => targetProfile ?? []).map(withoutVersion);
  const names = targets.map((url) => (url.startsWith(CORE_BASE) ? lastStep(url) : typeOf(url)));
  const isOpen = names.includes(undefined) || names.includes('Resource');
  node.targets = targets.length === 0 || isOpen ? undefined : new Set(names.flatMap((name) => name ?? []));
}
