/**
 * The values of a key record: a varint of its length, then the key columns' values, of which each but the last has a
 * varint of its own length before it. The side file of a baseline is nothing but such records.
 */
export function readKeyRecord(record: Buffer, columns: number): string[] {
  const values: string[] = [];
  let at = readVarint(record, 0).end;
  for (let column = 1; column < columns; column += 1) {
    const { value, end } = readVarint(record, at);
    values.push(record.toString('utf8', end, end + value));
    at = end + value;
  }
  values.push(record.toString('utf8', at));
  return values;
}

/** The record of a key of one column. */
export function writeKeyRecord(value: string): Buffer {
  const length: number[] = [];
  const bytes = Buffer.byteLength(value);
  let rest = bytes;
  for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest & 127) | 128);
  length.push(rest);
  const record = Buffer.allocUnsafe(length.length + bytes);
  record.set(length);
  record.write(value, length.length);
  return record;
}

function readVarint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  let shift = 0;
  for (let at = start; ; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128) {
      return { value, end: at + 1 };
    }
  }
}
