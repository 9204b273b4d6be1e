import type { Hash64 } from '../kernel.ts';
import { Word64, word } from './word64.ts';

const p1 = word('9e3779b185ebca87');
const p2 = word('c2b2ae3d27d4eb4f');
const p3 = word('165667b19e3779f9');
const p4 = word('85ebca77c2b2ae63');
const p5 = word('27d4eb2f165667c5');

const none: Hash64 = { low: 0, high: 0 };
const hash = new Word64();
const input = new Word64();
const lane = new Word64();
const laneA = new Word64();
const laneB = new Word64();
const laneC = new Word64();
const laneD = new Word64();

/** One step of a lane; `input` is used up. */
function round(to: Word64, value: Word64): Word64 {
  return to.add(value.multiply(p2)).rotate(31).multiply(p1);
}

function merge(from: Word64): void {
  hash
    .xor(round(lane.set(none), input.set(from)))
    .multiply(p1)
    .add(p4);
}

/** XXH64 of the bytes from `at` to `end`; as wasm/hash.as. */
export function xxh64(bytes: Uint8Array, at: number, end: number, seed: Hash64): Hash64 {
  const length = end - at;
  let from = at;
  if (length >= 32) {
    laneA.set(seed).add(p1).add(p2);
    laneB.set(seed).add(p2);
    laneC.set(seed);
    // Two's complement: less by a number is more by its inverse and one.
    laneD.set(seed).add({ low: ~p1.low, high: ~p1.high }).add({ low: 1, high: 0 });
    for (; from + 32 <= end; from += 32) {
      round(laneA, input.read(bytes, from));
      round(laneB, input.read(bytes, from + 8));
      round(laneC, input.read(bytes, from + 16));
      round(laneD, input.read(bytes, from + 24));
    }
    hash.set(input.set(laneA).rotate(1)).add(input.set(laneB).rotate(7));
    hash.add(input.set(laneC).rotate(12)).add(input.set(laneD).rotate(18));
    merge(laneA);
    merge(laneB);
    merge(laneC);
    merge(laneD);
  } else {
    hash.set(seed).add(p5);
  }
  hash.add({ low: length, high: 0 });
  for (; from + 8 <= end; from += 8) {
    hash
      .xor(round(lane.set(none), input.read(bytes, from)))
      .rotate(27)
      .multiply(p1)
      .add(p4);
  }
  if (from + 4 <= end) {
    hash
      .xor(input.read(bytes, from, 4).multiply(p1))
      .rotate(23)
      .multiply(p2)
      .add(p3);
    from += 4;
  }
  for (; from < end; from += 1) {
    hash
      .xor(input.read(bytes, from, 1).multiply(p5))
      .rotate(11)
      .multiply(p1);
  }
  return hash.fold(33).multiply(p2).fold(29).multiply(p3).fold(32).value();
}

const c1 = word('87c37b91114253d5');
const c2 = word('4cf5ad432745937f');
const five = word('0000000000000005');
const add1 = word('0000000052dce729');
const add2 = word('0000000038495ab5');
const finish1 = word('ff51afd7ed558ccd');
const finish2 = word('c4ceb9fe1a85ec53');
const h1 = new Word64();
const h2 = new Word64();

function mix1(bytes: Uint8Array, at: number, count: number): void {
  h1.xor(input.read(bytes, at, count).multiply(c1).rotate(31).multiply(c2));
}

function mix2(bytes: Uint8Array, at: number, count: number): void {
  h2.xor(input.read(bytes, at, count).multiply(c2).rotate(33).multiply(c1));
}

/** MurmurHash3 x64 128 of the bytes from `at` to `end`; a first word of zero becomes one; as wasm/hash.as. */
export function murmur128(bytes: Uint8Array, at: number, end: number, seed: Hash64): readonly [Hash64, Hash64] {
  const size = { low: end - at, high: 0 };
  let from = at;
  h1.set(seed);
  h2.set(seed);
  for (; from + 16 <= end; from += 16) {
    mix1(bytes, from, 8);
    h1.rotate(27).add(h2).multiply(five).add(add1);
    mix2(bytes, from + 8, 8);
    h2.rotate(31).add(h1).multiply(five).add(add2);
  }
  if (end - from > 8) mix2(bytes, from + 8, end - from - 8);
  if (end > from) mix1(bytes, from, Math.min(end - from, 8));
  h1.xor(size);
  h2.xor(size);
  h1.add(h2);
  h2.add(h1);
  h1.fold(33).multiply(finish1).fold(33).multiply(finish2).fold(33);
  h2.fold(33).multiply(finish1).fold(33).multiply(finish2).fold(33);
  h1.add(h2);
  h2.add(h1);
  if (h1.low === 0 && h1.high === 0) h1.low = 1;
  return [h1.value(), h2.value()];
}
