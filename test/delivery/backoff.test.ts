import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffCeilingMs, backoffWaitMs, parseRetryAfter } from '../../src/delivery/backoff.ts';
import { LIMITS } from '../../src/kernel/limits.ts';

const rule = { firstMs: LIMITS.deliveryBackoffFirstMs, capMs: LIMITS.deliveryBackoffCapMs };

describe('backoff', () => {
  it('has the ceilings that the table in its documentation prints', () => {
    const ceilings = Array.from({ length: LIMITS.deliveryAttemptsMax - 1 }, (_, at) => backoffCeilingMs(at + 1, rule));
    expect(ceilings.slice(0, 11)).toEqual(
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900].map((seconds) => seconds * 1000),
    );
    expect(new Set(ceilings.slice(10))).toEqual(new Set([900_000]));
    expect(ceilings.reduce((sum, ms) => sum + ms, 0) / 3_600_000).toBeCloseTo(97.5, 1);
  });

  it('draws the wait evenly from zero to the ceiling', () => {
    expect(backoffWaitMs(3, rule, () => 0)).toBe(0);
    expect(backoffWaitMs(3, rule, () => 0.5)).toBe(2_000);
    expect(backoffWaitMs(3, rule, () => 0.999999)).toBe(3_999);
  });

  it('waits as long as the partner asks, but never past the cap', () => {
    expect(backoffWaitMs(1, rule, () => 0.5, 30_000)).toBe(30_000);
    expect(backoffWaitMs(1, rule, () => 0.5, 100)).toBe(500);
    expect(backoffWaitMs(1, rule, () => 0.5, 86_400_000)).toBe(rule.capMs);
  });

  it('is a whole number between zero and the cap, whatever the attempt, the draw and the wish', () => {
    const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), draw, fc.nat(), (attempt, drawn, wishMs) => {
        const waitMs = backoffWaitMs(attempt, rule, () => drawn, wishMs);
        expect(Number.isInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(rule.capMs);
      }),
    );
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-03-02T09:00:00.000Z');

  it('is read as seconds or as an HTTP date', () => {
    expect(parseRetryAfter('120', now)).toBe(120_000);
    expect(parseRetryAfter(' 0 ', now)).toBe(0);
    expect(parseRetryAfter('Mon, 02 Mar 2026 09:00:30 GMT', now)).toBe(30_000);
    expect(parseRetryAfter('Mon, 02 Mar 2026 08:00:00 GMT', now)).toBe(0);
  });

  it('is ignored when it is neither', () => {
    for (const text of ['', 'soon', '-5', '1.5', '99999999999', '2026-03-02', 'GMT', `${'1'.repeat(100)} GMT`]) {
      expect(parseRetryAfter(text, now)).toBeUndefined();
    }
  });
});
