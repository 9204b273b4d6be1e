import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { damaged } from './damage.ts';
import { limitExceeded } from './limits.ts';

/**
 * The unpacked bytes of a gzip stream (RFC 1952; several members one after another are one stream).
 *
 * @throws AdpError DATA_ERROR when it is cut short, corrupt, or followed by something else; the error of
 * `limitExceeded` when it unpacks to more than `maxBytes`; an error of `bytes` itself passes through unchanged
 */
export async function* gunzip(
  bytes: AsyncIterable<Uint8Array>,
  { maxBytes }: { readonly maxBytes: number },
): AsyncGenerator<Uint8Array> {
  let packed = 0;
  async function* counted() {
    for await (const chunk of bytes) {
      packed += chunk.byteLength;
      yield chunk;
    }
  }
  const unpacker = createGunzip();
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
      yield chunk;
    }
  } catch (error) {
    if (isZlibError(error)) {
      throw damaged(
        error.code === 'Z_BUF_ERROR' ? 'The gzip data end too early.' : 'The gzip data are corrupt.',
        error,
      );
    }
    throw error;
  } finally {
    source.destroy();
    unpacker.destroy();
  }
  // zlib ignores what follows the last member; it would hide a file that was written over or joined wrongly.
  if (unpacker.bytesWritten < packed) {
    throw damaged(`The gzip data are followed by ${packed - unpacker.bytesWritten} bytes of something else.`);
  }
  if (packed === 0) {
    throw damaged('The gzip data end too early.');
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
