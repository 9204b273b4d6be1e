import type { Encoding } from './encoding.ts';
import { defineFormat, firstCharacter, pageRows } from './format.ts';
import { JsonReader } from './jsonReader.ts';
import { decodeUtf8 } from './text.ts';

/**
 * An array of objects: the root, or what `path` leads to; without a path also an object whose `records` is one. It is
 * read in slices, so that its size doesn't matter; what is around the rows, and a single row, may be 32 MiB.
 */
export const json = defineFormat({
  name: 'json',
  mediaTypes: ['application/json'],
  extensions: ['json'],
  needs: 'stream',
  detect: (start) => '[{'.includes(firstCharacter(start) || ' '),
  async *read(bytes, options) {
    let encoding: Encoding = 'utf-8';
    const reader = new JsonReader({
      ...options,
      onPath: (path) => options.onSniffed?.({ format: 'json', encoding, path }),
    });
    const blocks = decodeUtf8(bytes, {
      encoding: options.encoding,
      onEncoding: (taken) => {
        encoding = taken;
      },
    });
    for await (const block of blocks) {
      const rows = reader.push(block);
      for (let start = 0; start < rows.length; start += pageRows) {
        yield rows.slice(start, start + pageRows);
      }
    }
    yield reader.end();
  },
});
