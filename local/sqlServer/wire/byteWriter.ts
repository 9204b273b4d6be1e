/** Bytes being put together, little-endian as TDS has them. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(4_096);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#length = this.#bytes.writeUInt8(value, this.#length);
    return this;
  }

  u16(value: number): this {
    return this.unsigned(value, 2);
  }

  u32(value: number): this {
    return this.unsigned(value, 4);
  }

  /** @param size in bytes, 1 to 6 */
  unsigned(value: number, size: number): this {
    this.#reserve(size);
    this.#length = this.#bytes.writeUIntLE(value, this.#length, size);
    return this;
  }

  signed(value: number, size: number): this {
    this.#reserve(size);
    this.#length = this.#bytes.writeIntLE(value, this.#length, size);
    return this;
  }

  i64(value: bigint): this {
    this.#reserve(8);
    this.#length = this.#bytes.writeBigInt64LE(value, this.#length);
    return this;
  }

  f32(value: number): this {
    this.#reserve(4);
    this.#length = this.#bytes.writeFloatLE(value, this.#length);
    return this;
  }

  f64(value: number): this {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** UTF-16, after its length in characters, which takes a byte (`B_VARCHAR`) or two (`US_VARCHAR`). */
  text(value: string, lengthSize: 1 | 2): this {
    return this.unsigned(value.length, lengthSize).bytes(Buffer.from(value, 'utf16le'));
  }

  /** Removes and returns the first bytes. */
  take(count: number): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, count));
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
    return taken;
  }

  takeAll(): Buffer {
    return this.take(this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
