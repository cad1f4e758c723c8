import { DatabaseError } from 'pg';
import { GinnelError, issue } from '../../kernel/errors.ts';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const FOREIGN_KEY_BROKEN = '23503';
const UNIQUE_BROKEN = '23505';
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
/** A plan for other columns than the table has now, since another process has migrated it; a name that is not known. */
const PLAN_STALE = '0A000';
const NAME_UNKNOWN = '26000';
/** A key longer than an index can hold. */
const KEY_TOO_LONG = '54000';
const READ_ONLY = '25006';
const QUERY_CANCELED = '57014';
const LOCK_NOT_AVAILABLE = '55P03';
/** Of our own function `require_rows`. */
const TOO_FEW_ROWS = 'GN001';

/** Connection, transaction rollback, insufficient resources, operator intervention, system error. */
const UNAVAILABLE_CLASSES = ['08', '40', '53', '57', '58'];
/** Authorization, no such database, no such schema. */
const REFUSED_CLASSES = ['28', '3D', '3F'];

export function sqlStateOf(fault: unknown): string | undefined {
  return fault instanceof DatabaseError ? fault.code : undefined;
}

/** Whether a statement broke a key or touched fewer rows than it must, which is how a conflict shows. */
export function isBreach(fault: unknown): boolean {
  const state = sqlStateOf(fault);
  return state === UNIQUE_BROKEN || state === FOREIGN_KEY_BROKEN || state === TOO_FEW_ROWS;
}

export function isKeyTaken(fault: unknown): boolean {
  return sqlStateOf(fault) === UNIQUE_BROKEN;
}

/** Whether two transactions stood in each other's way, so that one of them has only to be tried again. */
export function isCollision(fault: unknown): boolean {
  const state = sqlStateOf(fault);
  return state === DEADLOCK || state === SERIALIZATION_FAILURE;
}

/** Whether what is prepared on a connection no longer serves. */
export function isStalePlan(fault: unknown): boolean {
  const state = sqlStateOf(fault);
  return state === PLAN_STALE || state === NAME_UNKNOWN;
}

/** Whether the connection cannot be used any more, or is to a server that takes no writes. */
export function isConnectionLost(fault: unknown): boolean {
  const state = sqlStateOf(fault);
  if (state === undefined) return true;
  return state === READ_ONLY || state.startsWith('08') || state.startsWith('57P') || state.startsWith('58');
}

/** A fault as our callers know it, without what PostgreSQL says: its details quote keys, and keys are patients'. */
export function toStoreError(fault: unknown): GinnelError {
  if (fault instanceof GinnelError) return fault;
  const state = sqlStateOf(fault);
  const cause = withoutMessage(fault, state);
  if (state === KEY_TOO_LONG) {
    const text = 'A key, such as that of a message, is longer than the store can index (2,700 bytes).';
    return new GinnelError([issue('resource-invalid', text)], { cause });
  }
  if (state === undefined ? isBug(fault) : !isUnavailable(state)) {
    return new GinnelError([issue('internal-error', 'The store met a fault of its own. The log has the details.')], {
      cause,
    });
  }
  const why = state === undefined ? nameOf(fault) : `SQLSTATE ${state}`;
  const text = `The store's database cannot be used now (${why}). Try again later.`;
  return new GinnelError([issue('store-unavailable', text)], { cause });
}

/** The same for a fault at the start, where a wrong address or password is the operator's to mend. */
export function toOpeningError(fault: unknown): GinnelError {
  const state = sqlStateOf(fault) ?? '';
  if (!REFUSED_CLASSES.some((one) => state.startsWith(one))) return toStoreError(fault);
  const text = `PostgreSQL refuses us (SQLSTATE ${state}). See to user, password and database in DATABASE_URL.`;
  return new GinnelError([issue('store-unusable', text)], { cause: withoutMessage(fault, state) });
}

/** What pg throws of its own accord is about the connection; these are about our code. */
function isBug(fault: unknown): boolean {
  return fault instanceof TypeError || fault instanceof RangeError;
}

function isUnavailable(state: string): boolean {
  if (state === READ_ONLY || state === LOCK_NOT_AVAILABLE || state === QUERY_CANCELED) return true;
  return UNAVAILABLE_CLASSES.concat(REFUSED_CLASSES).some((one) => state.startsWith(one));
}

/** What pg throws when a connection fails has the code of the socket, or only a message of pg's own. */
function nameOf(fault: unknown): string {
  const code = fault instanceof Error ? (fault as NodeJS.ErrnoException).code : undefined;
  return code ?? 'no connection';
}

function withoutMessage(fault: unknown, state: string | undefined): Error {
  const code = state ?? nameOf(fault);
  const safe = Object.assign(new Error(`PostgreSQL: ${code}`), { code });
  if (fault instanceof Error) {
    const frames = (fault.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
    safe.stack = [`Error: ${safe.message}`, ...frames].join('\n');
  }
  return safe;
}
