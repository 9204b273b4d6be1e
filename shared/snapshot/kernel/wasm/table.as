// What is known of each key: the slots of the baseline, in the order of their keys, and those that are new.
//
// slot  32 B: key hash u64 x2 | row hash u64 | content hash u64
// A row hash of UNKNOWN equals no row's; with ABSENT the slot counts for nothing.
//
// The baseline is a dense array in the order of its file, which is read straight into place. Hashes are spread evenly:
// a directory of eight slots an entry, and a guess within them, finds a key in two cache lines or so. That makes 32 B,
// half a byte and a bit a row; a hash table that is four fifths full would take 40 B.
// New slots are in a hash table with linear probing that keeps its slots in order, so that both merge into one file.
import { allocate, extend } from './memory';

export const SLOT: usize = 32;
export const ROW_HASH: usize = 16;
export const CONTENT_HASH: usize = 24;
export const UNKNOWN: u64 = 0;
export const ABSENT: u64 = 1;

export let base: usize = 0;
export let baseCount: u32 = 0;
export let directory: usize = 0;
let buckets: u32 = 0;
/** Slots a bucket, on average: 8. */
const BUCKET_SHIFT: u32 = 3;
let seen: usize = 0;
export let seenCount: u32 = 0;

/** Room for the slots of a baseline, which are then written there. */
export function reserveBase(count: u32): usize {
  baseCount = count;
  base = allocate(<u64>count * SLOT + SLOT);
  return base;
}

/** Says that the baseline can't be used. */
export function voidBase(): void {
  baseCount = 0;
}

/** Makes the directory. False, and the baseline void, where the slots are not in order. */
export function indexBase(): bool {
  if (baseCount == 0) return true;
  buckets = (baseCount >> BUCKET_SHIFT) + 1;
  directory = allocate(<u64>(buckets + 2) << 2);
  seen = allocate((baseCount >> 3) + 8);
  let bucket: u32 = 0;
  let before0: u64 = 0;
  let before1: u64 = 0;
  for (let i: u32 = 0, slot = base; i < baseCount; i++, slot += SLOT) {
    const key0 = load<u64>(slot);
    const key1 = load<u64>(slot, 8);
    if (key0 < before0 || key0 == 0 || (key0 == before0 && key1 <= before1 && i > 0)) {
      baseCount = 0;
      return false;
    }
    const own = bucketOf(key0);
    for (; bucket <= own; bucket++) store<u32>(directory + (<usize>bucket << 2), i);
    before0 = key0;
    before1 = key1;
  }
  for (; bucket <= buckets + 1; bucket++) store<u32>(directory + (<usize>bucket << 2), baseCount);
  return true;
}

@inline function bucketOf(key0: u64): u32 {
  return <u32>(((key0 >> 32) * <u64>buckets) >> 32);
}

@inline export function directoryEntry(key0: u64): usize {
  return directory + (<usize>bucketOf(key0) << 2);
}

/** The slot where a key should be, if its bucket's keys were spread evenly: it is one or two slots off. */
@inline export function guess(key0: u64): usize {
  const place = (key0 >> 32) * <u64>buckets;
  const entry = directory + (<usize>(place >> 32) << 2);
  const first = load<u32>(entry);
  const within = ((place & 0xffffffff) * <u64>(load<u32>(entry, 4) - first)) >> 32;
  return base + <usize>(first + <u32>within) * SLOT;
}

@inline function isAt(slot: usize, key0: u64, key1: u64): bool {
  return load<u64>(slot) == key0 && load<u64>(slot, 8) == key1;
}

/** The baseline's slot of a key, or 0. */
@inline export function findBase(key0: u64, key1: u64): usize {
  if (baseCount == 0) return 0;
  let slot = guess(key0);
  if (isAt(slot, key0, key1)) return slot;
  const end = base + <usize>baseCount * SLOT;
  if (slot < end && isBefore(slot, key0, key1)) {
    do slot += SLOT;
    while (slot < end && isBefore(slot, key0, key1));
  } else {
    while (slot > base && !isBefore(slot - SLOT, key0, key1)) slot -= SLOT;
  }
  return slot < end && isAt(slot, key0, key1) ? slot : 0;
}

@inline export function isSeen(slot: usize): bool {
  const i = <u32>((slot - base) >> 5);
  return <bool>((load<u32>(seen + (<usize>(i >> 5) << 2)) >> (i & 31)) & 1);
}

@inline export function markSeen(slot: usize): void {
  const i = <u32>((slot - base) >> 5);
  const word = seen + (<usize>(i >> 5) << 2);
  store<u32>(word, load<u32>(word) | (<u32>1 << (i & 31)));
  seenCount++;
}

// New keys. There is no wrap-around, so that slots stay in order from end to end: a cluster at the end runs into the
// spill, and the table grows before that is full. It is the newest allocation and grows in place.

let fresh: usize = 0;
let capacity: u32 = 0;
let spill: u32 = 0;
let freshCount: u32 = 0;
let growAt: u32 = 0;

export function openFresh(expected: u32): void {
  setCapacity(max<u32>(expected + (expected >> 2), 1024));
  fresh = allocate(freshBytes());
}

function setCapacity(slots: u32): void {
  capacity = slots;
  spill = 1024 + (slots >> 8);
  growAt = slots - (slots >> 3);
}

@inline function freshBytes(): u64 {
  return (<u64>capacity + spill) * SLOT;
}

@inline function home(key0: u64): usize {
  return fresh + <usize>(((key0 >> 32) * <u64>capacity) >> 32) * SLOT;
}

@inline function isBefore(slot: usize, key0: u64, key1: u64): bool {
  const own = load<u64>(slot);
  return own < key0 ? own != 0 : own == key0 && load<u64>(slot, 8) < key1;
}

/** The slot of a new key, or 0. */
export function findFresh(key0: u64, key1: u64): usize {
  const slot = place(key0, key1);
  return load<u64>(slot) == key0 && load<u64>(slot, 8) == key1 ? slot : 0;
}

/** Where a key is, or belongs. */
function place(key0: u64, key1: u64): usize {
  let slot = home(key0);
  while (isBefore(slot, key0, key1)) slot += SLOT;
  return slot;
}

/** Adds a key that is not there yet. Moves slots: an address found before is not one after. */
export function addFresh(key0: u64, key1: u64, rowHash: u64): void {
  if (freshCount >= growAt) grow();
  let slot = place(key0, key1);
  let gap = slot;
  while (load<u64>(gap) != 0) gap += SLOT;
  // The last slot stays empty: it is what ends a search.
  while (gap + 2 * SLOT >= fresh + <usize>freshBytes()) {
    grow();
    slot = place(key0, key1);
    gap = slot;
    while (load<u64>(gap) != 0) gap += SLOT;
  }
  memory.copy(slot + SLOT, slot, gap - slot);
  store<u64>(slot, key0);
  store<u64>(slot, key1, 8);
  store<u64>(slot, rowHash, ROW_HASH);
  store<u64>(slot, UNKNOWN, CONTENT_HASH);
  freshCount++;
}

@inline function move(to: usize, from: usize): void {
  const a = v128.load(from);
  const b = v128.load(from, 16);
  v128.store(to, a);
  v128.store(to, b, 16);
}

/** Half as many slots again. First all slots are moved to the end, in order, then each to its place from the start. */
function grow(): void {
  const oldEnd = fresh + <usize>freshBytes();
  setCapacity(capacity + (capacity >> 1));
  extend(fresh, freshBytes());
  const end = fresh + <usize>freshBytes();
  let to = end;
  for (let from = oldEnd; from > fresh; ) {
    from -= SLOT;
    if (load<u64>(from) != 0) {
      to -= SLOT;
      move(to, from);
    }
  }
  memory.fill(fresh, 0, to - fresh);
  let last = fresh - SLOT;
  for (let from = to; from < end; from += SLOT) {
    const at = max(home(load<u64>(from)), last + SLOT);
    // Only keys that are far from evenly spread would write ahead of what is read; hashes are not.
    if (at > from) unreachable();
    if (at != from) {
      move(at, from);
      store<u64>(from, 0);
    }
    last = at;
  }
}

@inline export function freshStart(): usize {
  return fresh;
}

@inline export function freshEnd(): usize {
  return fresh + <usize>freshBytes();
}

/** Slots that are new and count. */
export function countFresh(): u32 {
  let count: u32 = 0;
  for (let slot = fresh, end = freshEnd(); slot < end; slot += SLOT) {
    if (load<u64>(slot) != 0 && load<u64>(slot, ROW_HASH) != ABSENT) count++;
  }
  return count;
}

export function seenInBase(): u32 {
  return seenCount;
}

export function countBase(): u32 {
  return baseCount;
}
