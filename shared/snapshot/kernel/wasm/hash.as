// The two published hash functions that an index is made of; plain/hashes.ts has the same.

const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;
const P3: u64 = 0x165667b19e3779f9;
const P4: u64 = 0x85ebca77c2b2ae63;
const P5: u64 = 0x27d4eb2f165667c5;

@inline function round(lane: u64, word: u64): u64 {
  return rotl<u64>(lane + word * P2, 31) * P1;
}

@inline function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * P1 + P4;
}

/** XXH64 of `length` bytes at `at`. */
export function xxh64(at: usize, length: u32, seed: u64): u64 {
  const end = at + length;
  let hash = seed + P5;
  if (length >= 32) {
    let a = seed + P1 + P2;
    let b = seed + P2;
    let c = seed;
    let d = seed - P1;
    const stop = end - 32;
    do {
      a = round(a, load<u64>(at));
      b = round(b, load<u64>(at, 8));
      c = round(c, load<u64>(at, 16));
      d = round(d, load<u64>(at, 24));
      at += 32;
    } while (at <= stop);
    hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18);
    hash = merge(merge(merge(merge(hash, a), b), c), d);
  }
  hash += length;
  for (; at + 8 <= end; at += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * P1 + P4;
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(at) * P1), 23) * P2 + P3;
    at += 4;
  }
  for (; at < end; at++) hash = rotl<u64>(hash ^ (<u64>load<u8>(at) * P5), 11) * P1;
  hash = (hash ^ (hash >> 33)) * P2;
  hash = (hash ^ (hash >> 29)) * P3;
  return hash ^ (hash >> 32);
}

const C1: u64 = 0x87c37b91114253d5;
const C2: u64 = 0x4cf5ad432745937f;

@inline function finish(h: u64): u64 {
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 33);
}

@inline function firstBytes(word: u64, count: u32): u64 {
  return count >= 8 ? word : word & ((<u64>1 << (count << 3)) - 1);
}

/**
 * MurmurHash3 x64 128 of `length` bytes at `at`, left as two words at `to`. May look at 15 bytes beyond, and ignores
 * them. A first word of zero becomes one: zero marks an empty slot.
 */
@inline export function murmur128(at: usize, length: u32, seed: u64, to: usize): void {
  let h1 = seed;
  let h2 = seed;
  let left = length;
  for (; left >= 16; left -= 16, at += 16) {
    h1 ^= rotl<u64>(load<u64>(at) * C1, 31) * C2;
    h1 = (rotl<u64>(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= rotl<u64>(load<u64>(at, 8) * C2, 33) * C1;
    h2 = (rotl<u64>(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  if (left > 8) h2 ^= rotl<u64>(firstBytes(load<u64>(at, 8), left - 8) * C2, 33) * C1;
  if (left > 0) h1 ^= rotl<u64>(firstBytes(load<u64>(at), left) * C1, 31) * C2;
  h1 ^= length;
  h2 ^= length;
  h1 += h2;
  h2 += h1;
  h1 = finish(h1);
  h2 = finish(h2);
  h1 += h2;
  h2 += h1;
  store<u64>(to, h1 ? h1 : 1);
  store<u64>(to, h2, 8);
}
