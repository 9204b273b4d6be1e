/** Characters of a decimal once its exponent is written out: far more than any amount, far less than a bomb. */
export const maxDecimalLength = 400;

const canonical = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const literal = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/** True for the canonical form of a decimal: plain digits, an optional fraction, no exponent, no `+`, no padding. */
export function isDecimal(text: string): boolean {
  return text.length <= maxDecimalLength && canonical.test(text);
}

/**
 * The canonical form of a number as people and programs write it, without loss: `+007.50` is `7.50`, `.5` is `0.5`, `1e3`
 * is `1000`. Zeros after the point stay: they tell the precision. Null where the text is no number, or too long.
 */
export function toDecimal(text: string): string | null {
  if (text.length > maxDecimalLength) return null;
  if (canonical.test(text)) return text.charCodeAt(0) === minus ? withoutNegativeZero(text) : text;
  const match = literal.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponentText = '0'] = match;
  const digits = whole + fraction;
  if (digits === '') return null;
  const exponent = Number(exponentText);
  const point = whole.length + exponent;
  if (digits.length + Math.abs(exponent) > maxDecimalLength) return null;
  const head = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  const tail = point > 0 ? digits.slice(point) : '0'.repeat(-point) + digits;
  const plain = head.replace(/^0+(?=\d)/, '') + (tail === '' ? '' : `.${tail}`);
  return sign === '-' ? withoutNegativeZero(`-${plain}`) : plain;
}

/** The JS number equal to a canonical decimal; null where a JS number can't hold all its digits. */
export function toExactNumber(decimal: string): number | null {
  const number = Number(decimal);
  if (!Number.isFinite(number)) return null;
  const shortest = String(number);
  if (shortest === decimal) return number;
  const same = toDecimal(shortest);
  return same !== null && withoutTrailingZeros(same) === withoutTrailingZeros(decimal) ? number : null;
}

function withoutTrailingZeros(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}

function withoutNegativeZero(decimal: string): string {
  return /[1-9]/.test(decimal) ? decimal : decimal.slice(1);
}

const minus = 0x2d;
