/** A stream of bytes that is taken in pieces of the taker's own sizes. */
export class ByteQueue {
  readonly #bytes: AsyncIterator<Uint8Array>;
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#bytes = bytes[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, or fewer where the stream ends before; their memory is the caller's. */
  async take(length: number): Promise<Buffer> {
    while (this.#length < length) {
      const { done, value } = await this.#bytes.next();
      if (done) {
        break;
      }
      this.#chunks.push(value);
      this.#length += value.byteLength;
    }
    const all = Buffer.concat(this.#chunks, this.#length);
    const rest = all.subarray(length);
    this.#chunks = [rest];
    this.#length = rest.byteLength;
    return Buffer.from(all.subarray(0, length));
  }

  async close(): Promise<void> {
    await this.#bytes.return?.();
  }
}
