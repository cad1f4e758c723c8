import { EvaluationError } from '../../fhirpath/evaluation-error.ts';
import type { ExtraFunction } from '../../fhirpath/fhirpath.ts';
import type { IssueCode } from '../../kernel/errors.ts';
import type { CodeMap } from '../codes.ts';
import { ItemError } from '../trace.ts';

/** A function of the mapping language beyond FHIRPath's own. Docs print it and tests run its examples. */
export interface MappingFunction extends Omit<ExtraFunction, 'checkLiterals'> {
  readonly examples: readonly FunctionExample[];
  /** What is wrong with the arguments, as far as they are literal texts; an argument that is not is undefined. */
  readonly check?: ((args: readonly (string | undefined)[], known: KnownNames) => string | undefined) | undefined;
}

/** What a mapping declares that a function's argument may name. */
export interface KnownNames {
  readonly codes: ReadonlyMap<string, CodeMap>;
  /** Whether an entry of this name can come out of the mapping. */
  readonly hasEntry: (name: string) => boolean;
}

export interface FunctionExample {
  readonly expression: string;
  /** The payload it is evaluated over. */
  readonly input: unknown;
  /** What it yields, or the code of the issue it ends in. */
  readonly gives: readonly unknown[] | { readonly refused: IssueCode };
}

/**
 * Applies `convert` to the text of each item. Blank text counts as absent; a number is taken as it is written. A result
 * of undefined is left out.
 */
export function eachText(
  name: string,
  input: readonly unknown[],
  convert: (text: string) => unknown,
): readonly unknown[] {
  const results: unknown[] = [];
  for (const item of input) {
    if (typeof item !== 'string' && typeof item !== 'number') {
      throw new EvaluationError('mapping-failed', `${name}() works on text; ${describeItem(item)}`);
    }
    const text = String(item).trim();
    if (text === '') continue;
    try {
      const result = convert(text);
      if (result !== undefined) results.push(result);
    } catch (error) {
      throw error instanceof EvaluationError ? new ItemError(error, item) : error;
    }
  }
  return results;
}

function describeItem(item: unknown): string {
  if (typeof item !== 'object' || item === null) return 'this is a boolean.';
  if (Object.hasOwn(item, '#text')) return 'this is an XML element with attributes: write .text() before it.';
  return 'this is an object.';
}

/** An argument's one text, or undefined where it is empty. */
export function textArgument(name: string, args: readonly (readonly unknown[])[], index: number): string | undefined {
  const items = args[index] ?? [];
  if (items.length > 1)
    throw new EvaluationError('mapping-not-single', `An argument of ${name}() has more than one value.`);
  const [item] = items;
  if (item === undefined) return undefined;
  if (typeof item === 'object')
    throw new EvaluationError('mapping-failed', `An argument of ${name}() is an object, not text.`);
  return String(item);
}
