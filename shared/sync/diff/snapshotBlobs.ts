import type { ByteSink } from '../../snapshot/bytes.ts';

/** A blob that is being written; nobody sees it before `close`, and never where that isn't called. */
export interface BlobWriter extends ByteSink {
  close(): Promise<void>;
}

/** The container `snapshots`. Errors are `NETWORK_ERROR` (retry). */
export interface SnapshotBlobs {
  /** Undefined where there is none. */
  open(name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  create(name: string): BlobWriter;
  /** Removing what isn't there is no error. */
  remove(name: string): Promise<void>;
}
