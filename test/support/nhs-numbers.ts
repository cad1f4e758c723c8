import { isNhsNumber } from '../../src/fhir/nhs-number.ts';

/** NHS numbers of the 999 test range, valid by modulus 11, from 9991000000 on. */
export function testNhsNumbers(count: number): string[] {
  const found: string[] = [];
  for (let number = 9_991_000_000; found.length < count; number += 1) {
    if (isNhsNumber(String(number))) found.push(String(number));
  }
  return found;
}
