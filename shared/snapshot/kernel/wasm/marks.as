// The input buffer, and where its delimiters, quotes and line ends are: one bit a byte, found 64 bytes at a time.
// Every position is an offset into the buffer.
//
// block of marks, 32 B for 64 B of input: line ends u64 | quotes u64 | delimiters u64 | first bytes of line ends u64
// (a CRLF has two line end bits and one first byte: that is what lines are counted by)
import { allocate } from './memory';

const BLOCK_SHIFT: u32 = 5;
export const LINE_ENDS: usize = 0;
export const QUOTES: usize = 8;
export const DELIMITERS: usize = 16;
const LINES: usize = 24;

export let input: usize = 0;
/** Bytes in the buffer. */
export let length: u32 = 0;
export let delimiter: u8 = 0;
export let quote: u8 = 0;
/** Whether a NUL was met anywhere so far; only then must each row be looked at. */
export let hasNul: bool = false;

let marks: usize = 0;
/** Lines before each block, counted from the start of the buffer; and before the buffer. */
let lineCounts: usize = 0;
let linesBefore: u32 = 1;

export function openInput(bytes: u32): void {
  const blocks = <u64>(bytes >> 6) + 4;
  input = allocate(<u64>bytes + 256);
  marks = allocate(blocks << BLOCK_SHIFT);
  lineCounts = allocate(blocks << 2);
}

export function setDialect(delimiterByte: u32, quoteByte: u32): void {
  delimiter = <u8>delimiterByte;
  quote = <u8>quoteByte;
}

export function inputAt(): usize {
  return input;
}

export function buffered(): u32 {
  return length;
}

/** Says that `bytes` more were put at the end. */
export function feed(bytes: u32): void {
  length += bytes;
}

/** Drops the first bytes of the buffer, which have been marked. */
export function drop(bytes: u32): void {
  linesBefore = lineOf(bytes);
  length -= bytes;
  memory.copy(input, input + bytes, length);
}

/** Drops the first bytes of a buffer that is not marked. */
export function discard(bytes: u32): void {
  length -= bytes;
  memory.copy(input, input + bytes, length);
}

@inline function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a)) |
    (<u64>(<u32>i8x16.bitmask(b)) << 16) |
    (<u64>(<u32>i8x16.bitmask(c)) << 32) |
    (<u64>(<u32>i8x16.bitmask(d)) << 48)
  );
}

/** Marks all that is in the buffer. */
export function mark(): void {
  const delimiters = i8x16.splat(<i8>delimiter);
  const quotes = i8x16.splat(<i8>quote);
  const lineFeeds = i8x16.splat(10);
  const returns = i8x16.splat(13);
  let lowest = i8x16.splat(-1);
  let returnBefore: u64 = 0;
  let lines: u32 = 0;
  let to = marks;
  let count = lineCounts;
  let at = input;
  const end = input + length;
  for (; at < end; at += 64, to += 32, count += 4) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    let feeds = bits(i8x16.eq(a, lineFeeds), i8x16.eq(b, lineFeeds), i8x16.eq(c, lineFeeds), i8x16.eq(d, lineFeeds));
    let quoted = bits(i8x16.eq(a, quotes), i8x16.eq(b, quotes), i8x16.eq(c, quotes), i8x16.eq(d, quotes));
    let cuts = bits(i8x16.eq(a, delimiters), i8x16.eq(b, delimiters), i8x16.eq(c, delimiters), i8x16.eq(d, delimiters));
    const ra = i8x16.eq(a, returns);
    const rb = i8x16.eq(b, returns);
    const rc = i8x16.eq(c, returns);
    const rd = i8x16.eq(d, returns);
    let carriage: u64 = 0;
    if (v128.any_true(v128.or(v128.or(ra, rb), v128.or(rc, rd)))) carriage = bits(ra, rb, rc, rd);
    const left = <u32>(end - at);
    if (left < 64) {
      const whole = (<u64>1 << left) - 1;
      feeds &= whole;
      quoted &= whole;
      cuts &= whole;
      carriage &= whole;
      for (let p = at; p < end; p++) if (load<u8>(p) == 0) hasNul = true;
    } else {
      lowest = i8x16.min_u(lowest, i8x16.min_u(i8x16.min_u(a, b), i8x16.min_u(c, d)));
    }
    const firsts = carriage | (feeds & ~((carriage << 1) | returnBefore));
    returnBefore = carriage >> 63;
    store<u64>(to, feeds | carriage, LINE_ENDS);
    store<u64>(to, quoted, QUOTES);
    store<u64>(to, cuts, DELIMITERS);
    store<u64>(to, firsts, LINES);
    store<u32>(count, lines);
    lines += <u32>popcnt<u64>(firsts);
  }
  memory.fill(to, 0, 32);
  store<u32>(count, lines);
  if (!i8x16.all_true(lowest)) hasNul = true;
}

/** The next mark of a kind at or after `at`, or `end`. */
@inline export function next(kind: usize, at: u32, end: u32): u32 {
  let block = at & ~63;
  let word = load<u64>(marks + (block >> 1) + kind) >> (at & 63);
  if (word) return min(at + <u32>ctz<u64>(word), end);
  for (block += 64; block < end; block += 64) {
    word = load<u64>(marks + (block >> 1) + kind);
    if (word) return min(block + <u32>ctz<u64>(word), end);
  }
  return end;
}

@inline function below(bit: u32): u64 {
  return (<u64>1 << bit) - 1;
}

/** Delimiters in `from`..`to`. */
@inline export function countDelimiters(from: u32, to: u32): u32 {
  let block = from & ~63;
  const last = to & ~63;
  let word = load<u64>(marks + (block >> 1) + DELIMITERS) & ~below(from & 63);
  let count: u32 = 0;
  while (block < last) {
    count += <u32>popcnt<u64>(word);
    block += 64;
    word = load<u64>(marks + (block >> 1) + DELIMITERS);
  }
  return count + <u32>popcnt<u64>(word & below(to & 63));
}

/** The line, counted from 1, in which the row that starts at `at` begins. */
export function lineOf(at: u32): u32 {
  const block = at >> 6;
  const inBlock = load<u64>(marks + (<usize>block << BLOCK_SHIFT) + LINES) & below(at & 63);
  return linesBefore + load<u32>(lineCounts + (<usize>block << 2)) + <u32>popcnt<u64>(inBlock);
}
