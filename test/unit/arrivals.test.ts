import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { createArrivals } from '../../shared/arrivals.ts';
import type { BlobContainer, BlobStore } from '../../shared/store/blobs.ts';
import { testArrivals } from '../helpers/arrivals.ts';
import { testConfiguration } from '../helpers/configuration.ts';
import { memoryLog } from '../helpers/memoryLog.ts';

const notAsked = () => {
  throw new Error('Nobody should ask for that.');
};

test('a share that can not be read keeps nothing back of what lies in drops, and the scan says that it failed', async () => {
  const door = testArrivals();
  const lastModified = new Date(door.clock() - 3_600_000);
  const container: BlobContainer = {
    find: notAsked,
    async *list() {
      yield { name: 'acme/acme_part.csv', etag: '"1"', bytes: 1, lastModified, metadata: {} };
    },
    freeze: notAsked,
    stream: notAsked,
    range: notAsked,
    readState: notAsked,
    replace: notAsked,
    removeUnder: notAsked,
  };
  const blobs: BlobStore = { container: notAsked, large: () => container, raw: notAsked, probe: notAsked };
  const sent: string[] = [];
  const { log } = memoryLog();
  const arrivals = createArrivals({
    // A file is no folder.
    settings: {
      triggerMaxBytes: 1_000,
      scanSchedule: '',
      share: { kind: 'folder', folder: fileURLToPath(import.meta.url) },
    },
    openTable: door.tables.open,
    blobs,
    sources: testConfiguration().sources,
    stamps: door.stamps,
    running: door.deps,
    arrivals: { send: async ({ body }) => void sent.push(body.toString()) },
    diffs: { send: notAsked },
    clock: door.clock,
    log,
  });
  await expect(arrivals.scan()).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
  expect(sent).toEqual(['{"path":"acme/acme_part.csv"}']);
});
