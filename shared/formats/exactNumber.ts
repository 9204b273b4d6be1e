import { NumberLiteral } from '../model/literal.ts';

/** A whole number as a number where that is exact, else as its literal. */
export function wholeNumber(value: number | bigint): number | NumberLiteral {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : new NumberLiteral(`${value}`);
}

/** A decimal number as text with all its digits: 1050 of scale 2 is `10.50`. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) {
    return `${unscaled * 10n ** BigInt(-scale)}`;
  }
  const isNegative = unscaled < 0n;
  const digits = `${isNegative ? -unscaled : unscaled}`.padStart(scale + 1, '0');
  return `${isNegative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The number that a float of 32 bits was written as: the shortest that reads as the same float. */
export function shortestFloat(value: number): number | string {
  if (!Number.isFinite(value)) {
    return `${value}`;
  }
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) {
      return short;
    }
  }
  return value;
}

/** JSON has no NaN and no infinities: these are texts, and no number field takes them. */
export function doubleOrText(value: number): number | string {
  return Number.isFinite(value) ? value : `${value}`;
}

/** Two's complement, the highest byte first. */
export function bigEndianInteger(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return hex === '' ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`));
}
