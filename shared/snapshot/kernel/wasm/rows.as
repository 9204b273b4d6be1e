// Cuts the marked input into rows, by the rules of shared/formats/csvScanner.ts.
//
// row   20 B: start u32 | end u32 | first field u32 (PLAIN: no quote in the row) | fields u32 | fault u32
// field  8 B: start u32 | end u32 (top bit: quotes within it are doubled); only rows with quotes have theirs kept
import { allocate } from './memory';
import { DELIMITERS, LINE_ENDS, QUOTES, countDelimiters, delimiter, drop, input, length, next, quote } from './marks';

export const ROW: usize = 20;
export const FIELD: usize = 8;
export const PLAIN: u32 = 0xffffffff;
export const ESCAPED: u32 = 0x80000000;

export const FAULT_NONE: u32 = 0;
export const FAULT_RAGGED: u32 = 1;
export const FAULT_NUL: u32 = 2;
export const FAULT_TEXT_AFTER_QUOTE: u32 = 3;
export const FAULT_UNCLOSED: u32 = 4;
export const FAULT_TOO_LONG: u32 = 5;

const MORE: u32 = 0xffffffff;
const SPARE_FIELDS: u32 = 1 << 16;

export let rows: usize = 0;
export let rowCount: u32 = 0;
export let fields: usize = 0;
/** Fields of the header. */
export let columns: u32 = 0;

let rowLimit: u32 = 0;
let fieldCount: u32 = 0;
let maxRowBytes: u32 = 0;
/** Where the row begins that is to be cut next. */
let position: u32 = 0;
/** The next quote at or after `position`, as far as it was looked for. */
let nextQuote: u32 = 0;
/** Whether `position` is within a line that was given up. */
let isSkipping: bool = false;

export function openRows(limit: u32, maxBytes: u32): void {
  rowLimit = limit;
  maxRowBytes = maxBytes;
  rows = allocate(ROW * limit);
}

/** Says that the batch has rows that were cut by others. */
export function setRowCount(count: u32): void {
  rowCount = count;
}

export function setColumnCount(count: u32): void {
  columns = count;
  fields = allocate(FIELD * (<u64>SPARE_FIELDS + count + 2));
}

/** Leaves out what is before the rows: a byte order mark, the header. */
export function skip(bytes: u32): void {
  position += bytes;
}

/** Makes room in the buffer: drops the rows that were cut. */
export function compact(): void {
  drop(position);
  position = 0;
}

@inline function isLineEnd(byte: u8): bool {
  return byte == 10 || byte == 13;
}

/** Where the next line begins after the line end at `at`. */
@inline function afterLineEnd(at: u32): u32 {
  return load<u8>(input + at) == 13 && at + 1 < length && load<u8>(input + at + 1) == 10 ? at + 2 : at + 1;
}

@inline function put(start: u32, end: u32, first: u32, count: u32, fault: u32): void {
  const row = rows + rowCount * ROW;
  store<u32>(row, start);
  store<u32>(row, end, 4);
  store<u32>(row, first, 8);
  store<u32>(row, count, 12);
  store<u32>(row, fault, 16);
  rowCount++;
}

@inline function putField(from: u32, toAndFlag: u32): void {
  store<u64>(fields + fieldCount * FIELD, <u64>from | (<u64>toAndFlag << 32));
  fieldCount++;
}

/**
 * Cuts rows until the batch is full or the buffer has no whole row any more: then none is left (0), and more input is
 * wanted. `isLast`: no input comes after this.
 */
export function cut(isLast: bool): u32 {
  rowCount = 0;
  fieldCount = 0;
  // An LF may follow a CR: it is no line end before that is known.
  const end = !isLast && length > 0 && load<u8>(input + length - 1) == 13 ? length - 1 : length;
  let at = position;
  nextQuote = next(QUOTES, at, end);
  while (at < end && rowCount < rowLimit && fieldCount < SPARE_FIELDS) {
    const lineEnd = next(LINE_ENDS, at, end);
    const hasLine = lineEnd < end || isLast;
    if (isSkipping) {
      isSkipping = !hasLine;
      at = lineEnd < end ? afterLineEnd(lineEnd) : end;
      continue;
    }
    if (lineEnd == at) {
      at = afterLineEnd(at);
      continue;
    }
    if (nextQuote < at) nextQuote = next(QUOTES, at, end);
    let outcome: u32;
    if (nextQuote < lineEnd) {
      outcome = cutQuoted(at, end, isLast);
    } else if (lineEnd - at > maxRowBytes) {
      outcome = giveUp(at, FAULT_TOO_LONG, 0, 0, end, isLast);
    } else if (hasLine) {
      put(at, lineEnd, PLAIN, countDelimiters(at, lineEnd) + 1, FAULT_NONE);
      outcome = lineEnd < end ? afterLineEnd(lineEnd) : end;
    } else {
      outcome = MORE;
    }
    if (outcome == MORE) break;
    at = outcome;
  }
  position = at;
  return rowCount;
}

/** Cuts a row with a quote somewhere in it, field by field. Where the next row begins, or MORE. */
function cutQuoted(start: u32, end: u32, isLast: bool): u32 {
  const first = fieldCount;
  let count: u32 = 0;
  let at = start;
  while (true) {
    let from = at;
    let to: u32;
    if (at < end && load<u8>(input + at) == quote) {
      let flag: u32 = 0;
      to = next(QUOTES, at + 1, end);
      while (to + 1 < end && load<u8>(input + to + 1) == quote) {
        flag = ESCAPED;
        to = next(QUOTES, to + 2, end);
      }
      if (to >= end) {
        if (isLast) return giveUp(start, FAULT_UNCLOSED, first, count, end, isLast);
        return more(start, first, count, end);
      }
      from++;
      at = to + 1;
      while (delimiter != 32 && at < end && load<u8>(input + at) == 32) at++;
      to |= flag;
    } else {
      at = min(next(DELIMITERS, at, end), next(LINE_ENDS, at, end));
      to = at;
    }
    if (at == end && !isLast) return more(start, first, count, end);
    if (at - start > maxRowBytes) return giveUp(start, FAULT_TOO_LONG, first, count, end, isLast);
    const isEnd = at == end || isLineEnd(load<u8>(input + at));
    if (!isEnd && load<u8>(input + at) != delimiter) {
      return giveUp(start, FAULT_TEXT_AFTER_QUOTE, first, count, end, isLast);
    }
    // One more than there should be shows that the row is ragged; of the rest nothing is needed.
    if (count <= columns) putField(from, to);
    count++;
    if (isEnd) {
      put(start, at, first, count, FAULT_NONE);
      return at < end ? afterLineEnd(at) : end;
    }
    at++;
  }
}

@inline function more(start: u32, first: u32, count: u32, end: u32): u32 {
  if (end - start > maxRowBytes) return giveUp(start, FAULT_TOO_LONG, first, count, end, false);
  fieldCount = first;
  return MORE;
}

/** Gives up the line on which a row starts: what follows may be good rows, and an open quote must not swallow them. */
function giveUp(start: u32, fault: u32, first: u32, count: u32, end: u32, isLast: bool): u32 {
  const lineEnd = next(LINE_ENDS, start, end);
  if (lineEnd == end && !isLast) {
    if (end - start <= maxRowBytes) {
      fieldCount = first;
      return MORE;
    }
    isSkipping = true;
  }
  put(start, lineEnd, first, count, fault);
  return lineEnd < end ? afterLineEnd(lineEnd) : end;
}
