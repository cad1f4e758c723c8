import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { Environment } from '../fhirpath/fhirpath.ts';
import { costOfText } from '../fhirpath/scope.ts';
import { countSteps, hostOf } from './run-host.ts';

/** Texts shorter than this, in characters, are copied for nothing. */
const SHORT_TEXT = 64;

/**
 * A value that an expression found, as a value of the result: objects and lists copied into plain ones, FHIRPath's own
 * numbers and dates in their JSON form, and undefined for what is empty: null, `''`, an object or list with nothing in it.
 */
export function copyValue(value: unknown, env: Environment): unknown {
  switch (typeof value) {
    case 'string':
      // Copying long texts is work too: this bounds how large a result can grow.
      if (value.length >= SHORT_TEXT) countSteps(env, costOfText(value));
      return value === '' ? undefined : value;
    case 'number':
    case 'boolean':
      return value;
    case 'object':
      return value === null ? undefined : copyObject(value, env);
    default:
      return undefined;
  }
}

/** Neither empty nor so long that copying it counts as work. */
export function isShort(text: string): boolean {
  return text.length < SHORT_TEXT && text !== '';
}

function copyObject(value: object, env: Environment): unknown {
  if (Array.isArray(value)) return copyList(value, env);
  const { trace } = hostOf(env);
  countSteps(env, 1);
  const copy: Record<string, unknown> = {};
  trace?.onCopy(value, copy);
  const source = value as Record<string, unknown>;
  for (const name of Object.keys(source)) {
    const member = source[name];
    const copied = typeof member === 'string' && isShort(member) ? member : copyValue(member, env);
    if (copied === undefined) continue;
    if (name === '__proto__')
      throw new EvaluationError('mapping-failed', 'The value has a member with a forbidden name.');
    copy[name] = copied;
  }
  for (const _ in copy) return copy;
  return undefined;
}

/** `null` stays inside a list: FHIR pairs the items of a list with those of its `_list` by position. */
function copyList(list: readonly unknown[], env: Environment): unknown {
  countSteps(env, list.length);
  const copy = list.map((item) => (item === null ? null : copyValue(item, env))).filter((item) => item !== undefined);
  hostOf(env).trace?.onCopy(list, copy);
  return copy.some((item) => item !== null) ? copy : undefined;
}

/** A rendered value as part of a text or as a key. */
export function textOf(value: unknown): string {
  if (typeof value === 'object') {
    throw new EvaluationError('mapping-failed', 'An object or a list cannot become text: name one of its members.');
  }
  return String(value);
}

/** An object of the result under construction. */
export type Target = Record<string, unknown>;

/** Lists open out into the list they stand in. */
export function addTo(list: unknown[], value: unknown): void {
  if (Array.isArray(value)) for (const item of value) list.push(item);
  else if (value !== undefined) list.push(value);
}

/** Puts a value, or the items of one that is a list, into a list from a position on; the position behind them. */
export function putInto(list: unknown[], at: number, value: unknown): number {
  if (value === undefined) return at;
  if (!Array.isArray(value)) {
    list[at] = value;
    return at + 1;
  }
  let next = at;
  for (const item of value) {
    list[next] = item;
    next += 1;
  }
  return next;
}

/** A list that was made as long as it might become, as long as it is; undefined where that is nothing. */
export function cutList(list: unknown[], length: number): unknown[] | undefined {
  if (length === 0) return undefined;
  if (length < list.length) list.length = length;
  return list;
}

/** Later members win, as FPML has it. */
export function mergeInto(target: Target, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EvaluationError('mapping-failed', 'Only an object can be joined with the other members here.');
  }
  for (const [name, member] of Object.entries(value)) setMember(target, name, member);
}

export function setMember(target: Target, name: string, value: unknown): void {
  if (name === '__proto__') throw new EvaluationError('mapping-failed', 'A member cannot have this name.');
  target[name] = value;
}

export function onlyItem(items: readonly unknown[]): unknown {
  if (items.length > 1) {
    throw new EvaluationError(
      'mapping-not-single',
      'The expression found more than one value where one belongs. Say which with .first(), .where(…) or .single(), or write {[ … ]}.',
    );
  }
  return items[0];
}
