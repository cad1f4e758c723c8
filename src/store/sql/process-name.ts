import { hostname } from 'node:os';

/** Names this process in the audit's segments, for the eye alone: their numbers tell them apart. */
export function processName(): string {
  return `${hostname()} ${process.pid}`;
}
