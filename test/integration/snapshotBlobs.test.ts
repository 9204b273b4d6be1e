import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openBlobs } from '../../shared/store/blobs.ts';
import { snapshotBlobsIn } from '../../shared/store/snapshotBlobs.ts';
import type { SnapshotBlobs } from '../../shared/sync/diff/snapshotBlobs.ts';
import { type RunningStorage, startStorage } from '../helpers/storage.ts';

let storage: RunningStorage;
let blobs: SnapshotBlobs;
beforeAll(async () => {
  storage = await startStorage();
  const { connectionString } = storage;
  blobs = snapshotBlobsIn(openBlobs({ kind: 'connectionString', connectionString, insecure: true }).raw('snapshots'));
});
afterAll(async () => {
  await storage.stop();
});

const read = async (name: string) => {
  const chunks = await blobs.open(name);
  return chunks === undefined ? undefined : Buffer.concat(await Array.fromAsync(chunks));
};

test.each([0, 1, 4 * 1024 * 1024, 9_000_001])(
  'a blob of %d bytes, written in pieces of any size, is read as it was',
  async (size) => {
    const content = randomBytes(size);
    const writer = blobs.create(`size-${size}`);
    const memory = Buffer.alloc(700_001);
    for (let at = 0, piece = 1; at < size; at += piece, piece = Math.min(memory.length, piece * 7)) {
      const bytes = content.copy(memory, 0, at, at + piece);
      await writer.write(memory.subarray(0, bytes));
      // The memory is its owner's again.
      memory.fill(0);
    }
    expect(await read(`size-${size}`)).toBeUndefined();
    await writer.close();
    expect((await read(`size-${size}`))?.equals(content)).toBe(true);
  },
);

test('a blob can be replaced and removed, and removed twice', async () => {
  for (const text of ['first', 'second']) {
    const writer = blobs.create('twice');
    await writer.write(Buffer.from(text));
    await writer.close();
  }
  expect(String(await read('twice'))).toBe('second');
  await blobs.remove('twice');
  await blobs.remove('twice');
  expect(await read('twice')).toBeUndefined();
});
