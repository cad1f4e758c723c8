import type { Issue } from './errors.ts';

/**
 * What a step of the message's path returns. A bad message is a result: `ok: false` with at least one error issue.
 * Warnings travel with a success.
 */
export type Result<T> = Success<T> | Failure;

export interface Success<T> {
  readonly ok: true;
  readonly value: T;
  readonly issues: readonly Issue[];
}

export interface Failure {
  readonly ok: false;
  readonly issues: readonly Issue[];
}

export function success<T>(value: T, issues: readonly Issue[] = []): Success<T> {
  return { ok: true, value, issues };
}

export function failure(...issues: readonly Issue[]): Failure {
  return { ok: false, issues };
}
