import { pipeline, Readable } from 'node:stream';
import type { Gunzip, InflateRaw } from 'node:zlib';
import { damaged } from './damage.ts';
import { limitExceeded } from './limits.ts';

/** How much packed data may grow. A limit that is passed throws the error of `limitExceeded`. */
export interface UnpackLimits {
  /** Bytes in all. */
  readonly maxBytes: number;
  /**
   * Times the packed bytes, from 32 MiB on: tables shrink to a twentieth or so, a bomb to a thousandth. Default: no
   * limit.
   */
  readonly maxRatio?: number;
}

const leastForRatio = 32 * 1024 * 1024;

/**
 * The unpacked bytes of a stream that is `kind`.
 *
 * @throws AdpError DATA_ERROR when it is cut short, corrupt, or followed by something else; the error of
 * `limitExceeded` when it grows too much; an error of `bytes` itself passes through unchanged
 */
export async function* inflate(
  bytes: AsyncIterable<Uint8Array>,
  kind: string,
  unpacker: Gunzip | InflateRaw,
  { maxBytes, maxRatio = Number.POSITIVE_INFINITY }: UnpackLimits,
): AsyncGenerator<Uint8Array> {
  let packed = 0;
  async function* counted() {
    for await (const chunk of bytes) {
      packed += chunk.byteLength;
      yield chunk;
    }
  }
  const source = Readable.from(counted(), { objectMode: true });
  // The outcome is seen by whoever iterates over the unpacker; the callback only keeps the error from being uncaught.
  pipeline(source, unpacker, () => {});
  let total = 0;
  try {
    for await (const chunk of unpacker as AsyncIterable<Buffer>) {
      total += chunk.byteLength;
      if (total > maxBytes) {
        throw limitExceeded('bytes', maxBytes);
      }
      if (total > leastForRatio && total > packed * maxRatio) {
        throw limitExceeded('times the packed size', maxRatio);
      }
      yield chunk;
    }
  } catch (error) {
    if (isZlibError(error)) {
      const what = error.code === 'Z_BUF_ERROR' ? 'end too early' : 'are corrupt';
      throw damaged(`The ${kind} data ${what}.`, error);
    }
    throw error;
  } finally {
    source.destroy();
    unpacker.destroy();
  }
  // zlib ignores what follows the last member; it would hide a file that was written over or joined wrongly.
  if (unpacker.bytesWritten < packed) {
    throw damaged(`The ${kind} data are followed by ${packed - unpacker.bytesWritten} bytes of something else.`);
  }
  if (packed === 0) {
    throw damaged(`The ${kind} data end too early.`);
  }
}

function isZlibError(error: unknown): error is { readonly code: string } {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('Z_')
  );
}
