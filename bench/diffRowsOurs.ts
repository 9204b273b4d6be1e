// One diff of a file that is no CSV, in a process of its own: `diffRowsOurs.ts FILE NEXT [BASELINE]`. Prints what it took
// as JSON. The way of the product, from the file's name on; what is mapped is the row itself.
import { hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import { finished } from 'node:stream/promises';
import { keyMapper } from '../cli/diff/keyMapper.ts';
import { openLocalFile } from '../cli/localFile.ts';
// Loaded now, for that is no part of a diff: the app loads it with its first Parquet file.
import '../shared/formats/parquetTexts.ts';
import { openFile } from '../shared/formats/openFile.ts';
import { type ByteSink, sourceOf } from '../shared/snapshot/bytes.ts';
import { compareFile, openCompared } from '../shared/sync/diff/compareFile.ts';
import { toRowText } from '../shared/sync/diff/rowText.ts';
import { startMeter } from './diffMeter.ts';

const [path = '', next = '', before] = process.argv.slice(2);

const meter = startMeter();
await using local = await openLocalFile(path);
const file = await openCompared({
  file: await openFile(basename(path), local),
  mapper: keyMapper(['part_no']),
  options: {},
});
const index = sink(`${next}.index`);
const keys = sink(`${next}.keys`);
const result = await compareFile<undefined>(
  file,
  before === undefined
    ? undefined
    : { index: sourceOf(createReadStream(`${before}.index`)), keys: sourceOf(createReadStream(`${before}.keys`)) },
  { index, keys },
  { encoding: file.encoding, mapping: '1', seed: '5eed5eed5eed5eed', maxDeleteRatio: 0.1 },
  {
    map: (row) => ({ contentHash: hash('sha256', toRowText(row.values)), change: undefined }),
    changed: () => undefined,
    broken: () => undefined,
    removed: () => undefined,
  },
);
await Promise.all([index.close(), keys.close()]);
const { read, unchanged, inserted, removed } = result;
console.log(JSON.stringify({ ...meter.stop(), read, unchanged, inserted, removed }));

function sink(name: string): ByteSink & { close(): Promise<void> } {
  const stream = createWriteStream(name);
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => stream.write(bytes, (error) => (error ? reject(error) : resolve()))),
    close: () => finished(stream.end()),
  };
}
