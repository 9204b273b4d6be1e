import type { RandomAccess } from '../../formats/randomAccess.ts';

/** A blob of the container `drops`. */
export interface DropBlob {
  /** `{dealerId}/…/{file}`. */
  readonly path: string;
  /** In quotes. */
  readonly etag: string;
  readonly bytes: number;
  /** When it came into the container. */
  readonly arrivedAt: Date;
  /** When the file was last changed where it came from, as far as we know; else `arrivedAt`. */
  readonly modifiedAt: Date;
  /** Of blobs that were copied from a share: which state of which file it is. */
  readonly mark: string | undefined;
  /** Of manifests that were copied from a share: the `mark` of the file that it speaks of. */
  readonly belongsTo: string | undefined;
}

/** An arrival as it was when work on it began, whatever is uploaded over it meanwhile. */
export interface DropSnapshot extends RandomAccess {
  /** From the start; each call begins anew. */
  stream(): AsyncIterable<Uint8Array>;
}

/** The container `drops`. Errors are `NETWORK_ERROR` (retry). */
export interface DropStore {
  /** As it is now; undefined where there is none. */
  find(path: string): Promise<DropBlob | undefined>;
  /** Every blob whose path begins so, ordered by path. */
  list(prefix?: string): AsyncIterable<DropBlob>;
  /** Freezes what has that ETag; undefined where it was replaced or removed meanwhile. Answers the snapshot's name. */
  freeze(path: string, etag: string): Promise<string | undefined>;
  open(path: string, snapshot: string, bytes: number): DropSnapshot;
  /** A small blob, whole; undefined where that state of it is gone. */
  read(path: string, etag: string): Promise<Uint8Array | undefined>;
  /** Writes or replaces a blob in one step: nobody sees half of it. */
  write(path: string, content: AsyncIterable<Uint8Array>, facts: DropFacts): Promise<void>;
}

/** What a copy remembers of the file that it was made of. */
export interface DropFacts {
  readonly modifiedAt: Date;
  readonly mark: string;
  readonly belongsTo?: string;
}
