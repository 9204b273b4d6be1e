// Rows whose texts others have cut, found again by the hash of their text alone: who knows a row so needs not read it.
//
// finder  4 B an entry: number of a slot of the baseline, counted from 1, at the place of its row hash; open addressing.
// Half as many entries again as slots: 6 B a row. An entry stays where its slot's row hash changes: the slot decides.
import { allocate } from './memory';
import { addUnchanged, compareOne } from './compare';
import { PRINT, prints, rowSeed, keySeed } from './fingerprints';
import { murmur128, xxh64 } from './hash';
import { input } from './marks';
import { setRowCount } from './rows';
import { ABSENT, ROW_HASH, SLOT, UNKNOWN, base, baseCount, isSeen, markSeen } from './table';

const SPAN: usize = 8;
/** The longest key; kernel.ts has the same. */
const KEY_BYTES: u32 = 65536;
/** Rows that are looked for ahead, so that the processor waits for many cache lines at once. */
const AHEAD: u32 = 128;

let spans: usize = 0;
let key: usize = 0;
let count: u32 = 0;
let finder: usize = 0;
let finderSize: u32 = 0;
/** Keeps the first look at each entry from being optimized away. */
export let textWarmth: u64 = 0;

export function openTexts(rows: u32): void {
  spans = allocate(SPAN * rows);
  key = allocate(KEY_BYTES);
}

/** After `indexBase`, and before `openFresh`, whose memory must be the newest. */
export function indexTexts(): void {
  if (baseCount == 0) return;
  finderSize = baseCount + (baseCount >> 1) + 8;
  finder = allocate(<u64>finderSize << 2);
  for (let i: u32 = 0, slot = base; i < baseCount; i++, slot += SLOT) {
    const hash = load<u64>(slot, ROW_HASH);
    // No text has these.
    if (hash <= ABSENT) continue;
    let place = placeOf(hash);
    while (load<u32>(finder + (<usize>place << 2)) != 0) place = after(place);
    store<u32>(finder + (<usize>place << 2), i + 1);
  }
}

@inline function placeOf(hash: u64): u32 {
  return <u32>(((hash >> 32) * <u64>finderSize) >> 32);
}

@inline function after(place: u32): u32 {
  return place + 1 == finderSize ? 0 : place + 1;
}

/** The slot whose row has this text, or 0. */
@inline function find(hash: u64): usize {
  let place = placeOf(hash);
  let slot: usize = 0;
  do {
    const entry = load<u32>(finder + (<usize>place << 2));
    if (entry == 0) return 0;
    slot = base + <usize>(entry - 1) * SLOT;
    place = after(place);
  } while (load<u64>(slot, ROW_HASH) != hash);
  return slot;
}

export function spansAt(): usize {
  return spans;
}

export function keyTextAt(): usize {
  return key;
}

/** Hashes the texts of the spans; an empty one is not known. */
export function hashTexts(rows: u32): void {
  count = rows;
  setRowCount(rows);
  for (let from: u32 = 0; from < rows; from += AHEAD) {
    const to = min(from + AHEAD, rows);
    let span = spans + <usize>from * SPAN;
    let print = prints + <usize>from * PRINT;
    for (let r = from; r < to; r++, span += SPAN, print += PRINT) {
      const start = load<u32>(span);
      const bytes = load<u32>(span, 4) - start;
      const hash = xxh64(input + start, bytes, rowSeed);
      store<u64>(print, bytes == 0 ? UNKNOWN : hash <= ABSENT ? hash + 2 : hash, ROW_HASH);
    }
    if (baseCount != 0) warm(from, to);
  }
}

function warm(from: u32, to: u32): void {
  let sum: u64 = 0;
  for (let r = from, print = prints + <usize>from * PRINT; r < to; r++, print += PRINT) {
    sum += load<u32>(finder + (<usize>placeOf(load<u64>(print, ROW_HASH)) << 2));
  }
  for (let r = from, print = prints + <usize>from * PRINT; r < to; r++, print += PRINT) {
    const entry = load<u32>(finder + (<usize>placeOf(load<u64>(print, ROW_HASH)) << 2));
    if (entry != 0) sum += load<u64>(base + <usize>(entry - 1) * SLOT, ROW_HASH);
  }
  textWarmth = sum;
}

/** Passes rows by that the baseline has just so, from `row` on; the first one that it hasn't, or how many there are. */
export function passTexts(row: u32): u32 {
  if (baseCount == 0) return row;
  const first = row;
  for (let print = prints + <usize>row * PRINT; row < count; row++, print += PRINT) {
    const slot = find(load<u64>(print, ROW_HASH));
    if (slot == 0 || isSeen(slot)) break;
    markSeen(slot);
  }
  addUnchanged(row - first);
  return row;
}

/** Compares one row, whose key was put where `keyTextAt` says. How many events there are: one or none. */
export function compareText(row: u32, keyBytes: u32): u32 {
  murmur128(key, keyBytes, keySeed, prints + <usize>row * PRINT);
  return compareOne(row);
}
