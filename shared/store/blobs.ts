import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { type BlobClient, BlobServiceClient, type ContainerClient, RestError } from '@azure/storage-blob';
import { identity } from '../credentials/identity.ts';
import { AdpError } from '../errors.ts';
import type { StorageAccount } from '../settings.ts';
import { whileHeard } from './whileHeard.ts';

/** Blobs of one container. Errors are `NETWORK_ERROR` (retry) after the SDK's own retries. */
export interface Blobs {
  /** Writes a blob unless one of this name exists: for names that are made of the content, or used once. */
  create(name: string, content: Buffer): Promise<void>;
  /** `undefined` where there is none. */
  read(name: string): Promise<Buffer | undefined>;
}

/** What a container says of one of its blobs. */
export interface BlobFacts {
  readonly name: string;
  /** In quotes, as in HTTP. */
  readonly etag: string;
  readonly bytes: number;
  readonly lastModified: Date;
  /** Names are lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A container whose blobs are replaced and too large to be held. Errors as those of `Blobs`. */
export interface BlobContainer {
  /** Undefined where there is none. */
  find(name: string): Promise<BlobFacts | undefined>;
  /** All whose names begin so, in the order of names. */
  list(prefix?: string): AsyncIterable<BlobFacts>;
  /** Makes a blob snapshot, and answers its name; undefined where that state of the blob is gone. */
  freeze(name: string, etag: string): Promise<string | undefined>;
  /** A snapshot's bytes from the start. A connection that breaks is taken up where it broke; one that hangs is an error. */
  stream(name: string, snapshot: string): AsyncGenerator<Uint8Array>;
  /** `length` bytes of a snapshot. */
  range(name: string, snapshot: string, offset: number, length: number): Promise<Uint8Array>;
  /** A small blob, whole; undefined where that state of it is gone. */
  readState(name: string, etag: string): Promise<Uint8Array | undefined>;
  /** Writes or replaces a blob in one step. An upload that hangs is an error. */
  replace(name: string, content: AsyncIterable<Uint8Array>, metadata: Readonly<Record<string, string>>): Promise<void>;
  /** Removes all whose names begin so, with their snapshots. */
  removeUnder(prefix: string): Promise<void>;
}

/** Blobs of a container, written block by block. Errors as those of `Blobs`. */
export interface RawBlobs {
  /** In bytes; undefined where there is none. */
  sizeOf(name: string): Promise<number | undefined>;
  readPiece(name: string, offset: number, length: number): Promise<Uint8Array>;
  /** Puts a block aside; nobody sees it before `commit`. Of one blob, ids are of one length, in base64. */
  stage(name: string, blockId: string, content: Buffer): Promise<void>;
  /**
   * Makes the blob of these blocks, in this order; twice is harmless.
   * @throws AdpError `CONFLICT` (retry) where one of them is gone: the service keeps what isn't put together for a week
   */
  commit(name: string, blockIds: readonly string[]): Promise<void>;
  /** Removing what isn't there is no error. */
  remove(name: string): Promise<void>;
  /** Removes all whose names begin so. Blocks that were never put together stay for the week that the service keeps them. */
  removeUnder(prefix: string): Promise<void>;
}

export interface BlobStore {
  container(name: 'claims' | 'quarantine'): Blobs;
  large(name: 'drops'): BlobContainer;
  raw(name: 'snapshots' | 'staging' | 'quarantine'): RawBlobs;
  probe(): Promise<void>;
}

/** The SDK itself waits for a service that hangs as long as that takes. Enough for the largest blob that we hold. */
const answerWithinMs = 30_000;

export function openBlobs(account: StorageAccount): BlobStore {
  const retryOptions = { maxTries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 2_000 };
  const client =
    account.kind === 'connectionString'
      ? BlobServiceClient.fromConnectionString(account.connectionString, { retryOptions })
      : new BlobServiceClient(account.blobServiceUri, identity(account), { retryOptions });
  return {
    container: (name) => {
      const container = client.getContainerClient(name);
      return {
        async create(blob, content) {
          const upload = container
            .getBlockBlobClient(blob)
            .upload(content, content.byteLength, { conditions: { ifNoneMatch: '*' }, ...inTime() });
          await attempt(upload, [409, 412]);
        },
        read: (blob) => attempt(container.getBlobClient(blob).downloadToBuffer(undefined, undefined, inTime()), [404]),
      };
    },
    large: (name) => largeBlobs(client.getContainerClient(name)),
    raw: (name) => rawBlobs(client.getContainerClient(name)),
    async probe() {
      await attempt(client.getContainerClient('claims').getProperties(inTime()), []);
    },
  };
}

function inTime(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(answerWithinMs) };
}

/** Blocks that are uploaded, and how many of them are under way: what bounds memory. */
const blockBytes = 4 * 1024 * 1024;
const blocksAtOnce = 3;

function largeBlobs(container: ContainerClient): BlobContainer {
  const at = (name: string, snapshot: string): BlobClient => container.getBlobClient(name).withSnapshot(snapshot);
  return {
    async find(name) {
      const found = await attempt(container.getBlobClient(name).getProperties(inTime()), [404]);
      if (found === undefined) return undefined;
      const { etag = '', contentLength = 0, lastModified = new Date(0), metadata = {} } = found;
      return { name, etag: quoted(etag), bytes: contentLength, lastModified, metadata: lowerCased(metadata) };
    },
    async *list(prefix = '') {
      const open = async (abortSignal: AbortSignal) =>
        container.listBlobsFlat({ prefix, includeMetadata: true, abortSignal }).byPage({ maxPageSize: 1_000 });
      const pages = whileHeard(open, answerWithinMs);
      for (;;) {
        const { value, done } = await attempt(pages.next(), [404]).then(
          (page) => page ?? { value: undefined, done: true },
        );
        if (done === true || value === undefined) return;
        for (const { name, properties, metadata = {} } of value.segment.blobItems) {
          const { etag, contentLength = 0, lastModified } = properties;
          yield { name, etag: quoted(etag), bytes: contentLength, lastModified, metadata: lowerCased(metadata) };
        }
      }
    },
    async freeze(name, etag) {
      const made = container.getBlobClient(name).createSnapshot({ conditions: { ifMatch: etag }, ...inTime() });
      return (await attempt(made, [404, 412]))?.snapshot;
    },
    async *stream(name, snapshot) {
      const open = async (abortSignal: AbortSignal) => {
        const found = await at(name, snapshot).download(0, undefined, { maxRetryRequests: 5, abortSignal });
        return found.readableStreamBody ?? Readable.from([]);
      };
      try {
        for await (const chunk of whileHeard<string | Buffer>(open, answerWithinMs)) {
          yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        }
      } catch (error) {
        throw unreachable(error);
      }
    },
    async range(name, snapshot, offset, length) {
      if (length === 0) return new Uint8Array(0);
      const bytes = await attempt(at(name, snapshot).downloadToBuffer(offset, length, inTime()), []);
      return bytes ?? new Uint8Array(0);
    },
    async readState(name, etag) {
      const options = { conditions: { ifMatch: etag }, ...inTime() };
      const reading = container.getBlobClient(name).downloadToBuffer(0, undefined, options);
      return await attempt(reading, [404, 412]);
    },
    async replace(name, content, metadata) {
      const blob = container.getBlockBlobClient(name);
      const upload = randomUUID();
      const ids: string[] = [];
      const underWay = new Set<Promise<unknown>>();
      // Not by the SDK's `uploadStream`: that can't be aborted, and waits for a service that hangs without end.
      for await (const block of blocksOf(content)) {
        const id = Buffer.from(`${upload}${String(ids.length).padStart(6, '0')}`).toString('base64');
        ids.push(id);
        const staged = attempt(blob.stageBlock(id, block, block.byteLength, inTime()), []);
        underWay.add(staged);
        // One that failed stays, and is found by who waits next.
        staged.then(() => underWay.delete(staged)).catch(() => undefined);
        if (underWay.size === blocksAtOnce) await Promise.race(underWay);
      }
      await Promise.all(underWay);
      await attempt(blob.commitBlockList(ids, { metadata, ...inTime() }), []);
    },
    removeUnder: (prefix) => removeUnder(container, prefix),
  };
}

function rawBlobs(container: ContainerClient): RawBlobs {
  return {
    async sizeOf(name) {
      return (await attempt(container.getBlobClient(name).getProperties(inTime()), [404]))?.contentLength;
    },
    async readPiece(name, offset, length) {
      const bytes = await attempt(container.getBlobClient(name).downloadToBuffer(offset, length, inTime()), [404]);
      if (bytes === undefined) throw new AdpError('NETWORK_ERROR', `The blob ${name} was removed while it was read.`);
      return bytes;
    },
    async stage(name, blockId, content) {
      const blob = container.getBlockBlobClient(name);
      await attempt(blob.stageBlock(blockId, content, content.byteLength, inTime()), []);
    },
    async commit(name, blockIds) {
      const made = await attempt(container.getBlockBlobClient(name).commitBlockList([...blockIds], inTime()), [400]);
      if (made === undefined) throw new AdpError('CONFLICT', `Some of what the blob ${name} is made of is gone.`);
    },
    async remove(name) {
      await attempt(container.getBlobClient(name).delete(inTime()), [404]);
    },
    removeUnder: (prefix) => removeUnder(container, prefix),
  };
}

async function removeUnder(container: ContainerClient, prefix: string): Promise<void> {
  const names = whileHeard(async (abortSignal) => container.listBlobsFlat({ prefix, abortSignal }), answerWithinMs);
  for (;;) {
    const next = await attempt(names.next(), []);
    if (next === undefined || next.done === true) return;
    const { name } = next.value;
    // A blob that has snapshots is not deleted without them.
    await attempt(container.getBlobClient(name).delete({ deleteSnapshots: 'include', ...inTime() }), [404]);
  }
}

/** The same bytes in pieces of `blockBytes`, and the rest. */
async function* blocksOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    for (let from = 0; from < chunk.byteLength; ) {
      const piece = chunk.subarray(from, from + blockBytes - bytes);
      chunks.push(piece);
      from += piece.byteLength;
      bytes += piece.byteLength;
      if (bytes < blockBytes) continue;
      yield Buffer.concat(chunks);
      chunks = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(chunks);
}

/** A list of blobs leaves the quotes out. */
function quoted(etag: string): string {
  return `"${etag.replaceAll('"', '')}"`;
}

function lowerCased(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Waits for a call; a status among `expected` answers `undefined`. */
async function attempt<T>(call: Promise<T>, expected: readonly number[]): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RestError && error.statusCode !== undefined && expected.includes(error.statusCode)) {
      return undefined;
    }
    throw unreachable(error);
  }
}

function unreachable(error: unknown): AdpError {
  return error instanceof AdpError
    ? error
    : new AdpError('NETWORK_ERROR', 'Blob storage does not answer.', { cause: error });
}
