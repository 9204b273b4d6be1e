// Compares rows with what is known of their keys.
//
// event  8 B: kind u32 | row u32
import { allocate } from './memory';
import { PRINT, keyIsFirst, keys, prints, setKeyLength } from './fingerprints';
import { FAULT_NONE, FAULT_RAGGED, ROW, rowCount, rows } from './rows';
import {
  ABSENT,
  CONTENT_HASH,
  ROW_HASH,
  SLOT,
  UNKNOWN,
  addFresh,
  baseCount,
  directoryEntry,
  findBase,
  findFresh,
  guess,
  isSeen,
  markSeen,
} from './table';

const EVENT: usize = 8;
export const INSERT: u32 = 0;
export const UPDATE: u32 = 1;
export const REPEAT: u32 = 2;
export const BROKEN: u32 = 3;

let events: usize = 0;
let eventCount: u32 = 0;
let unchanged: u32 = 0;
let repeated: u32 = 0;
let unreadable: u32 = 0;
/** Keeps the first look at each slot from being optimized away. */
export let warmth: u64 = 0;

export function openCompare(limit: u32): void {
  events = allocate(EVENT * limit);
}

export function unchangedRows(): u32 {
  return unchanged;
}

export function repeatedRows(): u32 {
  return repeated;
}

/** Rows whose key can't be told. */
export function unreadableKeys(): u32 {
  return unreadable;
}

export function eventKind(event: u32): u32 {
  return load<u32>(events + <usize>event * EVENT);
}

export function eventRow(event: u32): u32 {
  return load<u32>(events + <usize>event * EVENT, 4);
}

@inline function put(kind: u32, row: u32): void {
  store<u64>(events + <usize>eventCount * EVENT, <u64>kind | (<u64>row << 32));
  eventCount++;
}

/** Rows whose slots are looked at ahead: so many cache lines, and pages of memory, are at hand at once. */
const AHEAD: u32 = 128;

/**
 * Looks at the baseline's slots of some rows before any is used. The addresses don't hang on one another, so that the
 * processor waits for many at once; without this the wait for memory is most of the comparison.
 */
function warm(from: u32, to: u32): void {
  if (baseCount == 0) return;
  let sum: u64 = 0;
  for (let r = from, print = prints + <usize>from * PRINT; r < to; r++, print += PRINT) {
    sum += load<u32>(directoryEntry(load<u64>(print)));
  }
  for (let r = from, print = prints + <usize>from * PRINT; r < to; r++, print += PRINT) {
    const slot = guess(load<u64>(print));
    sum += load<u64>(slot - SLOT) + load<u64>(slot + SLOT);
  }
  warmth = sum;
}

/** Compares the batch. How many events there are; of the keys, those of rows that were met first stay. */
export function compare(): u32 {
  eventCount = 0;
  kept = KEPT_ALL;
  for (let from: u32 = 0; from < rowCount; from += AHEAD) {
    const to = min(from + AHEAD, rowCount);
    warm(from, to);
    compareSome(from, to);
  }
  if (kept != KEPT_ALL) setKeyLength(kept);
  return eventCount;
}

/** Compares one row by itself, whose print has its hashes. */
export function compareOne(r: u32): u32 {
  eventCount = 0;
  compareRow(r, prints + <usize>r * PRINT);
  return eventCount;
}

export function addUnchanged(rows: u32): void {
  unchanged += rows;
}

const KEPT_ALL: u32 = 0xffffffff;
/** Where the next key is kept, once one was not. */
let kept: u32 = 0;

function compareSome(from: u32, to: u32): void {
  let row = rows + <usize>from * ROW;
  let print = prints + <usize>from * PRINT;
  for (let r = from; r < to; r++, print += PRINT, row += ROW) {
    const record = load<u64>(print, 24);
    const bytes = <u32>(record >> 32);
    const fault = load<u32>(row, 16);
    if (bytes == 0) {
      unreadable++;
      put(BROKEN, r);
      continue;
    }
    const isKept = fault == FAULT_NONE ? compareRow(r, print) : compareBroken(r, print, fault);
    if (!isKept) {
      if (kept == KEPT_ALL) kept = <u32>record;
    } else if (kept != KEPT_ALL) {
      memory.copy(keys + kept, keys + <u32>record, bytes);
      kept += bytes;
    }
  }
}

/** Whether the key is met for the first time. */
@inline function compareRow(r: u32, print: usize): bool {
  const key0 = load<u64>(print);
  const key1 = load<u64>(print, 8);
  const rowHash = load<u64>(print, ROW_HASH);
  let slot = findBase(key0, key1);
  if (slot != 0) {
    if (isSeen(slot)) {
      compareAgain(r, slot, rowHash);
      return false;
    }
    markSeen(slot);
    const before = load<u64>(slot, ROW_HASH);
    if (before == rowHash && rowHash != UNKNOWN) {
      unchanged++;
    } else {
      // The row's print keeps what was known, in case the row is refused.
      store<u64>(print, before, ROW_HASH);
      store<u64>(slot, rowHash, ROW_HASH);
      put(UPDATE, r);
    }
    return true;
  }
  slot = findFresh(key0, key1);
  if (slot == 0) {
    addFresh(key0, key1, rowHash);
    put(INSERT, r);
    return true;
  }
  if (load<u64>(slot, ROW_HASH) == ABSENT) {
    store<u64>(slot, rowHash, ROW_HASH);
    put(INSERT, r);
  } else {
    compareAgain(r, slot, rowHash);
  }
  return false;
}

/** A key that was met before in this file. Rows that differ make what is known of it unknown: see kernel.ts. */
function compareAgain(r: u32, slot: usize, rowHash: u64): void {
  if (load<u64>(slot, ROW_HASH) == rowHash && rowHash != UNKNOWN) {
    repeated++;
    return;
  }
  forget(slot);
  put(REPEAT, r);
}

/** A broken row stands for its key: what the baseline knows of it stays. Whether the key is met for the first time. */
function compareBroken(r: u32, print: usize, fault: u32): bool {
  put(BROKEN, r);
  const key0 = load<u64>(print);
  const key1 = load<u64>(print, 8);
  const slot = findBase(key0, key1);
  if (slot != 0) {
    if (isSeen(slot)) return false;
    markSeen(slot);
    return true;
  }
  // With a field too many or too few, what stands in the key's column may be no key at all.
  if (fault == FAULT_RAGGED && !keyIsFirst && findFresh(key0, key1) == 0) unreadable++;
  return false;
}

@inline function slotOf(event: u32): usize {
  const print = prints + <usize>eventRow(event) * PRINT;
  const key0 = load<u64>(print);
  const key1 = load<u64>(print, 8);
  const slot = findBase(key0, key1);
  return slot != 0 ? slot : findFresh(key0, key1);
}

/** Takes the content hash of a changed row. False: the content is what it was. */
export function accept(event: u32, contentLow: u32, contentHigh: u32): bool {
  const slot = slotOf(event);
  if (eventKind(event) == REPEAT) {
    forget(slot);
    return true;
  }
  const content = <u64>contentLow | (<u64>contentHigh << 32);
  const before = load<u64>(slot, CONTENT_HASH);
  store<u64>(slot, content, CONTENT_HASH);
  return before == UNKNOWN || before != content;
}

/** Refuses a changed row: what was known before stays. */
export function refuse(event: u32): void {
  const kind = eventKind(event);
  const slot = slotOf(event);
  if (kind == REPEAT) {
    forget(slot);
    return;
  }
  const before = load<u64>(prints + <usize>eventRow(event) * PRINT, ROW_HASH);
  store<u64>(slot, kind == INSERT ? ABSENT : before, ROW_HASH);
}

/** Of rows that compete nothing is known, whatever the first one's event has put into the slot since. */
@inline function forget(slot: usize): void {
  store<u64>(slot, UNKNOWN, ROW_HASH);
  store<u64>(slot, UNKNOWN, CONTENT_HASH);
}
