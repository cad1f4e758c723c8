import type { Format, FormatOptions, Payload } from '../../src/formats/format.ts';
import type { Issue } from '../../src/kernel/errors.ts';

/** Short forms for the tests of this folder. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function parseOk(format: Format, input: string | Uint8Array, options?: FormatOptions): Payload {
  const parsed = format.parse(typeof input === 'string' ? bytesOf(input) : input, options);
  if (!parsed.ok) throw new Error(`refused: ${JSON.stringify(parsed.issues)}`);
  return parsed.value;
}

export function parseIssue(format: Format, input: string | Uint8Array, options?: FormatOptions): Issue {
  const parsed = format.parse(typeof input === 'string' ? bytesOf(input) : input, options);
  const [first] = parsed.issues;
  if (parsed.ok || first === undefined) throw new Error('accepted');
  return first;
}

export function printText(format: Format, tree: unknown, options?: FormatOptions): string {
  const printed = format.print(tree, options);
  if (!printed.ok) throw new Error(`refused: ${JSON.stringify(printed.issues)}`);
  return new TextDecoder().decode(printed.value);
}

export function printIssue(format: Format, tree: unknown, options?: FormatOptions): Issue {
  const printed = format.print(tree, options);
  const [first] = printed.issues;
  if (printed.ok || first === undefined) throw new Error('printed');
  return first;
}
