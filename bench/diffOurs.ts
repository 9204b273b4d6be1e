// One diff by us in a process of its own: `diffOurs.ts FILE CHANGES NEXT [BASELINE]`. Prints what it took as JSON.
import { hash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { diffSnapshot } from '../shared/snapshot/diffSnapshot.ts';
import type { SnapshotRow } from '../shared/snapshot/snapshot.ts';
import { startMeter } from './diffMeter.ts';
import { closeAll, openNow, sink, source } from './syncFiles.ts';

const [file = '', changes = '', next = '', baseline] = process.argv.slice(2);

const meter = startMeter();
const out = openNow(changes, 'w');
const result = await diffSnapshot<SnapshotRow>(
  source(file),
  baseline === undefined ? undefined : { index: source(`${baseline}.index`), keys: source(`${baseline}.keys`) },
  { index: sink(`${next}.index`), keys: sink(`${next}.keys`) },
  { key: ['part_no'], encoding: 'utf-8', mapping: '1', seed: '5eed5eed5eed5eed', maxDeleteRatio: 0.1 },
  {
    map: (row) => ({ contentHash: hash('sha256', JSON.stringify(row.values)), change: row }),
    changed: (batch) => write(batch.map(({ kind, change }) => `${JSON.stringify({ kind, ...change })}\n`)),
    broken: (rows) => write(rows.map((row) => `${JSON.stringify(row)}\n`)),
    removed: (keys) => write(keys.map((key) => `${JSON.stringify({ kind: 'delete', key })}\n`)),
  },
);
closeAll();
const { inserted, updated, removed } = result;
console.log(JSON.stringify({ ...meter.stop(), inserted, updated, removed }));

function write(lines: readonly string[]): undefined {
  writeSync(out, lines.join(''));
}
