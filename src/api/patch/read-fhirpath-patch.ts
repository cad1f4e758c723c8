import { compileFhirPath } from '../../fhirpath/compile-fhirpath.ts';
import type { CompiledExpression } from '../../fhirpath/fhirpath.ts';
import { GinnelError, type Issue, issue } from '../../kernel/errors.ts';
import { spellingOf } from '../../kernel/exact-json.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { splitLastStep } from './split-path.ts';

/** One operation of a FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html). */
export type FhirPathOperation =
  | { readonly op: 'add'; readonly path: ElementPath; readonly name: string; readonly value: PatchValue }
  | { readonly op: 'insert'; readonly path: ElementPath; readonly index: number; readonly value: PatchValue }
  | { readonly op: 'replace'; readonly path: ElementPath; readonly value: PatchValue }
  | { readonly op: 'delete'; readonly path: ElementPath }
  | { readonly op: 'move'; readonly path: ElementPath; readonly source: number; readonly destination: number };

/** An expression that says which element is meant. */
export interface ElementPath {
  readonly whole: CompiledExpression;
  /** The path without its last step, `name` or `name[2]`, by which a value that is no object is found in what holds it. */
  readonly last:
    | { readonly parent: CompiledExpression; readonly name: string; readonly index: number | undefined }
    | undefined;
}

/** What is put in: one value of a type, or an element of parts, for a type that has no name. */
export type PatchValue =
  | {
      readonly kind: 'value';
      /** `Date` of `valueDate`. */
      readonly suffix: string;
      readonly value: JsonValue | undefined;
      readonly spelling: string | undefined;
      /** What stands beside a primitive: its id and extensions. */
      readonly beside: JsonObject | undefined;
    }
  | { readonly kind: 'parts'; readonly parts: readonly { readonly name: string; readonly value: PatchValue }[] };

/** Throws for what is no FHIRPath Patch; issues name the operation, never a value. */
export function readFhirPathPatch(tree: unknown): FhirPathOperation[] {
  const list = isJsonObject(tree) && tree.resourceType === 'Parameters' ? tree.parameter : undefined;
  if (!Array.isArray(list) || list.length === 0 || list.length > LIMITS.patchOperationsMax) {
    const text = `A FHIRPath Patch is Parameters with 1 to ${LIMITS.patchOperationsMax} parameters called operation.`;
    throw new GinnelError([issue('patch-invalid', text, { expression: 'Parameters.parameter' })]);
  }
  const issues: Issue[] = [];
  const operations = list.flatMap((one, index) => {
    const read = readOperation(one);
    if (typeof read !== 'string') return [read];
    issues.push(issue('patch-invalid', read, { expression: `Parameters.parameter[${index}]` }));
    return [];
  });
  if (issues.length > 0) throw new GinnelError(issues);
  return operations;
}

/** The operation, or what is wrong with it. */
function readOperation(one: JsonValue): FhirPathOperation | string {
  if (!isJsonObject(one) || one.name !== 'operation' || !Array.isArray(one.part)) {
    return 'Each parameter is called operation and has parts: type, path, and what the type needs.';
  }
  const parts = new Map<string, JsonObject>();
  for (const part of one.part) {
    if (!isJsonObject(part) || typeof part.name !== 'string') return 'A part has a name.';
    if (!PARTS.has(part.name) || parts.has(part.name)) {
      return 'The parts are type, path, name, value, index, source and destination, each once at most.';
    }
    parts.set(part.name, part);
  }
  const op = textOf(parts.get('type'));
  const path = readPath(textOf(parts.get('path')));
  if (typeof path === 'string') return path;
  const [index, source, destination] = ['index', 'source', 'destination'].map((name) => wholeOf(parts.get(name)));
  const name = textOf(parts.get('name'));
  const given = parts.get('value');
  const value = given === undefined ? 'This operation needs a value.' : readValue(given, 1);
  switch (op) {
    case 'add':
      if (name === undefined || !/^[A-Za-z]{1,64}$/.test(name)) return 'add needs the name of the element to add.';
      return typeof value === 'string' ? value : { op, path, name, value };
    case 'insert':
      if (index === undefined) return 'insert needs an index, counted from 0.';
      return typeof value === 'string' ? value : { op, path, index, value };
    case 'replace':
      return typeof value === 'string' ? value : { op, path, value };
    case 'delete':
      return { op, path };
    case 'move':
      if (source === undefined || destination === undefined)
        return 'move needs source and destination, counted from 0.';
      return { op, path, source, destination };
    default:
      return 'type is add, insert, delete, replace or move.';
  }
}

const PARTS = new Set(['type', 'path', 'name', 'value', 'index', 'source', 'destination']);

function textOf(part: JsonObject | undefined): string | undefined {
  const text = part?.valueCode ?? part?.valueString;
  return typeof text === 'string' ? text : undefined;
}

function wholeOf(part: JsonObject | undefined): number | undefined {
  const value = part?.valueInteger ?? part?.valueUnsignedInt ?? part?.valuePositiveInt;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1e9 ? value : undefined;
}

function readPath(text: string | undefined): ElementPath | string {
  if (text === undefined || text.length > LIMITS.urlCharsMax) return 'path is a FHIRPath expression.';
  const whole = compile(text);
  if (typeof whole === 'string') return whole;
  const split = splitLastStep(text);
  if (split === undefined) return { whole, last: undefined };
  const parent = compile(split.parent);
  if (typeof parent === 'string') return { whole, last: undefined };
  return { whole, last: { parent, name: split.name, index: split.index } };
}

function compile(source: string): CompiledExpression | string {
  const compiled = compileFhirPath(source, {
    dialect: 'fhir',
    variables: new Set(),
    functions: new Map(),
    place: { file: 'path', line: 1, column: 1 },
  });
  // What is wrong may quote the expression, and an expression may hold somebody's name.
  return compiled.ok ? compiled.value : 'path is not a FHIRPath expression that can be read.';
}

/** `value[x]`, or `part` for an element that is put together, such as a contact of a Patient. */
function readValue(part: JsonObject, depth: number): PatchValue | string {
  if (depth > LIMITS.depthMax) return `A value is nested more than ${LIMITS.depthMax} deep.`;
  if (Array.isArray(part.part)) {
    const parts: { name: string; value: PatchValue }[] = [];
    for (const one of part.part) {
      if (!isJsonObject(one) || typeof one.name !== 'string') return 'A part of a value has a name.';
      const value = readValue(one, depth + 1);
      if (typeof value === 'string') return value;
      parts.push({ name: one.name, value });
    }
    return { kind: 'parts', parts };
  }
  if (isJsonObject(part.resource)) {
    return { kind: 'value', suffix: 'Resource', value: part.resource, spelling: undefined, beside: undefined };
  }
  const keys = Object.keys(part).filter((name) => /^_?value[A-Z]/.test(name));
  const suffixes = new Set(keys.map((name) => name.replace(/^_?value/, '')));
  const [suffix] = suffixes;
  if (suffix === undefined || suffixes.size > 1) return 'A value is one value[x], such as valueString, or has parts.';
  const value = part[`value${suffix}`];
  const beside = part[`_value${suffix}`];
  const spelling = typeof value === 'number' ? spellingOf(part, `value${suffix}`, value) : undefined;
  return { kind: 'value', suffix, value, spelling, beside: isJsonObject(beside) ? beside : undefined };
}
