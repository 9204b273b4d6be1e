/** Reads a message from its beginning, little-endian as TDS has it. A RangeError says that it is too short. */
export class ByteReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  u16(): number {
    return this.unsigned(2);
  }

  u32(): number {
    return this.unsigned(4);
  }

  /** @param size in bytes, 1 to 6 */
  unsigned(size: number): number {
    return this.#bytes.readUIntLE(this.#advance(size), size);
  }

  signed(size: number): number {
    return this.#bytes.readIntLE(this.#advance(size), size);
  }

  i64(): bigint {
    return this.#bytes.readBigInt64LE(this.#advance(8));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#advance(8));
  }

  f32(): number {
    return this.#bytes.readFloatLE(this.#advance(4));
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  bytes(length: number): Buffer {
    const start = this.#advance(length);
    if (this.#position > this.#bytes.length) throw new RangeError('The message ends too early.');
    return this.#bytes.subarray(start, start + length);
  }

  /** UTF-16, after its length in characters, which takes so many bytes. */
  text(lengthSize: 1 | 2): string {
    return this.bytes(this.unsigned(lengthSize) * 2).toString('utf16le');
  }

  rest(): Buffer {
    return this.bytes(this.#bytes.length - this.#position);
  }

  #advance(count: number): number {
    const start = this.#position;
    this.#position += count;
    return start;
  }
}
