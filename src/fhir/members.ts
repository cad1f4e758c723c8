import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { isOfChoice } from './compile-profile.ts';

/** A value of an element: its step in a path (`name[0]`), and the object beside it, where it is a primitive. */
export interface Member {
  readonly step: string;
  readonly value: JsonValue | undefined;
  readonly beside: JsonObject | undefined;
}

/** The values of an element, each with its step in a path; of every type for a choice such as `value[x]`. */
export function readMembers(parent: JsonObject, name: string): Member[] {
  if (!name.endsWith('[x]')) return readMember(parent, name);
  const keys = Object.keys(parent).map((key) => key.replace(/^_/, ''));
  return [...new Set(keys)].filter((key) => isOfChoice(key, name)).flatMap((key) => readMember(parent, key));
}

function readMember(parent: JsonObject, name: string): Member[] {
  const value = parent[name];
  const beside = parent[`_${name}`];
  if (value === undefined && beside === undefined) return [];
  if (!Array.isArray(value)) {
    if (!Array.isArray(beside))
      return [{ step: name, value: value ?? undefined, beside: isJsonObject(beside) ? beside : undefined }];
  }
  const values = Array.isArray(value) ? value : [];
  const besides = Array.isArray(beside) ? beside : [];
  return Array.from({ length: Math.max(values.length, besides.length) }, (_, index) => {
    const other = besides[index];
    return {
      step: `${name}[${index}]`,
      value: values[index] ?? undefined,
      beside: isJsonObject(other) ? other : undefined,
    };
  });
}

/** `valueQuantity` is a Quantity, `valueDateTime` a dateTime. */
export function isOfTypeName(step: string, type: string): boolean {
  if (type === 'time' && step.endsWith('DateTime')) return false;
  return step.endsWith(`${type.charAt(0).toUpperCase()}${type.slice(1)}`);
}

export function isOfTypes(step: string, choice: string, types: ReadonlySet<string>): boolean {
  const base = choice.slice(0, -'[x]'.length);
  return [...types].some((type) => step === `${base}${type.charAt(0).toUpperCase()}${type.slice(1)}`);
}
