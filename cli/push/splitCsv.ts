import { type Batch, comfortableBody } from './batch.ts';
import { BatchBuilder } from './batchBuilder.ts';
import { type CsvRow, CsvRows } from './csvRows.ts';

/**
 * Rows of CSV in batches, the header in front of each. Rows keep their text to the letter, so that the hub sees what the
 * file says, also where it is wrong.
 *
 * @throws AdpError DATA_ERROR for a row that no request can hold
 */
export async function* splitCsv(
  texts: AsyncIterable<string>,
  rowsPerBatch: number,
  bytesPerBatch: number = comfortableBody,
): AsyncGenerator<Batch> {
  const reader = new CsvRows();
  let builder: BatchBuilder | undefined;
  let lineEnd: string | undefined;

  function* add(rows: readonly CsvRow[]): Generator<Batch> {
    for (const { text, line } of rows) {
      const [ending] = /(?:\r\n|\n|\r)$/.exec(text) ?? [];
      lineEnd ??= ending ?? '\n';
      const row = ending === undefined ? text + lineEnd : text;
      if (builder === undefined) {
        builder = new BatchBuilder(row, rowsPerBatch, bytesPerBatch);
      } else {
        const full = builder.add(row, line);
        if (full !== undefined) yield full;
      }
    }
  }

  for await (const text of texts) yield* add(reader.push(text));
  yield* add(reader.end());
  const last = builder?.finish();
  if (last !== undefined) yield last;
}
