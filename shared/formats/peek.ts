/** A stream whose first bytes are known already. */
export interface PeekedStream {
  readonly start: Uint8Array;
  /** The whole stream, from its start. */
  readonly source: AsyncIterable<Uint8Array>;
  /** Closes what it comes from, where it is not going to be read. */
  close(): Promise<void>;
}

/** @param length of `start`, which is shorter only where the stream is */
export async function peek(bytes: AsyncIterable<Uint8Array>, length: number): Promise<PeekedStream> {
  const chunks: Uint8Array[] = [];
  const iterator = bytes[Symbol.asyncIterator]();
  let seen = 0;
  let isDone = false;
  while (seen < length && !isDone) {
    const { done, value } = await iterator.next();
    isDone = done === true;
    if (!done) {
      // A copy: who gave the chunk may use its memory again.
      chunks.push(Uint8Array.from(value));
      seen += value.byteLength;
    }
  }
  async function* replayed() {
    try {
      yield* chunks;
      while (!isDone) {
        const { done, value } = await iterator.next();
        isDone = done === true;
        if (!done) {
          yield value;
        }
      }
    } finally {
      await iterator.return?.();
    }
  }
  return {
    start: Buffer.concat(chunks).subarray(0, length),
    source: replayed(),
    close: async () => {
      await iterator.return?.();
    },
  };
}
