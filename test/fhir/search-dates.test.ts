import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinRanges, parseDateRange, RANGE_END, RANGE_START } from '../../src/fhir/search-dates.ts';

const iso = (text: string): readonly (string | undefined)[] => {
  const range = parseDateRange(text);
  return range === undefined ? [] : [new Date(range.low).toISOString(), new Date(range.high).toISOString()];
};

describe('the range of a date', () => {
  it.each([
    ['2026', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['2026-02', '2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z', '2026-02-01T00:00:00.000Z'],
    ['2026-01-31T09:30Z', '2026-01-31T09:30:00.000Z', '2026-01-31T09:31:00.000Z'],
    ['2026-01-31T09:30:15+01:00', '2026-01-31T08:30:15.000Z', '2026-01-31T08:30:16.000Z'],
    ['2026-01-31T09:30:15.123-05:00', '2026-01-31T14:30:15.123Z', '2026-01-31T14:30:15.124Z'],
    ['2026-01-31T09:30:15.123456Z', '2026-01-31T09:30:15.123Z', '2026-01-31T09:30:15.124Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
  ])('%s is as wide as it is exact', (text, low, high) => {
    expect(iso(text)).toEqual([low, high]);
  });

  it.each([
    ['a day in summer', '2026-07-01', '2026-06-30T23:00:00.000Z', '2026-07-01T23:00:00.000Z'],
    [
      'the day the clocks go forward has 23 hours',
      '2026-03-29',
      '2026-03-29T00:00:00.000Z',
      '2026-03-29T23:00:00.000Z',
    ],
    ['the day they go back has 25', '2026-10-25', '2026-10-24T23:00:00.000Z', '2026-10-26T00:00:00.000Z'],
    ['a time without offset', '2026-07-01T09:00', '2026-07-01T08:00:00.000Z', '2026-07-01T08:01:00.000Z'],
    [
      'a birthday in the years of standard British time',
      '1970-01-01',
      '1969-12-31T23:00:00.000Z',
      '1970-01-01T23:00:00.000Z',
    ],
  ])('is of London where it has no zone: %s', (_what, text, low, high) => {
    expect(iso(text)).toEqual([low, high]);
  });

  it.each([
    '',
    '26',
    '2026-13',
    '2026-02-30',
    '2026-1-1',
    '2026-01-01T24:00',
    '2026-01-01T10',
    '0000',
    '2026-01-01 10:00',
    '2026-01-01T10:00:00+1',
  ])('does not take %j for a date', (text) => {
    expect(parseDateRange(text)).toBeUndefined();
  });

  it('reads every instant back, whatever its offset', () => {
    const when = fc.date({
      min: new Date('1900-01-01T00:00:00Z'),
      max: new Date('2100-01-01T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(when, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, offset) => {
        const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
        const size = Math.abs(offset);
        const zone = `${offset < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
        expect(parseDateRange(`${local}${zone}`)?.low).toBe(date.getTime());
      }),
    );
  });

  it('puts the days of any month end to end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1850, max: 2099 }), fc.integer({ min: 1, max: 12 }), (year, month) => {
        const prefix = `${year}-${String(month).padStart(2, '0')}`;
        const whole = parseDateRange(prefix);
        let at = whole?.low;
        for (let day = 1; day <= 31; day += 1) {
          const range = parseDateRange(`${prefix}-${String(day).padStart(2, '0')}`);
          if (range === undefined) continue;
          expect(range.low).toBe(at);
          at = range.high;
        }
        expect(at).toBe(whole?.high);
      }),
      { numRuns: 50 },
    );
  });

  it('is open where a period is', () => {
    const day = parseDateRange('2026-01-05');
    expect(joinRanges(day, undefined)).toEqual({ low: day?.low, high: RANGE_END });
    expect(joinRanges(undefined, day)).toEqual({ low: RANGE_START, high: day?.high });
    expect(joinRanges(undefined, undefined)).toBeUndefined();
  });

  it('is never empty, not even of a period that ends before it starts', () => {
    const range = joinRanges(parseDateRange('2026-02-01'), parseDateRange('2026-01-01'));
    expect(range?.high).toBeGreaterThan(range?.low ?? 0);
  });
});
