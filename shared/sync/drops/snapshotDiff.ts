import type { EntityName } from '../../model/entities.ts';

/**
 * The body of a message of the queue `snapshot-diffs`: a full snapshot has arrived and is to be compared with the last
 * one. Its run is open already; whoever takes the message seals it or ends it.
 */
export interface SnapshotDiff {
  readonly run_id: string;
  readonly dealer_id: string;
  readonly entity: EntityName;
  /** Null where no source covers the entity: rows are canonical. */
  readonly source_id: string | null;
  readonly drop: {
    /** In the container `drops`. */
    readonly path: string;
    /** Of the arrival, in quotes: if the blob has another one by now, the file was replaced. */
    readonly etag: string;
    /** The blob snapshot to read. */
    readonly snapshot: string;
    readonly bytes: number;
    /** The file's name without its folders. */
    readonly name: string;
  };
  /** When the dump was made, as far as we know; an `Instant` that never goes back for this source and entity. */
  readonly captured: string;
  /** What a manifest says; its hash, zone and schema version were checked. Absent where there is no manifest. */
  readonly manifest?: {
    /** Must be the number of rows that are read, else the file is refused. */
    readonly rows?: number;
    /** Of text, where the source leaves it to the file. */
    readonly encoding?: string;
  };
}
