/** A number as a search states it: its value, and the range that its digits leave open. */
export interface NumberRange {
  readonly value: number;
  /** In the range. */
  readonly low: number;
  /** Not in it. */
  readonly high: number;
}

const NUMBER = /^([+-]?)(\d{1,30})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * `5.40` is everything from 5.395 up to 5.405: half of its last digit's worth on each side
 * (https://hl7.org/fhir/R4/search.html#number). The ends are found in whole numbers and rounded once, as the numbers
 * of a resource are, so that what lies exactly on an end falls on the same side always. Undefined for what is no
 * number.
 */
export function parseNumberRange(text: string): NumberRange | undefined {
  const found = NUMBER.exec(text);
  if (found === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = found;
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n) * 10n;
  const scale = Number(exponent) - fraction.length - 1;
  const at = (tenths: bigint): number => Number(`${tenths}e${scale}`);
  return { value: at(digits), low: at(digits - 5n), high: at(digits + 5n) };
}

/** A tenth of the value on each side, as R4 recommends for `ap`. */
export function approximate({ value }: NumberRange): Pick<NumberRange, 'low' | 'high'> {
  const tolerance = Math.abs(value) / 10;
  return { low: value - tolerance, high: value + tolerance };
}
