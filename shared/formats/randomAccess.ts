import { limitExceeded } from './limits.ts';

/** Bytes that can be read at any place, such as a blob or an open file. */
export interface RandomAccess {
  readonly size: number;
  /** The bytes from `offset` on; always `length` of them, for the caller asks for none beyond `size`. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** What a format is read from: bytes as they come, or bytes at any place. */
export type ByteSource = AsyncIterable<Uint8Array> | RandomAccess;

/** Bytes that come as a stream are held whole for a format that needs them at any place; at most this many. */
export const maxHeldBytes = 256 * 1024 * 1024;

const pieceBytes = 256 * 1024;

export function isRandomAccess(source: ByteSource): source is RandomAccess {
  return !(Symbol.asyncIterator in source);
}

/** The bytes one after another. */
export async function* toStream(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (!isRandomAccess(source)) {
    yield* source;
    return;
  }
  for (let offset = 0; offset < source.size; offset += pieceBytes) {
    yield await source.read(offset, Math.min(pieceBytes, source.size - offset));
  }
}

/**
 * The bytes at any place.
 * @throws the error of `limitExceeded` when a stream has more than `maxHeldBytes`
 */
export async function toRandomAccess(source: ByteSource): Promise<RandomAccess> {
  if (isRandomAccess(source)) {
    return source;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > maxHeldBytes) {
      throw limitExceeded('bytes of a file that is held in memory', maxHeldBytes);
    }
    chunks.push(chunk);
  }
  return heldBytes(Buffer.concat(chunks, size));
}

export function heldBytes(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.byteLength,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}
