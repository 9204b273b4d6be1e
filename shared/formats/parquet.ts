import { defineFormat } from './format.ts';

/**
 * Apache Parquet, a row group after another: it is held whole, column by column, and may have 64 Mi values and 512 MiB.
 * Of the values:
 * - decimals are text with all their digits; whole numbers that a double can't hold are `NumberLiteral`s
 * - dates, times and moments are ISO 8601 to the nanosecond; moments that are not said to be UTC have no zone
 * - UUIDs are text, JSON is what it holds, bytes are text where they are UTF-8, else base64
 * - lists are arrays, structs and maps are objects, nulls are null
 */
export const parquet = defineFormat({
  name: 'parquet',
  mediaTypes: [],
  extensions: ['parquet'],
  needs: 'random access',
  isBinary: true,
  detect: (start) => /^PAR[1E]/.test(Buffer.from(start.subarray(0, 4)).toString('latin1')),
  async *read(file, options) {
    // The library is loaded only where there is a Parquet file: most starts of the app never see one.
    const { readParquet } = await import('./parquetReader.ts');
    yield* readParquet(file, options);
  },
});
