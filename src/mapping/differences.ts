import { isJsonObject } from '../kernel/json.ts';

/** More differences than this are not told. */
const DIFFERENCES_MAX = 12;

/** Where two JSON values differ, by path: `$.entry[2].resource.name: expected "A", got nothing`. */
export function findDifferences(expected: unknown, actual: unknown): string[] {
  const found: string[] = [];
  compare(expected, actual, '$', found);
  return found;
}

function compare(expected: unknown, actual: unknown, path: string, found: string[]): void {
  if (found.length >= DIFFERENCES_MAX) return;
  if (Array.isArray(expected) && Array.isArray(actual)) {
    for (let index = 0; index < Math.max(expected.length, actual.length); index += 1) {
      compare(expected[index], actual[index], `${path}[${index}]`, found);
    }
  } else if (isJsonObject(expected) && isJsonObject(actual)) {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      compare(expected[name], actual[name], `${path}.${name}`, found);
    }
  } else if (expected !== actual) {
    found.push(`${path}: expected ${show(expected)}, got ${show(actual)}`);
  }
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
