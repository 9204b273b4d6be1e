// One diff of a file that is no CSV, in a process of its own: `diffRowsOurs.ts FILE NEXT [BASELINE]`. Prints what it took
// as JSON. The way of the product, from the file's name on; what is mapped is the row itself.
import { hash } from 'node:crypto';
import { basename } from 'node:path';
import { keyMapper } from '../cli/diff/keyMapper.ts';
import { openLocalFile } from '../cli/localFile.ts';
// Loaded now, for that is no part of a diff: the app loads it with its first Parquet file.
import '../shared/formats/parquetTexts.ts';
import { openFile } from '../shared/formats/openFile.ts';
import { compareFile, openCompared } from '../shared/sync/diff/compareFile.ts';
import { toRowText } from '../shared/sync/diff/rowText.ts';
import { startMeter } from './diffMeter.ts';
import { closeAll, pieces, sink, source } from './syncFiles.ts';

const [path = '', next = '', before] = process.argv.slice(2);

const meter = startMeter();
await using local = await openLocalFile(path);
const file = await openCompared({
  file: await openFile(basename(path), path.endsWith('.parquet') ? local : stream()),
  mapper: keyMapper(['part_no']),
  options: {},
});
const result = await compareFile<undefined>(
  file,
  before === undefined ? undefined : { index: source(`${before}.index`), keys: source(`${before}.keys`) },
  { index: sink(`${next}.index`), keys: sink(`${next}.keys`) },
  { encoding: file.encoding, mapping: '1', seed: '5eed5eed5eed5eed', maxDeleteRatio: 0.1 },
  {
    map: (row) => ({ contentHash: hash('sha256', toRowText(row.values)), change: undefined }),
    changed: () => undefined,
    broken: () => undefined,
    removed: () => undefined,
  },
);
closeAll();
const { read, unchanged, inserted, removed } = result;
console.log(JSON.stringify({ ...meter.stop(), read, unchanged, inserted, removed }));

async function* stream() {
  yield* pieces(path);
}
