import { expect, test } from '@jest/globals';
import { newRunId } from '../../shared/model/run.ts';
import { createSnapshots } from '../../shared/snapshots.ts';
import type { BlobStore } from '../../shared/store/blobs.ts';
import { runsIn } from '../../shared/store/runs.ts';
import { testArrivals } from '../helpers/arrivals.ts';
import { testConfiguration } from '../helpers/configuration.ts';
import { memoryLog } from '../helpers/memoryLog.ts';

const notAsked = () => {
  throw new Error('Nobody should ask for that.');
};

test('a snapshot of a dealer that is gone opens no run and makes no baseline: nothing would ever remove them', async () => {
  const door = testArrivals();
  const { dealers, sources } = testConfiguration(door.tables, door.clock);
  const container = {
    sizeOf: notAsked,
    readPiece: notAsked,
    stage: notAsked,
    commit: notAsked,
    remove: notAsked,
    removeUnder: notAsked,
  };
  const drops = {
    find: notAsked,
    list: notAsked,
    freeze: notAsked,
    stream: notAsked,
    range: notAsked,
    readState: notAsked,
    replace: notAsked,
    removeUnder: notAsked,
  };
  const blobs: BlobStore = { container: notAsked, large: () => drops, raw: () => container, probe: notAsked };
  const { log, lines } = memoryLog();
  const snapshots = createSnapshots({
    openTable: door.tables.open,
    blobs,
    dealers,
    sources,
    stamps: door.stamps,
    runs: runsIn(door.tables.open),
    records: { fingerprints: notAsked },
    running: door.deps,
    diffs: { send: notAsked },
    random: () => new Uint8Array(8),
    log,
  });
  const runId = newRunId('acme', new Date(door.clock()), 'aaaaaaaaaa');
  const message = {
    run_id: runId,
    dealer_id: 'acme',
    entity: 'part',
    source_id: null,
    drop: { path: 'acme/acme_part.csv', etag: '"1"', snapshot: 's', bytes: 1, name: 'acme_part.csv' },
    captured: '2026-01-31T12:00:00.000000000Z',
  };
  await snapshots.diff(message, 0);
  expect(await door.runs()).toEqual([]);
  expect(door.tables.texts()).toEqual([]);
  expect(lines.join()).toContain(runId);
});
