import { isIPv6 } from 'node:net';
import type { Clock } from '../kernel/clock.ts';
import { GinnelError, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';

/** Token buckets by key: so many at once, and then one in so many milliseconds. */
export interface RateLimit {
  /** Takes one; 0 when it was there, or else milliseconds until one is. */
  take(key: string): number;
  /** The same without taking. */
  wait(key: string): number;
}

export interface RateLimitRules {
  readonly burst: number;
  readonly refillMs: number;
}

/** Bounded: the bucket that was longest untouched makes room, and begins full when it is needed again. */
export function createRateLimit(clock: Clock, { burst, refillMs }: RateLimitRules): RateLimit {
  /** When the bucket will be full again: later by `refillMs` with each one that is taken. */
  const fullAtMs = new Map<string, number>();
  const waitFor = (key: string, nowMs: number): number =>
    Math.max(0, Math.max(fullAtMs.get(key) ?? 0, nowMs) + refillMs - (nowMs + burst * refillMs));
  return {
    wait: (key) => waitFor(key, clock.now().getTime()),
    take: (key) => {
      const nowMs = clock.now().getTime();
      const waitMs = waitFor(key, nowMs);
      const before = fullAtMs.get(key) ?? 0;
      fullAtMs.delete(key);
      if (fullAtMs.size >= LIMITS.bucketsMax) {
        const [oldest] = fullAtMs.keys();
        if (oldest !== undefined) fullAtMs.delete(oldest);
      }
      fullAtMs.set(key, waitMs > 0 ? before : Math.max(before, nowMs) + refillMs);
      return waitMs;
    },
  };
}

/** Who shares a bucket by address: an IPv4 address, or a /64 network of IPv6, of which one host may use every address. */
export function bucketOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
  return [...groups, ...zeros, ...after].slice(0, 4).join(':');
}

/** A request that is not heard, for its sender has caused too many refusals. */
export class RateLimited extends GinnelError {
  readonly retryAfterSeconds: number;

  constructor(waitMs: number) {
    super([issue('too-many-requests', 'Too many requests were refused; wait as long as Retry-After says.')]);
    this.retryAfterSeconds = retryAfterSeconds(waitMs);
  }
}

/** For `Retry-After`: whole seconds, 1 or more. */
export function retryAfterSeconds(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1000));
}
