/**
 * Bytes in order, read into the reader's own memory.
 * `read` puts at least one byte at the start of `into` and says how many; 0 only at the end. It keeps no hold of `into`.
 */
export interface ByteSource {
  read(into: Uint8Array): number | Promise<number>;
}

/** Takes bytes in order. They are the writer's memory, to be used before `write` is done, never after. */
export interface ByteSink {
  write(bytes: Uint8Array): undefined | Promise<void>;
}

/** Chunks of a stream, of any size, as a source. */
export function sourceOf(chunks: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  return {
    async read(into) {
      while (rest.length === 0) {
        const next = await iterator.next();
        if (next.done) {
          return 0;
        }
        rest = next.value;
      }
      const bytes = Math.min(rest.length, into.length);
      into.set(rest.subarray(0, bytes));
      rest = rest.subarray(bytes);
      return bytes;
    },
  };
}

/** Reads until `into` is full or the source has ended; how many bytes. */
export async function readFully(source: ByteSource, into: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const bytes = await source.read(into.subarray(filled));
    if (bytes === 0) {
      break;
    }
    filled += bytes;
  }
  return filled;
}
