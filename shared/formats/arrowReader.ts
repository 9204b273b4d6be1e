import { zstdDecompressSync } from 'node:zlib';
import { CompressionType, compressionRegistry, type RecordBatch, RecordBatchReader, type Schema } from 'apache-arrow';
import { AdpError } from '../errors.ts';
import { setOwn } from '../model/json.ts';
import { arrowMessages } from './arrowMessages.ts';
import { arrowValues } from './arrowValue.ts';
import { damaged } from './damage.ts';
import { defaultMaxDepth, type FormatRow, pageRows, type ReadOptions } from './format.ts';
import { readLz4Frame } from './lz4Frame.ts';

const maxBufferBytes = 512 * 1024 * 1024;

compressionRegistry.set(CompressionType.ZSTD, {
  decode: (data) => zstdDecompressSync(data, { maxOutputLength: maxBufferBytes }),
});
compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: (data) => readLz4Frame(data, maxBufferBytes) });

/** The pages of rows. Throws what `arrow` says. */
export async function* readArrow(bytes: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<FormatRow[]> {
  const source = new Watched(bytes);
  const messages = arrowMessages(source);
  // The library's errors are plain ones; those of the source are not ours to change.
  const explain = (error: unknown) =>
    error instanceof AdpError || source.isOwnError(error)
      ? error
      : damaged(`The Arrow data are corrupt: ${error instanceof Error ? error.message : error}.`, error);
  try {
    const reader = await openReader(messages).catch((error: unknown) => {
      throw explain(error);
    });
    const columns = columnsOf(reader.schema);
    options.onSniffed?.({ format: 'arrow', columns });
    try {
      yield* readBatches(reader, columns, options.maxDepth ?? defaultMaxDepth);
    } catch (error) {
      throw explain(error);
    }
  } finally {
    // The library may leave its source open.
    await messages.return(undefined);
  }
}

async function openReader(messages: AsyncIterable<Uint8Array>): Promise<RecordBatchReader> {
  const reader = await RecordBatchReader.from(messages);
  await reader.open({ autoDestroy: true });
  return reader;
}

async function* readBatches(reader: RecordBatchReader, columns: readonly string[], maxDepth: number) {
  let row = 1;
  for await (const batch of reader) {
    yield* pagesOf(batch, columns, row, maxDepth);
    row += batch.numRows;
  }
}

function columnsOf(schema: Schema | undefined): string[] {
  if (!schema) {
    throw damaged('The Arrow data end too early: they have no schema.');
  }
  const columns = schema.fields.map(({ name }) => name);
  const repeated = columns.find((name, index) => columns.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw damaged(`The Arrow data have more than one column ${JSON.stringify(repeated)}.`);
  }
  return columns;
}

function* pagesOf(batch: RecordBatch, columns: readonly string[], firstRow: number, maxDepth: number) {
  const readers = batch.data.children.map((data) => arrowValues(data, maxDepth));
  for (let start = 0; start < batch.numRows; start += pageRows) {
    const rows: FormatRow[] = [];
    for (let index = start; index < Math.min(start + pageRows, batch.numRows); index += 1) {
      const values: Record<string, unknown> = {};
      for (const [at, name] of columns.entries()) {
        setOwn<unknown>(values, name, readers[at]?.(index));
      }
      rows.push({ row: firstRow + index, values });
    }
    yield rows;
  }
}

/** Knows its own errors again behind a library that lets them through. */
class Watched implements AsyncIterable<Uint8Array> {
  readonly #bytes: AsyncIterable<Uint8Array>;
  #error: unknown;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#bytes = bytes;
  }

  isOwnError(error: unknown): boolean {
    return error !== undefined && error === this.#error;
  }

  async *[Symbol.asyncIterator]() {
    try {
      yield* this.#bytes;
    } catch (error) {
      this.#error = error;
      throw error;
    }
  }
}
