/** 64 bits that stand for bytes: two lanes of MurmurHash3 (its 32-bit form), each with a seed and constants of its own. */
export class ByteHash {
  /** Of the bytes that were taken last. */
  low = 0;
  high = 0;
  readonly #low: number;
  readonly #high: number;

  /** @param seed 16 hex digits */
  constructor(seed: string) {
    this.#low = Number.parseInt(seed.slice(0, 8), 16) | 0;
    this.#high = Number.parseInt(seed.slice(8, 16), 16) | 0;
  }

  take(bytes: Uint8Array, start: number, end: number): void {
    let low = this.#low;
    let high = this.#high;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word =
        (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
      low = step(low ^ scrambled(word, 0xcc9e2d51, 0x1b873593));
      high = step(high ^ scrambled(word, 0x239b961b, 0xab0e9789));
    }
    let rest = 0;
    for (let shift = 0; at < end; at += 1, shift += 8) rest |= (bytes[at] ?? 0) << shift;
    this.low = finished(low ^ scrambled(rest, 0xcc9e2d51, 0x1b873593) ^ (end - start));
    this.high = finished(high ^ scrambled(rest, 0x239b961b, 0xab0e9789) ^ (end - start));
  }
}

function scrambled(word: number, first: number, second: number): number {
  const mixed = Math.imul(word, first);
  return Math.imul((mixed << 15) | (mixed >>> 17), second);
}

function step(mixed: number): number {
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finished(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
