import { SystemValue } from './system-value.ts';

/** Significant digits kept; beyond them an operation overflows and yields empty, as the standard says. */
const DIGITS_MAX = 60;
/** Digits after the point that a division works out. */
const DIVISION_SCALE = 20;
const PATTERN = /^([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?$/;

/**
 * A decimal number (http://hl7.org/fhirpath/N1/#decimal) as whole digits and the place of the point, so that
 * 0.1 + 0.2 is 0.3 and 1.0 prints as `1.0`.
 */
export class Decimal extends SystemValue {
  /** The number is `digits` / 10^`scale`. */
  readonly digits: bigint;
  readonly scale: number;

  constructor(digits: bigint, scale: number) {
    super();
    this.digits = digits;
    this.scale = scale;
  }

  /** Undefined for text that is no number, or has more digits than we keep. */
  static parse(text: string): Decimal | undefined {
    if (text.length > 2 * DIGITS_MAX) return undefined;
    const parts = PATTERN.exec(text);
    if (parts === null) return undefined;
    const [, sign, whole = '', fraction = '', exponent] = parts;
    let digits = BigInt(whole + fraction);
    let scale = fraction.length - Number(exponent ?? 0);
    if (scale < 0) {
      if (-scale > DIGITS_MAX) return undefined;
      digits *= 10n ** BigInt(-scale);
      scale = 0;
    }
    return bounded(sign === '-' ? -digits : digits, scale);
  }

  /** Undefined for numbers out of our range, such as 1e300. */
  static fromNumber(value: number): Decimal | undefined {
    return Number.isSafeInteger(value) ? new Decimal(BigInt(value), 0) : Decimal.parse(String(value));
  }

  plus(other: Decimal): Decimal | undefined {
    const scale = Math.max(this.scale, other.scale);
    return bounded(this.digitsAt(scale) + other.digitsAt(scale), scale);
  }

  minus(other: Decimal): Decimal | undefined {
    return this.plus(other.negated());
  }

  times(other: Decimal): Decimal | undefined {
    return bounded(this.digits * other.digits, this.scale + other.scale);
  }

  /** Undefined for a division by zero. */
  dividedBy(other: Decimal): Decimal | undefined {
    if (other.digits === 0n) return undefined;
    const shift = DIVISION_SCALE + other.scale - this.scale;
    const numerator = shift >= 0 ? this.digits * 10n ** BigInt(shift) : this.digits;
    const denominator = shift >= 0 ? other.digits : other.digits * 10n ** BigInt(-shift);
    return bounded(divideHalfUp(numerator, denominator), DIVISION_SCALE)?.trimmed();
  }

  /** The whole part of the quotient, towards zero. */
  wholeDividedBy(other: Decimal): bigint | undefined {
    if (other.digits === 0n) return undefined;
    const scale = Math.max(this.scale, other.scale);
    return this.digitsAt(scale) / other.digitsAt(scale);
  }

  remainder(other: Decimal): Decimal | undefined {
    if (other.digits === 0n) return undefined;
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.digitsAt(scale) % other.digitsAt(scale), scale);
  }

  negated(): Decimal {
    return new Decimal(-this.digits, this.scale);
  }

  absolute(): Decimal {
    return this.digits < 0n ? this.negated() : this;
  }

  /** Negative, zero or positive, as for sorting. */
  compare(other: Decimal): number {
    const scale = Math.max(this.scale, other.scale);
    const left = this.digitsAt(scale);
    const right = other.digitsAt(scale);
    return left < right ? -1 : left > right ? 1 : 0;
  }

  /** To `scale` digits after the point; halves go away from zero. */
  rounded(scale: number): Decimal {
    if (scale >= this.scale) return this;
    return new Decimal(divideHalfUp(this.digits, 10n ** BigInt(this.scale - scale)), scale);
  }

  /** The largest (`floor`) or smallest (`ceiling`) number of that scale on that side, or the one towards zero. */
  towards(side: 'floor' | 'ceiling' | 'zero', scale = 0): Decimal {
    if (scale >= this.scale) return new Decimal(this.digitsAt(scale), scale);
    const unit = 10n ** BigInt(this.scale - scale);
    const whole = this.digits / unit;
    const exact = whole * unit === this.digits;
    if (exact || side === 'zero') return new Decimal(whole, scale);
    if (side === 'floor') return new Decimal(this.digits < 0n ? whole - 1n : whole, scale);
    return new Decimal(this.digits > 0n ? whole + 1n : whole, scale);
  }

  isWhole(): boolean {
    return this.scale === 0 || this.digits % 10n ** BigInt(this.scale) === 0n;
  }

  /** Without zeros at the end of the fraction. */
  trimmed(): Decimal {
    let { digits, scale } = this;
    while (scale > 0 && digits % 10n === 0n) {
      digits /= 10n;
      scale -= 1;
    }
    return scale === this.scale ? this : new Decimal(digits, scale);
  }

  digitsAt(scale: number): bigint {
    return scale === this.scale ? this.digits : this.digits * 10n ** BigInt(scale - this.scale);
  }

  toNumber(): number {
    return Number(this.toString());
  }

  override toString(): string {
    const negative = this.digits < 0n;
    const text = (negative ? -this.digits : this.digits).toString().padStart(this.scale + 1, '0');
    const point = text.length - this.scale;
    const number = this.scale === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`;
    return negative ? `-${number}` : number;
  }
}

const BOUND = 10n ** BigInt(DIGITS_MAX);

/** Drops digits far behind the point first; what is still too large has overflowed. */
function bounded(digits: bigint, scale: number): Decimal | undefined {
  let kept = digits;
  let places = scale;
  if (places > DIGITS_MAX / 2) {
    kept = divideHalfUp(kept, 10n ** BigInt(places - DIGITS_MAX / 2));
    places = DIGITS_MAX / 2;
  }
  return kept >= BOUND || kept <= -BOUND ? undefined : new Decimal(kept, places);
}

function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const top = numerator < 0n ? -numerator : numerator;
  const bottom = denominator < 0n ? -denominator : denominator;
  const quotient = (2n * top + bottom) / (2n * bottom);
  return negative ? -quotient : quotient;
}
