import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNhsNumber } from '../../src/fhir/nhs-number.ts';

describe('NHS number', () => {
  it.each(['9990000018', '9990000026', '9990000034', '9990000042', '9990000123'])('%s passes modulus 11', (value) => {
    expect(isNhsNumber(value)).toBe(true);
  });

  it.each([
    ['another check digit', '9990000019'],
    ['a number whose check digit would be 10', '9990000000'],
    ['spaces', '999 000 0018'],
    ['nine digits', '999000001'],
    ['eleven digits', '09990000018'],
    ['letters', '999000001X'],
    ['nothing', ''],
    ['digits of another script', '٩٩٩٠٠٠٠٠١٨'],
    ['a line end after it', '9990000018\n'],
  ])('refuses %s', (_what, value) => {
    expect(isNhsNumber(value)).toBe(false);
  });

  it('refuses one digit repeated, although the arithmetic holds', () => {
    for (let digit = 0; digit <= 9; digit += 1) expect(isNhsNumber(String(digit).repeat(10))).toBe(false);
  });

  it('notices every single wrong digit', () => {
    fc.assert(
      fc.property(fc.nat({ max: 9 }), fc.nat({ max: 9 }), (place, digit) => {
        const good = '9990000018';
        const changed = good.slice(0, place) + String(digit) + good.slice(place + 1);
        expect(isNhsNumber(changed)).toBe(changed === good);
      }),
    );
  });

  it('has one check digit at most for any nine digits', () => {
    fc.assert(
      fc.property(fc.nat({ max: 999_999_999 }), (stem) => {
        const nine = String(stem).padStart(9, '0');
        const passing = [...'0123456789'].filter((digit) => isNhsNumber(nine + digit));
        expect(passing.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
