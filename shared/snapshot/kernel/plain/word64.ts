import type { Hash64 } from '../kernel.ts';

/** An unsigned 64-bit number that is changed in place: JavaScript's own are too narrow, and BigInt is slow. */
export class Word64 {
  low = 0;
  high = 0;

  set({ low, high }: Hash64): this {
    this.low = low | 0;
    this.high = high | 0;
    return this;
  }

  add(other: Hash64): this {
    const low = (this.low >>> 0) + (other.low >>> 0);
    this.high = (this.high + other.high + (low > 0xffffffff ? 1 : 0)) | 0;
    this.low = low | 0;
    return this;
  }

  xor(other: Hash64): this {
    this.low ^= other.low;
    this.high ^= other.high;
    return this;
  }

  multiply(other: Hash64): this {
    // The low halves' product has 64 bits: it is made of products of 16 bits.
    const a0 = this.low & 0xffff;
    const a1 = this.low >>> 16;
    const b0 = other.low & 0xffff;
    const b1 = other.low >>> 16;
    const cross0 = a0 * b1;
    const cross1 = a1 * b0;
    const middle = ((a0 * b0) >>> 16) + (cross0 & 0xffff) + (cross1 & 0xffff);
    const carried = a1 * b1 + (cross0 >>> 16) + (cross1 >>> 16) + (middle >>> 16);
    this.high = (carried + Math.imul(this.low, other.high) + Math.imul(this.high, other.low)) | 0;
    this.low = Math.imul(this.low, other.low);
    return this;
  }

  rotate(bits: number): this {
    const low = this.low;
    const high = this.high;
    const first = bits < 32 ? low : high;
    const second = bits < 32 ? high : low;
    const by = bits & 31;
    if (by === 0) {
      this.low = first;
      this.high = second;
    } else {
      this.low = (first << by) | (second >>> (32 - by));
      this.high = (second << by) | (first >>> (32 - by));
    }
    return this;
  }

  /** this ^ (this >>> bits) */
  fold(bits: number): this {
    if (bits < 32) {
      this.low ^= (this.low >>> bits) | (this.high << (32 - bits));
      this.high ^= this.high >>> bits;
    } else {
      this.low ^= this.high >>> (bits - 32);
    }
    return this;
  }

  /** The little-endian bytes at `at`, up to `count` of them, as a number. */
  read(bytes: Uint8Array, at: number, count = 8): this {
    this.low = readHalf(bytes, at, count);
    this.high = count > 4 ? readHalf(bytes, at + 4, count - 4) : 0;
    return this;
  }

  value(): Hash64 {
    return { low: this.low >>> 0, high: this.high >>> 0 };
  }
}

function readHalf(bytes: Uint8Array, at: number, count: number): number {
  // Beyond the end there is nothing, which counts as zero.
  const first = bytes[at] ?? 0;
  const second = count > 1 ? (bytes[at + 1] ?? 0) : 0;
  const third = count > 2 ? (bytes[at + 2] ?? 0) : 0;
  const fourth = count > 3 ? (bytes[at + 3] ?? 0) : 0;
  return first | (second << 8) | (third << 16) | (fourth << 24);
}

/** A constant, from its 16 hex digits. */
export function word(hex: string): Hash64 {
  return { high: Number.parseInt(hex.slice(0, 8), 16) | 0, low: Number.parseInt(hex.slice(8), 16) | 0 };
}
