import type { Payload, TreePath } from '../formats/format.ts';
import { isJsonObject } from '../kernel/json.ts';

/**
 * A path of names as expressions spell it, `patient.address` or ``rows.`Last seen` ``; undefined where it is none.
 * What stands before and after a dot outside backticks is taken as it is, so that `referral.@version` needs none.
 */
export function readFieldPath(text: string): string[] | undefined {
  const names: string[] = [];
  const step = /(?:`([^`]+)`|([^.`\s][^.`]*))(\.|$)/y;
  for (;;) {
    const match = step.exec(text);
    const name = match?.[1] ?? match?.[2];
    if (match === null || name === undefined) return undefined;
    names.push(name.trim());
    if (match[3] === '') return names;
  }
}

/** The names on a path of a tree: without list positions, and with an HL7 v2 segment by its name. */
export function namesOnPath(path: TreePath, { format, tree }: Payload): string[] {
  const names = path.filter((step) => typeof step === 'string');
  if (format !== 'hl7v2' || path[0] !== 'segments' || typeof path[1] !== 'number') return names;
  const segments = isJsonObject(tree) ? tree.segments : undefined;
  const segment = Array.isArray(segments) ? segments[path[1]] : undefined;
  return isJsonObject(segment) ? [String(segment.name), ...names.slice(1)] : names;
}

/** The same of a routed resource or a Bundle of them: the type of the resource, then its elements. */
export function namesInResource(path: TreePath, { tree }: Payload): string[] {
  let resource: unknown = tree;
  let inside = path;
  let value: unknown = tree;
  for (const [index, step] of path.entries()) {
    value = (value as Record<string | number, unknown> | undefined)?.[step];
    if (step !== 'resource' || !isJsonObject(value)) continue;
    resource = value;
    inside = path.slice(index + 1);
  }
  const type = isJsonObject(resource) ? String(resource.resourceType) : '';
  return [type, ...inside.filter((step) => typeof step === 'string')];
}

export function startsWithPath(names: readonly string[], start: readonly string[]): boolean {
  return start.every((name, index) => names[index] === name);
}
