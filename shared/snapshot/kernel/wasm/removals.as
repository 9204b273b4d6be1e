// Finds the keys that are in the baseline and were not seen: the baseline's key records pass by, and only those that
// hit a bit of the filter are looked up.
//
// removal  8 B: record offset u32 | record bytes u32, both of the input buffer
import { allocate } from './memory';
import { murmur128 } from './hash';
import { SLOT, base, baseCount, findBase, isSeen } from './table';

const FILTER_BITS: u32 = 1 << 22;
const REMOVAL: usize = 8;

let filter: usize = 0;
let removals: usize = 0;
let removalLimit: u32 = 0;
let removalCount: u32 = 0;
let seed: u64 = 0;
const hash: usize = memory.data(16);

export function openRemovals(limit: u32): void {
  filter = allocate(FILTER_BITS >> 3);
  removals = allocate(REMOVAL * limit);
  removalLimit = limit;
}

@inline function bitOf(key0: u64): u32 {
  return <u32>key0 & (FILTER_BITS - 1);
}

export function startRemovals(seedLow: u32, seedHigh: u32): void {
  seed = <u64>seedLow | (<u64>seedHigh << 32);
  for (let i: u32 = 0, slot = base; i < baseCount; i++, slot += SLOT) {
    if (isSeen(slot)) continue;
    const bit = bitOf(load<u64>(slot));
    const word = filter + (<usize>(bit >> 5) << 2);
    store<u32>(word, load<u32>(word) | (<u32>1 << (bit & 31)));
  }
}

/** Reads key records from `at` to `end`; how many bytes were whole records. Stops early when the list is full. */
export function findRemovals(at: usize, bytes: u32): u32 {
  const end = at + bytes;
  let record = at;
  removalCount = 0;
  while (record < end && removalCount < removalLimit) {
    let length: u32 = 0;
    let shift: u32 = 0;
    let byte: u32 = 128;
    let body = record;
    while (byte & 128 && body < end && shift < 35) {
      byte = load<u8>(body++);
      length |= (byte & 127) << shift;
      shift += 7;
    }
    if (byte & 128 || length > <u32>(end - body)) break;
    murmur128(body, length, seed, hash);
    const key0 = load<u64>(hash);
    const bit = bitOf(key0);
    const next = body + length;
    if ((load<u32>(filter + (<usize>(bit >> 5) << 2)) >> (bit & 31)) & 1) {
      const slot = findBase(key0, load<u64>(hash, 8));
      if (slot != 0 && !isSeen(slot)) {
        const removal = removals + <usize>removalCount * REMOVAL;
        store<u64>(removal, <u64>(<u32>(record - at)) | (<u64>(<u32>(next - record)) << 32));
        removalCount++;
      }
    }
    record = next;
  }
  return <u32>(record - at);
}

export function removalsFound(): u32 {
  return removalCount;
}

export function removalStart(removal: u32): u32 {
  return load<u32>(removals + <usize>removal * REMOVAL);
}

export function removalBytes(removal: u32): u32 {
  return load<u32>(removals + <usize>removal * REMOVAL, 4);
}
