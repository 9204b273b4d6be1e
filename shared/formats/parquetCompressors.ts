import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Compressors } from 'hyparquet';
import { compressors as portable } from 'hyparquet-compressors';

/** How pages are unpacked: by Node where it can, else in JavaScript; never to more than the page says it has. */
export const compressors: Compressors = {
  ...portable,
  GZIP: (input, maxOutputLength) => gunzipSync(input, limit(maxOutputLength)),
  BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, limit(maxOutputLength)),
  ZSTD: (input, maxOutputLength) => zstdDecompressSync(input, limit(maxOutputLength)),
};

/** Node takes no limit of nothing. */
function limit(maxOutputLength: number): { maxOutputLength: number } {
  return { maxOutputLength: Math.max(1, maxOutputLength) };
}
