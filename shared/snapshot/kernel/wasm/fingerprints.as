// The hashes of each row: of its key, by which it is found again, and of its values, by which it is compared.
//
// print 32 B: key hash u64 x2 | row hash u64 | key record offset u32 | key record bytes u32 (0: the key can't be read)
//
// A key record is what the side file of keys holds: a varint of its length, then the values of the key columns, of
// which each but the last has a varint of its own length before it.
import { allocate } from './memory';
import { murmur128, xxh64 } from './hash';
import { DELIMITERS, countDelimiters, delimiter, hasNul, input, next, quote } from './marks';
import {
  ESCAPED,
  FAULT_NONE,
  FAULT_NUL,
  FAULT_RAGGED,
  FIELD,
  PLAIN,
  ROW,
  columns,
  fields,
  rowCount,
  rows,
} from './rows';

export const PRINT: usize = 32;

export let prints: usize = 0;
export let keys: usize = 0;
export let keyBytes: u32 = 0;
/** Whether the key columns are the first ones: then a field too many or too few doesn't move them. */
export let keyIsFirst: bool = true;

export let keySeed: u64 = 0;
export let rowSeed: u64 = 0;
const keyColumns: usize = memory.data(4 * 64);
let keyCount: u32 = 0;
/** The columns in the order in which they are hashed, and the dialect in which. */
let order: usize = 0;
let hashedDelimiter: u8 = 0;
let hashedQuote: u8 = 0;
/** Whether rows are hashed in the order and dialect of the file: a row without quotes is then hashed as it is. */
let isAsWritten: bool = true;
let scratch: usize = 0;
/** Where the fields of a row without quotes are put when they are needed. */
let plainFields: usize = 0;

export function openFingerprints(inputBytes: u32, limit: u32): void {
  prints = allocate(PRINT * limit);
  // A key column may be named twice, and each row has the lengths besides.
  keys = allocate(<u64>inputBytes * 2 + <u64>limit * 512);
  scratch = allocate(<u64>inputBytes * 4 + 256);
}

export function setSeeds(keyLow: u32, keyHigh: u32, rowLow: u32, rowHigh: u32): void {
  keySeed = <u64>keyLow | (<u64>keyHigh << 32);
  rowSeed = <u64>rowLow | (<u64>rowHigh << 32);
}

export function addKeyColumn(column: u32): void {
  if (keyCount == 64) unreachable();
  if (column != keyCount) keyIsFirst = false;
  store<u32>(keyColumns + (<usize>keyCount << 2), column);
  keyCount++;
}

/** After `setColumnCount`. */
export function setHashedDialect(delimiterByte: u32, quoteByte: u32): void {
  order = allocate(<u64>columns << 2);
  plainFields = allocate(FIELD * <u64>columns);
  hashedDelimiter = <u8>delimiterByte;
  hashedQuote = <u8>quoteByte;
  isAsWritten = hashedDelimiter == delimiter && hashedQuote == quote;
}

/** `column` is the one that is hashed at `place`. */
export function setHashedColumn(place: u32, column: u32): void {
  if (place != column) isAsWritten = false;
  store<u32>(order + (<usize>place << 2), column);
}

export function keysAt(): usize {
  return keys;
}

export function keyLength(): u32 {
  return keyBytes;
}

export function setKeyLength(bytes: u32): void {
  keyBytes = bytes;
}

export function clearKeys(): void {
  keyBytes = 0;
}

@inline function putVarint(to: usize, value: u32): usize {
  while (value > 127) {
    store<u8>(to++, <u8>(value | 128));
    value >>= 7;
  }
  store<u8>(to, <u8>value);
  return to + 1;
}

/** Copies up to 32 bytes in two steps; buffers have room behind them for what is copied too much. */
@inline function copy(to: usize, from: usize, bytes: u32): void {
  if (bytes <= 32) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    v128.store(to, a);
    v128.store(to, b, 16);
  } else {
    memory.copy(to, from, bytes);
  }
}

/** Copies a field's value; where that ends. `toAndFlag` as in a field. */
@inline function copyValue(to: usize, from: u32, toAndFlag: u32): usize {
  const bytes = (toAndFlag & ~ESCAPED) - from;
  if (toAndFlag & ESCAPED) return copyEscaped(to, input + from, bytes);
  copy(to, input + from, bytes);
  return to + bytes;
}

function copyEscaped(to: usize, from: usize, bytes: u32): usize {
  for (const end = from + bytes; from < end; from++) {
    const byte = load<u8>(from);
    store<u8>(to++, byte);
    if (byte == quote) from++;
  }
  return to;
}

/** A field of a row: start in the low half, end and flag in the high one. */
@inline function fieldOf(row: usize, column: u32): u64 {
  const first = load<u32>(row, 8);
  if (first != PLAIN) return load<u64>(fields + <usize>(first + column) * FIELD);
  let from = load<u32>(row);
  const rowEnd = load<u32>(row, 4);
  for (let i: u32 = 0; i < column; i++) from = next(DELIMITERS, from, rowEnd) + 1;
  return <u64>from | (<u64>next(DELIMITERS, from, rowEnd) << 32);
}

/** Puts the key record of a row at `to`; where it ends. */
@inline function putKey(row: usize, to: usize): usize {
  if (keyCount == 1) {
    const field = fieldOf(row, load<u32>(keyColumns));
    const end = <u32>(field >> 32);
    if (!(end & ESCAPED)) return copyValue(putVarint(to, end - <u32>field), <u32>field, end);
  }
  return putJoinedKey(row, to);
}

function putJoinedKey(row: usize, to: usize): usize {
  // A length's own length is known only after the value: values are put behind the room for the longest, then moved.
  const body = to + 5;
  let end = body;
  for (let k: u32 = 0; k < keyCount; k++) {
    const field = fieldOf(row, load<u32>(keyColumns + (<usize>k << 2)));
    if (k + 1 == keyCount) {
      end = copyValue(end, <u32>field, <u32>(field >> 32));
    } else {
      const value = end + 5;
      const bytes = <u32>(copyValue(value, <u32>field, <u32>(field >> 32)) - value);
      const at = putVarint(end, bytes);
      memory.copy(at, value, bytes);
      end = at + bytes;
    }
  }
  const bytes = <u32>(end - body);
  const at = putVarint(to, bytes);
  memory.copy(at, body, bytes);
  return at + bytes;
}

/** The fields of a row, all of them. */
function fieldsOf(row: usize): usize {
  const first = load<u32>(row, 8);
  if (first != PLAIN) return fields + <usize>first * FIELD;
  let from = load<u32>(row);
  const rowEnd = load<u32>(row, 4);
  for (let column: u32 = 0; column < columns; column++) {
    const end = next(DELIMITERS, from, rowEnd);
    store<u64>(plainFields + <usize>column * FIELD, <u64>from | (<u64>end << 32));
    from = end + 1;
  }
  return plainFields;
}

@inline function mustQuote(from: usize, end: usize): bool {
  if (end > from && load<u8>(from) == hashedQuote) return true;
  for (; from < end; from++) {
    const byte = load<u8>(from);
    if (byte == hashedDelimiter || byte == 10 || byte == 13) return true;
  }
  return false;
}

/**
 * Writes a row in the hashed order and dialect, with the fewest quotes, into the scratch memory: rows of equal values
 * become equal bytes, however they were written. How many bytes.
 */
function rewrite(row: usize): u32 {
  const first = fieldsOf(row);
  let to = scratch;
  for (let place: u32 = 0; place < columns; place++) {
    const column = load<u32>(order + (<usize>place << 2));
    const field = load<u64>(first + <usize>column * FIELD);
    const end = copyValue(to, <u32>field, <u32>(field >> 32));
    to = mustQuote(to, end) ? quoteInPlace(to, end) : end;
    store<u8>(to++, hashedDelimiter);
  }
  return <u32>(to - 1 - scratch);
}

/** Puts `from`..`end` into quotes, from its end on; where that ends. */
function quoteInPlace(from: usize, end: usize): usize {
  let extra: usize = 2;
  for (let p = from; p < end; p++) if (load<u8>(p) == hashedQuote) extra++;
  const after = end + extra;
  let to = after;
  store<u8>(--to, hashedQuote);
  for (let p = end; p > from; ) {
    const byte = load<u8>(--p);
    store<u8>(--to, byte);
    if (byte == hashedQuote) store<u8>(--to, byte);
  }
  store<u8>(--to, hashedQuote);
  return after;
}

/** The hash of a row's values. Zero and one say something else in a slot. */
@inline function hashRow(row: usize): u64 {
  const start = load<u32>(row);
  const hash =
    isAsWritten && load<u32>(row, 8) == PLAIN
      ? xxh64(input + start, load<u32>(row, 4) - start, rowSeed)
      : xxh64(scratch, rewrite(row), rowSeed);
  return hash < 2 ? hash + 2 : hash;
}

function hasNulIn(row: usize): bool {
  for (let p = input + load<u32>(row), end = input + load<u32>(row, 4); p < end; p++) {
    if (load<u8>(p) == 0) return true;
  }
  return false;
}

@inline function isKeyReadable(row: usize): bool {
  const count = load<u32>(row, 12);
  for (let k: u32 = 0; k < keyCount; k++) {
    if (load<u32>(keyColumns + (<usize>k << 2)) >= count) return false;
  }
  return !hasNul || !hasNulInKey(row);
}

/** A key with a NUL is no key: which one was meant can't be told. */
function hasNulInKey(row: usize): bool {
  for (let k: u32 = 0; k < keyCount; k++) {
    const field = fieldOf(row, load<u32>(keyColumns + (<usize>k << 2)));
    for (let p = <u32>field, end = <u32>(field >> 32) & ~ESCAPED; p < end; p++) {
      if (load<u8>(input + p) == 0) return true;
    }
  }
  return false;
}

/** Finds each row's faults, and hashes its key, where there is one to read, and its values, where they are good. */
export function fingerprint(): void {
  let key = keys + keyBytes;
  let row = rows;
  let print = prints;
  for (let r: u32 = 0; r < rowCount; r++, row += ROW, print += PRINT) {
    let fault = load<u32>(row, 16);
    if (fault == FAULT_NONE && load<u32>(row, 12) != columns) fault = FAULT_RAGGED;
    if (fault == FAULT_NONE && hasNul && hasNulIn(row)) fault = FAULT_NUL;
    if (fault != FAULT_NONE) {
      store<u32>(row, fault, 16);
      if (!isKeyReadable(row)) {
        store<u64>(print, 0, 24);
        continue;
      }
    } else {
      store<u64>(print, hashRow(row), 16);
    }
    const end = putKey(row, key);
    let body = key;
    while (load<u8>(body++) & 128) {}
    murmur128(body, <u32>(end - body), keySeed, print);
    store<u64>(print, <u64>(<u32>(key - keys)) | (<u64>(<u32>(end - key)) << 32), 24);
    key = end;
  }
  keyBytes = <u32>(key - keys);
}
