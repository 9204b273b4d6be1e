// The kernel's exports; kernel.ts says what each is for and in which order they are called.
import { openCompare } from './compare';
import { openFingerprints } from './fingerprints';
import { xxh64 } from './hash';
import { openInput } from './marks';
import { openRemovals } from './removals';
import { PLAIN, FIELD, ESCAPED, ROW, fields, openRows, rows } from './rows';
import { openSave } from './save';
import { openTexts } from './texts';

export { accept, compare, eventKind, eventRow, refuse, repeatedRows, unchangedRows, unreadableKeys } from './compare';
export {
  addKeyColumn,
  clearKeys,
  fingerprint,
  keyLength,
  keysAt,
  setHashedColumn,
  setHashedDialect,
  setSeeds,
} from './fingerprints';
export { buffered, discard, feed, inputAt, lineOf, mark, setDialect } from './marks';
export { findRemovals, removalBytes, removalStart, removalsFound, startRemovals } from './removals';
export { compact, cut, setColumnCount, skip } from './rows';
export { compareText, hashTexts, indexTexts, keyTextAt, passTexts, spansAt } from './texts';
export { outputAt, saveSlots, startSave } from './save';
export { countBase, countFresh, indexBase, openFresh, reserveBase, seenInBase, voidBase } from './table';

export function open(inputBytes: u32, maxRowBytes: u32, batchRows: u32, savedSlots: u32): void {
  openInput(inputBytes);
  openRows(batchRows, maxRowBytes);
  openFingerprints(inputBytes, batchRows);
  openCompare(batchRows);
  openRemovals(batchRows);
  openSave(savedSlots);
  openTexts(batchRows);
}

let hash: u64 = 0;

/** XXH64 of memory: its low half, and by `hashHigh` the other. */
export function hashLow(at: usize, bytes: u32, seedLow: u32, seedHigh: u32): u32 {
  hash = xxh64(at, bytes, <u64>seedLow | (<u64>seedHigh << 32));
  return <u32>hash;
}

export function hashHigh(): u32 {
  return <u32>(hash >> 32);
}

export function rowStart(row: u32): u32 {
  return load<u32>(rows + <usize>row * ROW);
}

export function rowEnd(row: u32): u32 {
  return load<u32>(rows + <usize>row * ROW, 4);
}

export function rowFields(row: u32): u32 {
  return load<u32>(rows + <usize>row * ROW, 12);
}

export function rowFault(row: u32): u32 {
  return load<u32>(rows + <usize>row * ROW, 16);
}

/** Whether no field of the row is in quotes. */
export function isPlain(row: u32): bool {
  return load<u32>(rows + <usize>row * ROW, 8) == PLAIN;
}

@inline function field(row: u32, column: u32): usize {
  return fields + <usize>(load<u32>(rows + <usize>row * ROW, 8) + column) * FIELD;
}

export function fieldStart(row: u32, column: u32): u32 {
  return load<u32>(field(row, column));
}

export function fieldEnd(row: u32, column: u32): u32 {
  return load<u32>(field(row, column), 4) & ~ESCAPED;
}

export function isEscaped(row: u32, column: u32): bool {
  return (load<u32>(field(row, column), 4) & ESCAPED) != 0;
}
