/**
 * The bytes of one message after the other, each `head`, then texts between commas, then `tail`. Text is encoded once,
 * right where it is sent from: joined and encoded later it would cost three times as much.
 */
export class MessageBody {
  readonly #maxBytes: number;
  readonly #tail: string;
  #bytes: Buffer;
  #end = 0;
  #isEmpty = true;

  /** @param maxBytes of a message; only a single text may make it larger. `tail` is ASCII. */
  constructor(maxBytes: number, tail: string) {
    this.#maxBytes = maxBytes;
    this.#tail = tail;
    this.#bytes = Buffer.allocUnsafe(maxBytes);
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  open(head: string): void {
    this.#end = 0;
    this.#isEmpty = true;
    this.#put(head);
  }

  /** False where there is no room for the text, unless it is the first. */
  add(text: string): boolean {
    const rest = this.#tail.length + 1;
    // A UTF-16 unit makes three bytes at most, so that only near the end they must be counted.
    if (this.#end + text.length * 3 + rest > this.#maxBytes) {
      const needed = this.#end + Buffer.byteLength(text) + rest;
      if (needed > this.#maxBytes && !this.#isEmpty) return false;
      if (needed > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], needed);
    }
    if (!this.#isEmpty) this.#bytes[this.#end++] = comma;
    this.#put(text);
    this.#isEmpty = false;
    return true;
  }

  /** A copy of what was put together. */
  close(): Buffer {
    this.#put(this.#tail);
    return Buffer.from(this.#bytes.subarray(0, this.#end));
  }

  #put(text: string): void {
    this.#end += this.#bytes.write(text, this.#end);
  }
}

const comma = 0x2c;
