import type { CompiledExpression } from '../fhirpath/fhirpath.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import type { JsonValue } from '../kernel/json.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { ValueSetCodes } from './definitions.ts';

/** A profile, ready to be asked about resources. */
export interface CompiledProfile {
  readonly url: string;
  readonly name: string;
  readonly type: string;
  readonly root: ProfileNode;
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
  targets: ReadonlySet<string> | undefined;
  discriminators: readonly string[];
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
}

/** The parts of a profile's StructureDefinition that are compiled. */
export interface ProfileDefinition {
  readonly url: string;
  readonly name: string;
  readonly type: string;
  readonly differential: { readonly element: readonly ProfileElement[] };
}

interface ProfileElement {
  readonly id: string;
  readonly short?: string;
  readonly min?: number;
  readonly max?: string;
  readonly slicing?: { readonly discriminator?: readonly { readonly type: string; readonly path: string }[] };
  readonly type?: readonly { readonly code: string; readonly targetProfile?: readonly string[] }[];
  readonly binding?: { readonly strength: string; readonly valueSet?: string };
  readonly constraint?: readonly {
    readonly key: string;
    readonly severity: 'error' | 'warning';
    readonly human: string;
    readonly expression: string;
  }[];
}

export interface ProfileParts {
  /** File name, for positions. */
  readonly file: string;
  valueSet(url: string): ValueSetCodes | undefined;
  compile(source: string): Result<CompiledExpression>;
}

/**
 * A differential as a tree of elements and slices. What it uses and this cannot check (another discriminator, a value
 * set that is not there, a broken invariant) is an error, so that no rule is silently without effect.
 */
export function compileProfile(definition: ProfileDefinition, parts: ProfileParts): Result<CompiledProfile> {
  const issues: Issue[] = [];
  const report = (id: string, text: string): void => {
    issues.push(issue('config-invalid', `${definition.name}, ${id}: ${text}`, { mapping: parts.file }));
  };
  const root = newNode('');
  for (const element of definition.differential.element) {
    const [type, ...steps] = element.id.split('.');
    if (type !== definition.type) {
      report(element.id, `an element of a profile on ${definition.type} begins with that name.`);
      continue;
    }
    let node = root;
    for (const step of steps) node = childOf(node, step);
    fillNode(node, element, parts, report);
    for (const one of element.constraint ?? []) {
      const compiled = parts.compile(one.expression);
      if (compiled.ok) {
        const { key, severity, human } = one;
        node.invariants.push({ key, severity, human, expression: compiled.value });
      } else issues.push(...compiled.issues);
    }
  }
  return issues.length > 0
    ? failure(...issues)
    : success({ url: definition.url, name: definition.name, type: definition.type, root });
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
    discriminators: [],
    invariants: [],
    children: new Map(),
    slices: new Map(),
  };
}

/** `identifier` or, for a slice, `identifier:nhsNumber`. */
function childOf(parent: ProfileNode, step: string): ProfileNode {
  const [name = '', slice] = step.split(':');
  const prefix = parent.rule === '' ? '' : `${parent.rule}.`;
  const child = parent.children.get(name) ?? newNode(`${prefix}${name}`);
  parent.children.set(name, child);
  if (slice === undefined) return child;
  const sliced = child.slices.get(slice) ?? newNode(`${prefix}${name}.${slice}`);
  child.slices.set(slice, sliced);
  return sliced;
}

function fillNode(
  node: ProfileNode,
  element: ProfileElement,
  parts: ProfileParts,
  report: (id: string, text: string) => void,
): void {
  node.short = element.short;
  node.min = element.min ?? 0;
  node.max = element.max === undefined || element.max === '*' ? Number.POSITIVE_INFINITY : Number(element.max);
  for (const [name, value] of Object.entries(element)) {
    if (/^fixed[A-Z]/.test(name)) node.fixed = value as JsonValue;
    if (/^pattern[A-Z]/.test(name)) node.pattern = value as JsonValue;
  }
  for (const discriminator of element.slicing?.discriminator ?? []) {
    if (discriminator.type === 'value' || discriminator.type === 'pattern') {
      node.discriminators = [...node.discriminators, discriminator.path];
    } else report(element.id, `a discriminator by ${discriminator.type} is not supported; use value or pattern.`);
  }
  const targets = element.type?.flatMap((type) => type.targetProfile ?? []) ?? [];
  if (targets.length > 0) node.targets = new Set(targets.map((url) => url.slice(url.lastIndexOf('/') + 1)));
  const url = element.binding?.strength === 'required' ? element.binding.valueSet : undefined;
  if (url !== undefined) {
    const codes = parts.valueSet(url);
    if (codes === undefined) report(element.id, `the value set ${url} is not among ours.`);
    else node.binding = { url, codes };
  }
}
