import { FORMATS } from '../formats/formats.ts';
import { wordJsonPath } from '../formats/positions.ts';
import { hasErrors, type Issue } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { readRouted } from './cases.ts';
import type { Mapping, MappingContext } from './mapping.ts';

/** How one element of a result differs between two versions of a mapping. */
export interface Change {
  /** `ServiceRequest.priority`; `Condition(2).code.text` where a message has several of the type. */
  readonly element: string;
  readonly how: 'added' | 'removed' | 'changed';
  /** Values of a message: not to be printed unless they are asked for. */
  readonly before: unknown;
  readonly after: unknown;
}

/** What becomes of one message under two versions. */
export interface Comparison {
  readonly changes: readonly Change[];
  /** Codes of the errors that refuse it; empty where it is accepted. */
  readonly refusedBefore: readonly string[];
  readonly refusedAfter: readonly string[];
}

export function isSame({ changes, refusedBefore, refusedAfter }: Comparison): boolean {
  return changes.length === 0 && refusedBefore.join() === refusedAfter.join();
}

/** Runs the same message under two versions of a mapping and compares what it becomes, element by element. */
export function compareVersions(
  before: Mapping,
  after: Mapping,
  bytes: Uint8Array,
  context: MappingContext,
): Comparison {
  const [old, now] = [elementsOf(before, bytes, context), elementsOf(after, bytes, context)];
  const refused = (result: Result<unknown>) => (result.ok ? [] : codesOf(result.issues));
  const changes = old.ok && now.ok ? changesOf(old.value, now.value) : [];
  return { changes, refusedBefore: refused(old), refusedAfter: refused(now) };
}

function codesOf(issues: readonly Issue[]): string[] {
  return [...new Set(issues.filter(({ severity }) => severity === 'error').map(({ code }) => code))].sort();
}

/** Values by the path of their element. */
type Elements = Map<string, { readonly element: string; readonly value: unknown }>;

function elementsOf(mapping: Mapping, bytes: Uint8Array, context: MappingContext): Result<Elements> {
  const [format, options] =
    mapping.direction === 'in' ? [mapping.input.format, mapping.input.options] : (['fhir', {}] as const);
  const parsed = FORMATS[format].parse(bytes, options);
  if (!parsed.ok) return parsed;
  const elements: Elements = new Map();
  if (mapping.direction === 'out') {
    const { focus, resources } = readRouted(parsed.value.tree);
    const result = mapping.run(focus, resources, context);
    if (!result.ok) return result;
    addElements(result.value.tree, '', (path) => wordJsonPath(path), elements);
    return success(elements);
  }
  const breaches = mapping.check(parsed.value);
  if (hasErrors(breaches)) return failure(...breaches);
  const result = mapping.run(parsed.value, context);
  if (!result.ok) return result;
  const types = result.value.map(({ resource }) => resource.resourceType);
  for (const [index, { name, resource, write, union, fill, remove }] of result.value.entries()) {
    const type = resource.resourceType;
    // The name of an entry may hold a number from the message, so that it serves to compare and is not shown.
    const number = types.slice(0, index + 1).filter((one) => one === type).length;
    const shown = types.filter((one) => one === type).length > 1 ? `${type}(${number})` : type;
    elements.set(`${name} write`, {
      element: `${shown}, how it is written`,
      value: JSON.stringify([write, union, fill, remove]),
    });
    addElements(resource, name, (path) => `${shown}${wordJsonPath(path).slice(1)}`, elements);
  }
  return success(elements);
}

function addElements(
  root: unknown,
  owner: string,
  word: (path: readonly (string | number)[]) => string,
  elements: Elements,
): void {
  const walk = (value: unknown, path: readonly (string | number)[]): void => {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, [...path, index]);
    else if (isJsonObject(value)) for (const [name, member] of Object.entries(value)) walk(member, [...path, name]);
    else elements.set(`${owner} ${JSON.stringify(path)}`, { element: word(path), value });
  };
  walk(root, []);
}

function changesOf(before: Elements, after: Elements): Change[] {
  const changes: Change[] = [];
  for (const [key, { element, value }] of before) {
    const now = after.get(key);
    if (now === undefined) changes.push({ element, how: 'removed', before: value, after: undefined });
    else if (now.value !== value)
      changes.push({ element: now.element, how: 'changed', before: value, after: now.value });
  }
  for (const [key, { element, value }] of after) {
    if (!before.has(key)) changes.push({ element, how: 'added', before: undefined, after: value });
  }
  return changes;
}
