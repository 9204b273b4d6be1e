import { defineFormat } from './format.ts';

/**
 * Apache Arrow IPC, as a stream or as a file (Feather version 2), plain or compressed by LZ4 or zstd; a batch after
 * another, each of at most 512 MiB. Values are as those of `parquet`; times with a zone are UTC. A stream without its
 * end mark is one that was cut short.
 */
export const arrow = defineFormat({
  name: 'arrow',
  mediaTypes: [],
  extensions: ['arrow', 'feather'],
  needs: 'stream',
  isBinary: true,
  detect: (start) => /^(?:ARROW1|FEA1|\xff\xff\xff\xff)/.test(Buffer.from(start.subarray(0, 8)).toString('latin1')),
  async *read(bytes, options) {
    // The library is loaded only where there is an Arrow file: most starts of the app never see one.
    const { readArrow } = await import('./arrowReader.ts');
    yield* readArrow(bytes, options);
  },
});
