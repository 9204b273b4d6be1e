import { SqlError } from '../sqlError.ts';

/** An exact number as so many of its last digit: 12.5 to a scale of 4 is 125000. What is finer is rounded half up. */
export function toScaled(value: string | number | bigint, scale: number): bigint {
  const text = typeof value === 'number' ? plainText(value) : String(value).trim();
  const [, sign, whole = '', fraction = ''] = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') {
    throw new SqlError(8114, `Error converting data type nvarchar to numeric: '${text}'.`);
  }
  const digits = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  const rounded = (fraction[scale] ?? '0') >= '5' ? digits + 1n : digits;
  return sign === '-' ? -rounded : rounded;
}

/** 125000 to a scale of 4 is `12.5000`. */
export function scaledText(scaled: bigint, scale: number): string {
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return scaled < 0n ? `-${text}` : text;
}

function plainText(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20) : text;
}
