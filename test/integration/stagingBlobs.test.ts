import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type BlobContainer, openBlobs, type RawBlobs } from '../../shared/store/blobs.ts';
import { stagingBlobsIn } from '../../shared/store/stagingBlobs.ts';
import type { StagingBlobs } from '../../shared/sync/poll/stagingBlobs.ts';
import { until } from '../helpers/poll.ts';
import { type RunningStorage, startStorage } from '../helpers/storage.ts';

let storage: RunningStorage;
let raw: RawBlobs;
let drops: BlobContainer;
let blobs: StagingBlobs;
beforeAll(async () => {
  storage = await startStorage();
  const { connectionString } = storage;
  const store = openBlobs({ kind: 'connectionString', connectionString, insecure: true });
  raw = store.raw('staging');
  drops = store.large('drops');
  blobs = stagingBlobsIn(raw);
});
afterAll(async () => {
  await storage.stop();
});

const read = async (name: string) => {
  const chunks = await blobs.open(name);
  return chunks === undefined ? undefined : Buffer.concat(await Array.fromAsync(chunks));
};
const id = (text: string) => Buffer.from(text).toString('base64');

test('a blob is made of the blocks that are named, in their order, and of no other', async () => {
  const large = randomBytes(9_000_001);
  await blobs.stage('a', id('1'), Buffer.from('first '));
  await blobs.stage('a', id('3'), large);
  await blobs.stage('a', id('2'), Buffer.from('not this '));
  await blobs.stage('a', id('2'), Buffer.from('second '));
  await blobs.stage('a', id('4'), Buffer.from('never'));
  expect(await read('a')).toBeUndefined();
  await blobs.commit('a', ['1', '2', '3'].map(id));
  expect((await read('a'))?.equals(Buffer.concat([Buffer.from('first second '), large]))).toBe(true);
});

test('what was put together once is put together again, though a late block came in between', async () => {
  await blobs.stage('b', id('1'), Buffer.from('one'));
  await blobs.commit('b', [id('1')]);
  await blobs.stage('b', id('2'), Buffer.from('late'));
  await blobs.commit('b', [id('1')]);
  expect(String(await read('b'))).toBe('one');
});

test('no blocks are an empty blob; blocks that are gone are a conflict; removing twice is none', async () => {
  await blobs.commit('c', []);
  expect((await read('c'))?.length).toBe(0);
  await blobs.remove('c');
  await blobs.remove('c');
  expect(await read('c')).toBeUndefined();
  await expect(blobs.commit('c', [id('1')])).rejects.toMatchObject({ code: 'CONFLICT', disposition: 'retry' });
  await blobs.stage('d', id('1'), Buffer.from('only put aside'));
  await blobs.remove('d');
});

test('all blobs of a dealer are removed at once, and none of another one', async () => {
  const names = [...Array.from({ length: 12 }, (_, n) => `polls/acme/dms/${n}`), 'polls/acme-2/dms/1', 'polls/acm'];
  for (const name of names) await blobs.commit(name, []);
  await blobs.stage('polls/acme/late', id('1'), Buffer.from('never put together'));
  await raw.removeUnder('polls/acme/');
  await raw.removeUnder('polls/nobody/');
  const left = await Promise.all(names.map(async (name) => ((await raw.sizeOf(name)) === undefined ? [] : [name])));
  expect(left.flat()).toEqual(['polls/acme-2/dms/1', 'polls/acm']);
});

test('files that were dropped are removed with the snapshots that were made of them', async () => {
  async function* content() {
    yield Buffer.from('part_number');
  }
  for (const name of ['acme/a.csv', 'acme/deep/b.csv', 'acme-2/c.csv']) {
    await drops.replace(name, content(), {});
    const etag = (await drops.find(name))?.etag ?? '';
    expect(await drops.freeze(name, etag)).toBeDefined();
  }
  await drops.removeUnder('acme/');
  await drops.removeUnder('acme/');
  expect((await Array.fromAsync(drops.list())).map(({ name }) => name)).toEqual(['acme-2/c.csv']);
});

test.each([
  ['nothing', []],
  ['chunks within a block', [1, 2, 3]],
  ['a block to the byte', [1_000_000, 4 * 1024 * 1024 - 1_000_000]],
  ['many blocks, of chunks of any size', [9_000_000, 1, 0, 4_194_304, 7_000_000, 65_536]],
])('a drop holds what it was written of, in its order: %s', async (_, sizes) => {
  const chunks = sizes.map((size) => randomBytes(size));
  async function* content() {
    yield* chunks;
  }
  await drops.replace('acme-2/whole.csv', content(), { mark: 'm' });
  const written = await drops.find('acme-2/whole.csv');
  expect(written?.metadata).toEqual({ mark: 'm' });
  const snapshot = await drops.freeze('acme-2/whole.csv', written?.etag ?? '');
  const read = Buffer.concat(await Array.fromAsync(drops.stream('acme-2/whole.csv', snapshot ?? '')));
  expect(read.equals(Buffer.concat(chunks))).toBe(true);
});

test('what is uploaded is closed where the storage refuses it: a file of a share stays open no longer than that', async () => {
  const { connectionString } = storage;
  const wrongKey = connectionString.replace(/AccountKey=[^;]*/, `AccountKey=${Buffer.alloc(32).toString('base64')}`);
  const refused = openBlobs({ kind: 'connectionString', connectionString: wrongKey, insecure: true }).large('drops');
  let isOpen = false;
  async function* content() {
    try {
      isOpen = true;
      for (let piece = 0; piece < 100; piece++) yield Buffer.alloc(1024 * 1024);
    } finally {
      isOpen = false;
    }
  }
  await expect(refused.replace('acme/a.csv', content(), {})).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
  await until('it is closed', async () => !isOpen);
});
