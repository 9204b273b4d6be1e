import { SqlError } from '../sqlError.ts';

/** The first three groups of a uniqueidentifier travel little-endian. */
function swapped(bytes: Buffer): Buffer {
  const swap = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).reverse();
  return Buffer.concat([swap(0, 4), swap(4, 6), swap(6, 8), bytes.subarray(8)]);
}

export function guidBytes(text: string): Buffer {
  return swapped(Buffer.from(text.replaceAll('-', ''), 'hex'));
}

export function guidText(bytes: Buffer): string {
  const hex = swapped(bytes).toString('hex').toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function toGuidText(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toUpperCase();
  throw new SqlError(8169, 'Conversion failed when converting from a character string to uniqueidentifier.');
}
