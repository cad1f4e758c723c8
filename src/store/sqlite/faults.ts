import { GinnelError, issue } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';

/** https://sqlite.org/rescode.html. An extended code holds the primary one in its low byte. */
const BUSY = 5;
const CONSTRAINT_FOREIGNKEY = 787;
const CONSTRAINT_PRIMARYKEY = 1555;
const CONSTRAINT_UNIQUE = 2067;

/** The machine or another process is in the way, not the statement: locked, no memory, read-only, disk, full, cannot open. */
const UNAVAILABLE = new Set([BUSY, 6, 7, 8, 10, 11, 13, 14, 15, 26]);

const PAUSE_MS = 10;

function codeOf(fault: unknown): number | undefined {
  const code = fault instanceof Error && 'errcode' in fault ? fault.errcode : undefined;
  return typeof code === 'number' ? code : undefined;
}

export function isBusy(fault: unknown): boolean {
  return ((codeOf(fault) ?? 0) & 0xff) === BUSY;
}

/** Whether a statement broke a key, which is how a conflict shows. */
export function isKeyBroken(fault: unknown): boolean {
  const code = codeOf(fault);
  return code === CONSTRAINT_PRIMARYKEY || code === CONSTRAINT_UNIQUE || code === CONSTRAINT_FOREIGNKEY;
}

/** A fault as our callers know it. What was thrown stays as the cause, for the log. */
export function toStoreError(fault: unknown): GinnelError {
  if (fault instanceof GinnelError) return fault;
  const code = codeOf(fault);
  const unavailable = code !== undefined && UNAVAILABLE.has(code & 0xff);
  const problem = unavailable
    ? issue('store-unavailable', `The store's file cannot be used now (SQLite result code ${code}). Try again later.`)
    : issue('internal-error', 'The store met a fault of its own. The log has the details.');
  return new GinnelError([problem], { cause: fault });
}

/** Tries again while another process has the file, standing still meanwhile: for opening, before there is other work. */
export function retryWhileBusy<T>(action: () => T): T {
  const deadline = Date.now() + LIMITS.storeBusyMs;
  const stillness = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      return action();
    } catch (fault) {
      if (!isBusy(fault) || Date.now() > deadline) throw fault;
      Atomics.wait(stillness, 0, 0, PAUSE_MS);
    }
  }
}
