import type { ByteSink, ByteSource } from './bytes.ts';

/** How a source's snapshots are compared. */
export interface SnapshotOptions {
  /** Names of the columns that make the key, in the order in which it is written. */
  readonly key: readonly string[];
  /** Those of them that a file may lack, because they have a default. Where one comes or goes, the baseline is void. */
  readonly optionalKey?: readonly string[];
  /** One ASCII character. Default: what the header shows. */
  readonly delimiter?: string;
  /** One ASCII character. Default `"`. */
  readonly quote?: string;
  /** How the file was encoded before it became UTF-8: a baseline of another encoding is void. */
  readonly encoding: string;
  /** Version of the mapping and the schema: a baseline of another one is void. */
  readonly mapping: string;
  /** 16 hex digits, secret and the source's own: who controls the data must not be able to aim at a collision. */
  readonly seed: string;
  /** Share of the baseline's keys above which removals are held. */
  readonly maxDeleteRatio: number;
  /** Longest row in bytes. Default 8 Mi: more than a record can have. */
  readonly maxRowBytes?: number;
  /** Input that is looked at at once. Default 256 Ki. */
  readonly chunkBytes?: number;
  /** Rows that a first snapshot is expected to have, where that can be told: spares memory. */
  readonly expectedRows?: number;
}

/** What the last snapshot left: an index (indexHeader.ts says what is in it), and the text of its keys. */
export interface Baseline {
  readonly index: ByteSource;
  readonly keys: ByteSource;
}

/** Where the next baseline is written. It is of use only once the diff has returned and what it gave is accepted. */
export interface NextBaseline {
  readonly index: ByteSink;
  readonly keys: ByteSink;
}

export interface SnapshotRow {
  /** The line, counted from 1, in which the row begins. */
  readonly row: number;
  readonly values: Record<string, unknown>;
}

/** A row that can't be read, as formats/format.ts has them. */
export interface BrokenRow {
  readonly row: number;
  readonly error: string;
  readonly raw: string;
}

export interface MappedRow<T> {
  /** The `content_hash` of its data, in hex. Absent: a row that is written in another way is a change. */
  readonly contentHash?: string;
  /** Whatever the caller wants back if the row has changed. */
  readonly change: T;
}

export interface SnapshotChange<T> {
  /** `competing`: the key occurs more than once with rows that differ; versions decide which one stands. */
  readonly kind: 'insert' | 'update' | 'competing';
  readonly change: T;
}

/** What the diff finds, given away as it goes: nothing is kept. Each promise is awaited before the diff goes on. */
export interface SnapshotHandler<T> {
  /**
   * Maps a row that may have changed. Undefined: it is refused (and the handler has noted why); `unreadable key`: so
   * much so that it can't be told which record it is about, and no removal can be trusted.
   */
  map(row: SnapshotRow): MappedRow<T> | undefined | 'unreadable key';
  /** In the order of the file. */
  changed(changes: readonly SnapshotChange<T>[]): undefined | Promise<void>;
  broken(rows: readonly BrokenRow[]): undefined | Promise<void>;
  /** Keys that the baseline has and the snapshot hasn't. `held`: they stay in the next baseline. */
  removed(keys: readonly (readonly string[])[], held: boolean): undefined | Promise<void>;
  /** Called from time to time. */
  progress?(progress: SnapshotProgress): void;
}

export interface SnapshotProgress {
  /** Bytes of the file. */
  readonly bytes: number;
  readonly rows: number;
}

/**
 * Why removals are held, whatever else: the file has no rows; the key of a row can't be told; a quote is never closed,
 * and may have hidden rows; there are more removals than `maxDeleteRatio` allows.
 */
export type SuspectReason = 'empty' | 'unreadable_key' | 'unclosed_quote' | 'too_many_deletes';

export interface SnapshotResult {
  /** `read = rejected + repeated + unchanged + inserted + updated + competing`. */
  readonly read: number;
  /** Broken, or refused by the handler. */
  readonly rejected: number;
  /** Exact repeats of a row of the same file. */
  readonly repeated: number;
  /** The same bytes, the same values, or the same content. */
  readonly unchanged: number;
  readonly inserted: number;
  readonly updated: number;
  readonly competing: number;
  readonly removed: number;
  readonly isHeld: boolean;
  readonly suspect: readonly SuspectReason[];
  /** `void`, with the reason: every row was an insert, and removals can't be told. */
  readonly baseline: 'none' | 'used' | { readonly void: string };
  /** Removals whose keys the baseline's side file doesn't have: it is damaged, and the store must be asked. */
  readonly lostRemovals: number;
  /** The columns of the key that the file has: `removed` gives their values. */
  readonly key: readonly string[];
  /** Columns of the file, and of the baseline where one was used. */
  readonly columns: readonly string[];
  readonly previousColumns: readonly string[] | undefined;
}
